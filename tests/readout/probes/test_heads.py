"""Heads matched by what they look at, and their ablation."""

from __future__ import annotations

import pytest
import torch

from harness.intervene.ablate import WAYS
from harness.readout.probes.ablation import head_ablation
from harness.readout.probes.heads import head_match, matched
from tests.readout.probes.benches import TASK, bench, permuted, table, without_head
from tests.toy import OPENERS, SEP, tiny

ORDER = [2, 0, 3, 1]
ASKED = (2, "step_onset", "step_onset", "regulated", "regulation", "standard")


def test_a_head_is_found_in_a_model_whose_heads_are_in_another_order() -> None:
    """The match has cosine one and another index; no other head comes as near."""
    trained = tiny(1)
    lab = bench(trained, permuted(trained, 2, ORDER))
    found = table(list(head_match(lab, *ASKED)))
    chosen, match = matched(lab, *ASKED)
    assert ORDER[match] == chosen
    assert match != chosen
    assert found["regulation", "matched", "cosine"] == pytest.approx(1.0)
    assert found["regulation", "matched", "same_index"] == 0.0
    assert found["regulation", "matched", "margin"] > 0.01


def test_the_chosen_head_is_the_one_that_looks_back_most() -> None:
    """Attention to earlier positions of the class, by hand; the position itself does not count."""
    lab = bench(tiny(1), tiny(2))
    found = table(list(head_match(lab, *ASKED)))
    texts = lab.final["regulated"]
    seen = lab.models["regulation"].patterns(texts.tokens, 2)
    sep = (texts.tokens == SEP) & (torch.arange(texts.tokens.shape[1]) < texts.lengths[:, None])
    earlier = sep[:, None, :] & torch.ones(seen.shape[-2:], dtype=torch.bool).tril(-1)
    by_hand = (seen * earlier[:, None]).sum(-1).transpose(1, 2)[sep].double().mean(0)
    for head in range(4):
        value = found["regulation", f"h{head}", "attention"]
        assert value == pytest.approx(float(by_hand[head]), rel=1e-5)
    # on the select split, which is another draw of the same toy texts, the same head leads
    assert found["regulation", "matched", "attention"] == pytest.approx(float(by_hand.max()))


def test_zeroing_a_head_of_the_last_layer_is_a_model_without_it() -> None:
    """In the last layer nothing attends to what was ablated, so that both have the same mass."""
    trained = tiny(1)
    lab = bench(trained, tiny(2))
    asked = (3, *ASKED[1:])
    found = table(list(head_ablation(lab, *asked)))
    texts, mask = lab.final["regulated"], None
    mask = TASK.positions("step_onset", texts.tokens)

    def mass(model: object) -> float:
        p = model.logits(texts.tokens).softmax(-1)[..., list(OPENERS)].sum(-1)  # type: ignore[attr-defined]
        return float(torch.stack([row[m].mean() for row, m in zip(p, mask, strict=True)]).mean())

    clean = mass(lab.models["regulation"])
    assert found["regulation", "clean", "mass"] == pytest.approx(clean, rel=1e-5)
    for head in range(4):
        without = mass(bench(without_head(trained, 3, head), trained).models["regulation"])
        effect = found["regulation", f"zero.h{head}", "effect"]
        assert effect == pytest.approx(clean - without, abs=1e-6)
        assert abs(effect) > 1e-5
    chosen, _ = matched(lab, *asked)
    for way in WAYS:
        one = found["regulation", f"{way}.h{chosen}", "effect"]
        assert found["regulation", way, "effect"] == one
    assert len({found["regulation", way, "effect"] for way in WAYS}) == 3
