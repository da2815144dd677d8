"""Interchange between models: what is known of it whatever the models are."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from harness.errors import ClaimsError
from harness.intervene.ablate import part_mask
from harness.intervene.interchange import Alongside, Interchange
from harness.readout.generate import GenerateOptions, generate
from harness.readout.score import ScoreOptions, score
from harness.subject.bridge import BridgeModel
from harness.subject.native import NativeModel
from tests.hf import bridge
from tests.toy import Toy, tiny

OPTIONS = GenerateOptions(new_tokens=16, seed=1)
COLUMNS = ("onset_mass", "elsewhere_mass", "ordinary_loss", "kl")


class Everywhere(Toy):
    """The toy task with a class that every position belongs to."""

    def positions(self, name: str, tokens: torch.Tensor) -> torch.Tensor:
        if name == "everywhere":
            return torch.ones_like(tokens, dtype=torch.bool)
        return super().positions(name, tokens)


TASK = Everywhere()
PROMPTS, TEXTS = TASK.prompts("fit", 6, 2), TASK.texts("fit", 12, 4, "regulated")


def decoders() -> tuple[torch.nn.Module, torch.nn.Module]:
    """Two with the same embedding (which is the unembedding) and last norm, and other blocks."""
    host, donor = tiny(3), tiny(4)
    with torch.no_grad():
        donor.embed.copy_(host.embed)
        donor.norm_final.copy_(host.norm_final)
    return host, donor


HOST, DONOR = decoders()


def swap(
    host: NativeModel | BridgeModel, donor: NativeModel | BridgeModel, hook: str,
    positions: str = "everywhere", heads: tuple[int, ...] = (),
) -> Interchange:  # fmt: skip
    mask = part_mask(32, heads, 4, "head", hook).expand(3, -1)
    shares = torch.tensor([0.0, 0.5, 1.0])
    return Interchange(hook, positions, shares, mask, Alongside(host, donor, hook))


def last(model: NativeModel) -> str:
    return f"blocks.{model.n_layers - 1}.hook_resid_post"


def test_the_whole_residual_after_the_last_block_makes_the_model_the_other() -> None:
    """With one unembedding: in every readout of texts and in every sampled token."""
    host, donor = NativeModel(HOST), NativeModel(DONOR)
    edit = swap(host, donor, last(host))
    made = generate(edit.beside, TASK, PROMPTS, edit, OPTIONS).tokens
    assert torch.equal(made[2], generate(donor, TASK, PROMPTS, None, OPTIONS).tokens[0])
    assert torch.equal(made[0], generate(host, TASK, PROMPTS, None, OPTIONS).tokens[0])
    assert not torch.equal(made[0], made[2])
    scored, goal = (
        score(edit.beside, TASK, TEXTS, edit, ScoreOptions()),
        score(donor, TASK, TEXTS, None, ScoreOptions()),
    )
    for column in COLUMNS[:3]:
        ours = getattr(scored, column)
        assert np.allclose(ours[2], getattr(goal, column)[0], atol=1e-5, equal_nan=True)
        assert not np.allclose(ours[0], ours[2], atol=1e-3, equal_nan=True)


@pytest.mark.parametrize("hook", ["blocks.1.hook_resid_mid", "blocks.1.attn.hook_z"])
def test_an_interchange_with_itself_changes_nothing(hook: str) -> None:
    """At any share; the positions are edited all the same."""
    host = NativeModel(HOST)
    edit = swap(host, host, hook)
    made = generate(edit.beside, TASK, PROMPTS, edit, OPTIONS)
    assert torch.equal(made.tokens[0], made.tokens[2])
    assert made.evidence.fired.min() > 3
    scored = score(edit.beside, TASK, TEXTS, edit, ScoreOptions())
    for column in COLUMNS:
        ours = getattr(scored, column)
        assert np.allclose(ours[2], ours[0], atol=1e-5, equal_nan=True)


@pytest.mark.parametrize(
    ("hook", "positions", "heads"),
    [("blocks.1.hook_resid_post", "everywhere", ()), ("blocks.1.hook_mlp_out", "step_body", ()),
     ("blocks.1.attn.hook_z", "step_body", (0, 2))],
)  # fmt: skip
def test_both_backends_interchange_alike(hook: str, positions: str, heads: tuple[int, ...]) -> None:
    """Tokens, readouts and realised doses."""
    pairs = ((NativeModel(HOST), NativeModel(DONOR)),
             (bridge(copy.deepcopy(HOST)), bridge(copy.deepcopy(DONOR))))  # fmt: skip
    edits = [swap(*pair, hook, positions, heads) for pair in pairs]
    made = [generate(e.beside, TASK, PROMPTS, e, OPTIONS) for e in edits]
    assert torch.equal(made[0].tokens, made[1].tokens)
    assert not torch.equal(made[0].tokens[0], made[0].tokens[2])
    scored = [score(e.beside, TASK, TEXTS, e, ScoreOptions()) for e in edits]
    for column in COLUMNS:
        ours, theirs = (getattr(s, column) for s in scored)
        assert np.allclose(ours, theirs, atol=1e-4, equal_nan=True), column
    for column in ("fired", "dose_measured", "delta_max"):
        for of in (made, scored):
            ours, theirs = (getattr(m.evidence, column) for m in of)
            assert np.allclose(ours, theirs, atol=1e-4, equal_nan=True), column
    assert scored[0].kl[2].mean() > scored[0].kl[1].mean() > 0


def test_models_that_do_not_fit_are_refused() -> None:
    """Another width or vocabulary, stacking two pairs, editing without a position."""
    host, donor = NativeModel(HOST), NativeModel(DONOR)
    edit = swap(host, donor, last(host))
    with pytest.raises(ClaimsError, match="two models"):
        Interchange.stack([edit, swap(host, host, last(host))])
    with pytest.raises(ClaimsError, match="the position"):
        edit.apply(torch.zeros(1, 32), torch.zeros(1, dtype=torch.int64))
    donor.vocab += 1
    with pytest.raises(ClaimsError, match="one architecture"):
        Alongside(host, donor, last(host))
