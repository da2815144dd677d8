"""The logit lens of every layer, and the area under the curve."""

from __future__ import annotations

import pytest
import torch

from harness.errors import ClaimsError
from harness.readout.probes.lens import auc, logit_lens
from tests.readout.probes.benches import ROLES, TASK, bench, table
from tests.toy import OPENERS, tiny


def test_the_last_layer_is_what_the_model_says() -> None:
    """The lens after the last block gives the model's own probabilities at the positions."""
    lab = bench(tiny(1), tiny(2))
    found = table(list(logit_lens(lab, ROLES, "step_onset", "regulated", "step_body")))
    texts = lab.final["regulated"]
    for role in ROLES:
        p = lab.models[role].logits(texts.tokens).softmax(-1)[..., list(OPENERS)].sum(-1)
        mask = TASK.positions("step_onset", texts.tokens)
        assert found[role, "3", "mass"] == pytest.approx(float(p[mask].mean()), rel=1e-5)
    assert {item for _, item, _ in found} == {"embed", "0", "1", "2", "3"}
    assert found["regulation", "3", "mass"] != found["standard", "3", "mass"]


def test_before_the_first_block_a_position_knows_its_token_only() -> None:
    """One class of one token has one mass in the embedding, so that its AUC against itself is a
    half; later layers tell its positions apart."""
    lab = bench(tiny(1), tiny(2))
    found = table(list(logit_lens(lab, ROLES, "late_onset", "plain", "step_onset")))
    assert found["regulation", "embed", "auc"] == pytest.approx(0.5)
    assert found["regulation", "3", "auc"] != pytest.approx(0.5)


def test_the_auc_is_the_chance_of_the_larger() -> None:
    """Known cases: apart, the other way round, all alike, and one by counting pairs."""
    low, high = torch.tensor([0.0, 1.0]), torch.tensor([2.0, 3.0, 4.0])
    assert auc(high, low) == 1.0
    assert auc(low, high) == 0.0
    assert auc(low, low) == 0.5
    assert auc(torch.tensor([1.0, 3.0]), torch.tensor([0.0, 3.0])) == (1 + 0 + 1 + 0.5) / 4


def test_a_text_variant_that_the_task_lacks_is_an_error() -> None:
    """The error names those that it has."""
    with pytest.raises(ClaimsError, match="plain, regulated"):
        list(logit_lens(bench(tiny(1), tiny(2)), ROLES, "step_onset", "french"))
