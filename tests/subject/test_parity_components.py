"""Ablations of components mean the same in both backends."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from harness.intervene.ablate import WAYS, Ablation, ablation, part_mask
from harness.intervene.gather import gather
from harness.readout.generate import GenerateOptions, generate
from harness.readout.score import ScoreOptions, score
from harness.subject.bridge import BridgeModel
from harness.subject.native import NativeModel
from tests.hf import bridge
from tests.toy import Toy, tiny

TASK = Toy()
LIMIT = 1e-4


@pytest.fixture(scope="module")
def pair() -> tuple[NativeModel, BridgeModel]:
    decoder = tiny(3)
    return NativeModel(decoder), bridge(decoder)


@pytest.mark.parametrize(
    ("hook", "parts"),
    [
        ("blocks.1.attn.hook_z", (1, 3)),
        ("blocks.1.hook_mlp_out", ()),
        ("blocks.1.mlp.hook_post", tuple(range(0, 48, 2))),
        ("blocks.2.mlp.hook_post", ()),
    ],
)
def test_every_way_generates_and_scores_the_same(
    pair: tuple[NativeModel, BridgeModel], hook: str, parts: tuple[int, ...]
) -> None:
    """Tokens, readouts and realised doses, of heads and of a whole site."""
    native, _ = pair
    fit = {"plain": TASK.texts("fit", 8, 1, "plain")}
    bank = 4 * gather(native, TASK, fit, hook, "step_body").x
    count = native.n_heads if hook.endswith("hook_z") else bank.shape[1]
    mask = part_mask(bank.shape[1], parts, count, "part", hook)
    shares = torch.tensor([0.0, 1.0])
    edits = [ablation(way, hook, "step_body", mask, shares, bank, 7) for way in WAYS]
    edit = Ablation.stack(edits)
    prompts, options = TASK.prompts("fit", 6, 2), GenerateOptions(new_tokens=16, seed=1)
    made = [generate(m, TASK, prompts, edit, options) for m in pair]
    assert torch.equal(made[0].tokens, made[1].tokens)
    texts = TASK.texts("fit", 12, 4, "regulated")
    scored = [score(m, TASK, texts, edit, ScoreOptions()) for m in pair]
    for one in ("onset_mass", "elsewhere_mass", "ordinary_loss", "kl"):
        ours, theirs = (getattr(s, one) for s in scored)
        assert np.allclose(ours, theirs, atol=LIMIT, equal_nan=True), one
    for one in ("fired", "dose_measured", "delta_max"):
        for of in (made, scored):
            ours, theirs = (getattr(m.evidence, one) for m in of)
            assert np.allclose(ours, theirs, atol=LIMIT, equal_nan=True), one
    losses = np.nanmean(scored[0].ordinary_loss, axis=1)
    assert losses[0] == losses[2] == losses[4], "dose 0 is not the same thing in every way"
    assert len({round(float(v), 6) for v in losses}) == 4, "ways do the same"


def test_neurons_are_where_the_down_projection_reads(
    pair: tuple[NativeModel, BridgeModel],
) -> None:
    """The site's activation is the same in both backends, and written as what the MLP writes."""
    hook, tokens = "blocks.1.mlp.hook_post", TASK.texts("fit", 4, 1, "plain").tokens
    ours, theirs = (m.activations(tokens, hook) for m in pair)
    assert ours.shape == (*tokens.shape, pair[0].d_mlp)
    assert float((ours - theirs).abs().max()) < LIMIT
    written = pair[0].activations(tokens, "blocks.1.hook_mlp_out")
    assert torch.allclose(ours @ pair[0].output_matrix("mlp", 1).T, written, atol=1e-5)
    grads = [m.gradient(tokens, hook, lambda z: z[..., 3].sum()) for m in pair]
    assert float((grads[0] - grads[1]).abs().max()) < LIMIT
    assert float(grads[0].abs().max()) > 1e-3
    for model in pair:
        assert hook in model.sites()
