"""The two backends mean the same: the law that lets the fast one stand for the reference."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from harness.claim.terms import AFFINE
from harness.intervene.edit import Edit, operation
from harness.readout.dictionary import Dictionary
from harness.readout.feature_edit import FeatureEdit
from harness.readout.generate import GenerateOptions, generate
from harness.readout.score import ScoreOptions, score
from harness.subject.backend import Model, Watch
from harness.subject.bridge import BridgeModel
from harness.subject.native import NativeModel
from tests.hf import bridge, seeded
from tests.toy import SEP, Toy, tiny

TASK = Toy()
PARTS = (
    *("hook_resid_pre", "attn.hook_z", "hook_attn_out"),
    *("hook_resid_mid", "hook_mlp_out", "hook_resid_post"),
)
LIMIT = 1e-4


@pytest.fixture(scope="module")
def pair() -> tuple[NativeModel, BridgeModel]:
    decoder = tiny(3)
    return NativeModel(decoder), bridge(decoder)


def edit(name: str, hook: str, positions: str = "step_onset") -> Edit:
    units = seeded(1, 3, 32)
    return operation(
        name,
        hook,
        positions,
        units / units.norm(dim=-1, keepdim=True),
        torch.tensor([0.0, 0.5, 1.0]),
        4.0,
        seeded(2, 32),
    )


@pytest.mark.parametrize("part", PARTS)
def test_a_rewrite_at_any_site_gives_the_same_logits(
    pair: tuple[NativeModel, BridgeModel], part: str
) -> None:
    """A rewrite of any residual-width site moves both backends' logits alike, and moves them."""
    native, reference = pair
    tokens = TASK.texts("fit", 8, 1, "regulated").tokens
    delta = seeded(5, *tokens.shape, 32) * (tokens == SEP)[..., None]
    hook = f"blocks.1.{part}"
    ours = native.logits(tokens, Watch(hook, lambda x: x + delta))
    theirs = reference.logits(tokens, Watch(hook, lambda x: x + delta))
    assert float((ours - theirs).abs().max()) < LIMIT
    assert float((ours - native.logits(tokens)).abs().max()) > 0.1
    mine, other = (m.activations(tokens, hook) for m in pair)
    if part != "hook_resid_mid":  # the library's own name for it is another tensor when edited
        assert float((mine - other).abs().max()) < LIMIT


@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("name", AFFINE)
def test_every_operation_generates_the_same_tokens(
    pair: tuple[NativeModel, BridgeModel], name: str, temperature: float
) -> None:
    """Tokens and realised doses agree for every operation, in the prompt and decoding."""
    prompts = TASK.prompts("fit", 6, 2)
    options = GenerateOptions(new_tokens=16, seed=1, temperature=temperature)
    chosen = edit(name, "blocks.2.hook_resid_post", "step_body")
    made = [generate(m, TASK, prompts, chosen, options) for m in pair]
    assert torch.equal(made[0].tokens, made[1].tokens)
    assert np.array_equal(made[0].evidence.fired, made[1].evidence.fired)
    assert made[0].evidence.fired.max() > 5
    for one in ("dose_measured", "delta_max"):
        ours, theirs = (getattr(g.evidence, one) for g in made)
        assert np.allclose(ours, theirs, atol=LIMIT, equal_nan=True)
    assert not torch.equal(made[0].tokens[0], made[0].tokens[2])


@pytest.mark.parametrize("name", AFFINE)
def test_every_operation_scores_the_same(pair: tuple[NativeModel, BridgeModel], name: str) -> None:
    """Every teacher-forced readout and its evidence agree for every operation."""
    texts = TASK.texts("fit", 12, 4, "regulated")
    made = [
        score(m, TASK, texts, edit(name, "blocks.1.hook_resid_mid"), ScoreOptions()) for m in pair
    ]
    for one in ("onset_mass", "elsewhere_mass", "ordinary_loss", "kl"):
        ours, theirs = (getattr(s, one) for s in made)
        assert np.allclose(ours, theirs, atol=LIMIT, equal_nan=True), one
    assert made[0].kl[2].mean() > 1e-3
    for one in ("fired", "dose_measured", "delta_max"):
        ours, theirs = (getattr(s.evidence, one) for s in made)
        assert np.allclose(ours, theirs, atol=LIMIT), one


@pytest.mark.parametrize("positions", ["step_onset", "step_body"])
def test_what_heads_mix_is_edited_alike(
    pair: tuple[NativeModel, BridgeModel], positions: str
) -> None:
    """An edit of one head's output generates and scores the same in both backends."""
    hook, d = "blocks.1.attn.hook_z", 32
    zero = torch.zeros(2, d)
    chosen = Edit(
        hook,
        positions,
        torch.ones(2),
        torch.stack([zero[0], torch.cat([torch.zeros(8), 5 * torch.ones(8), torch.zeros(16)])]),
        zero,
        torch.zeros(2),
        torch.zeros(2),
        torch.tensor([False, True]),
    )
    options = GenerateOptions(new_tokens=16, seed=1)
    made = [generate(m, TASK, TASK.prompts("fit", 6, 2), chosen, options) for m in pair]
    assert torch.equal(made[0].tokens, made[1].tokens)
    assert not torch.equal(made[0].tokens[0], made[0].tokens[1])
    texts = TASK.texts("fit", 12, 4, "regulated")
    ours, theirs = (score(m, TASK, texts, chosen, ScoreOptions()).kl for m in pair)
    assert np.allclose(ours, theirs, atol=LIMIT, equal_nan=True)
    assert ours[1].mean() > 1e-3


@pytest.mark.parametrize("k", [None, 4])
def test_features_are_edited_alike(pair: tuple[NativeModel, BridgeModel], k: int | None) -> None:
    """Ablated, clamped and steered through a dictionary, rows generate and score the same in both
    backends, and otherwise than without the edit."""
    w = seeded(1, 24, 32)
    dictionary = Dictionary(w.T * 0.3, w, seeded(2, 24) * 0.1, seeded(3, 32) * 0.1, k)
    every = list(range(24))
    chosen = FeatureEdit.make(
        *("blocks.1.hook_resid_post", "step_body", dictionary, [every, every, [3, 7]]),
        [[1.0] * 24, [0.0] * 24, [0.0, 1.0]],  # nothing, ablated; one clamped, one steered
        [[0.0] * 24, [0.0] * 24, [8.0, 6.0]],
    )
    options = GenerateOptions(new_tokens=16, seed=1)
    made = [generate(m, TASK, TASK.prompts("fit", 6, 2), chosen, options) for m in pair]
    assert torch.equal(made[0].tokens, made[1].tokens)
    texts = TASK.texts("fit", 12, 4, "regulated")
    scored = [score(m, TASK, texts, chosen, ScoreOptions()) for m in pair]
    assert np.allclose(scored[0].kl, scored[1].kl, atol=LIMIT, equal_nan=True)
    assert np.allclose(scored[0].elsewhere_mass, scored[1].elsewhere_mass, atol=LIMIT)
    for condition in (1, 2):
        assert not torch.equal(made[0].tokens[0], made[0].tokens[condition])
        ours, theirs = (s.evidence.dose_measured[condition] for s in scored)
        assert np.allclose(ours, theirs, atol=LIMIT)
        assert ours.mean() > 0.1


def test_lens_and_patterns_agree(pair: tuple[NativeModel, BridgeModel]) -> None:
    """The lens and the attention patterns are the same; a row of a pattern sums to one and looks
    at nothing that follows."""
    tokens = TASK.texts("fit", 4, 1, "plain").tokens
    ours, theirs = (m.patterns(tokens, 1) for m in pair)
    assert ours.shape == (4, 4, tokens.shape[1], tokens.shape[1])
    assert float((ours - theirs).abs().max()) < LIMIT
    assert torch.allclose(ours.sum(-1), torch.ones(()), atol=1e-5)
    assert float(ours.triu(1).abs().max()) == 0
    x = pair[0].activations(tokens, "blocks.2.hook_resid_post")
    last = pair[0].activations(tokens, pair[0].sites()[-1])
    assert float((pair[0].lens(x) - pair[1].lens(x)).abs().max()) < LIMIT
    assert float((pair[0].lens(last) - pair[0].logits(tokens)).abs().max()) < LIMIT


def test_gradients_and_matrices_agree(pair: tuple[NativeModel, BridgeModel]) -> None:
    """The gradient at a site and the matrices that write the residual are the same."""
    tokens = TASK.texts("fit", 4, 1, "plain").tokens

    shift = 0.5 * seeded(3, *tokens.shape, pair[0].d_model)
    post, mixed = "blocks.1.hook_resid_post", "blocks.1.attn.hook_z"

    def take(model: Model, hook: str, moved: torch.Tensor | None) -> torch.Tensor:
        return model.gradient(tokens, hook, lambda z: z[..., 3].sum(), moved)

    for hook, moved in ((post, None), (post, shift), (mixed, None)):
        ours, theirs = (take(m, hook, moved) for m in pair)
        assert float((ours - theirs).abs().max()) < LIMIT
        assert float(ours.abs().max()) > 0.1
    assert not torch.allclose(take(pair[0], post, None), take(pair[0], post, shift), atol=0.01)
    for part in ("attn", "mlp"):
        assert torch.equal(*(m.output_matrix(part, 2) for m in pair))
