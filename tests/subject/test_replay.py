"""Replays of what lies above a site: attention, texts apart."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from harness.intervene.edit import operation
from harness.readout.score import ScoreOptions, Scores, score
from harness.subject import attention, layer, packed
from harness.subject.layer import Layer
from harness.subject.native import NativeModel
from harness.subject.reading import Hidden
from tests.hf import seeded
from tests.toy import SEP, Toy, tiny

TASK = Toy()
TEXTS = TASK.texts("fit", 8, 1, "regulated")
HOOK = "blocks.1.hook_resid_post"


@pytest.mark.parametrize("heads", [1, 4])
def test_long_texts_attend_as_short_ones_do(monkeypatch: pytest.MonkeyPatch, heads: int) -> None:
    """The fused kernel, which long texts use, gives the same readouts as the plain products."""
    model = NativeModel(tiny(1, n_heads=heads))
    units = seeded(1, 2, 32)
    chosen = operation("add", HOOK, "late_onset", units, torch.tensor([0.5, 1.0]), 1.0)
    short = score(model, TASK, TEXTS, chosen, ScoreOptions())
    monkeypatch.setattr(attention, "LONG", 4)
    long = score(model, TASK, TEXTS, chosen, ScoreOptions())
    for name in ("onset_mass", "elsewhere_mass", "ordinary_loss", "kl"):
        ours, theirs = (torch.from_numpy(getattr(s, name)) for s in (short, long))
        assert torch.allclose(ours, theirs, atol=1e-5, equal_nan=True)
    assert float(short.kl[1].mean()) > 1e-3


@pytest.mark.parametrize("heads", [1, 4])
@pytest.mark.parametrize("push", [60.0, -60.0])
def test_scores_beyond_what_powers_of_two_can_sum_go_through_the_softmax(
    heads: int, push: float
) -> None:
    """Rows whose largest score is far from nought, each judged by itself: they get the softmax's
    numbers, and the other rows' bits do not move."""
    rows, T, d = 3, 5, 8
    quick, exact = (
        attention.Attention(
            attention.pairs(torch.ones(T, d // heads), torch.zeros(T, d // heads)),
            heads, torch.arange(rows * T), (rows, T), 0, quick=one,
        )
        for one in (True, False)
    )  # fmt: skip
    qkv = seeded(3, rows * T, 3 * d)
    calm = quick(qkv, None).clone()
    assert torch.allclose(calm, exact(qkv, None), atol=1e-5)
    far = qkv.clone()
    far[:T, :d], far[:T, d : 2 * d] = abs(push) / 2, push / 2  # the first text's scores
    found = quick(far, None).clone()
    assert bool(found.isfinite().all())
    assert torch.allclose(found, exact(far, None), atol=1e-5)
    assert torch.equal(found[T:], calm[T:])


def test_a_replay_can_run_again_in_any_order() -> None:
    """A prepared replay keeps nothing of one run for the next, though it uses its buffers again."""
    model, tokens = NativeModel(tiny(1)), TEXTS.tokens
    at = torch.arange(tokens.numel())
    clean = model.clean(tokens, HOOK, 0, at)
    changed = (tokens == SEP).flatten().nonzero().squeeze(1)
    sites = []
    for seed in (1, 2):
        site = clean.site.clone()
        site.view(-1, 32)[changed] += seeded(seed, len(changed), 32)
        sites.append(site)
    replay = model.replay(clean, at, changed)
    first, second, again = (replay(sites[i]).logits(slice(None)) for i in (0, 1, 0))
    assert torch.equal(first, again)
    assert not torch.equal(first, second)
    whole = model.replay(clean, at)  # without knowing what changed
    assert torch.allclose(whole(sites[1]).logits(slice(None)), second, atol=1e-5)


def test_a_text_that_is_not_a_number_leaves_the_others_alone() -> None:
    """NaN in one text stays there: padding and packing mix no texts, down to the last bit."""
    model, tokens = NativeModel(tiny(1)), TEXTS.tokens
    rows, width = tokens.shape
    valid = torch.arange(width) < TEXTS.lengths[:, None]
    at = valid.flatten().nonzero().squeeze(1)
    clean = model.clean(tokens, HOOK, 0, at)
    replay = model.replay(clean, at)
    wanted = replay(clean.site).logits(slice(None))
    for row in range(rows):
        spoilt = clean.site.clone()
        spoilt[row] = torch.nan
        found = replay(spoilt).logits(slice(None))
        other = at // width != row
        assert torch.equal(found[other], wanted[other])
        assert bool(found[~other].isnan().all())


def test_a_replay_is_quick_and_a_clean_run_keeps_its_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Directions are fitted on clean runs: however a replay rounds, their bits stay."""
    model, tokens = NativeModel(tiny(2)), TEXTS.tokens
    at, deepest = torch.arange(tokens.numel()), "blocks.3.hook_resid_post"
    assert model.d_model // model.n_heads < attention.NARROW
    clean = model.clean(tokens, HOOK, 0, at)
    replayed = model.replay(clean, at)(clean.site).logits(slice(None))
    before = model.activations(tokens, deepest)
    monkeypatch.setattr(attention, "NARROW", 0)
    assert torch.equal(model.activations(tokens, deepest), before)
    monkeypatch.setattr(packed, "_small", lambda _: False)
    slow = NativeModel(model.decoder)
    assert torch.equal(slow.activations(tokens, deepest), before)
    exact = slow.replay(slow.clean(tokens, HOOK, 0, at), at)(clean.site).logits(slice(None))
    assert torch.allclose(exact, replayed, atol=1e-5)
    assert not torch.equal(exact, replayed), "nothing was quick"


def test_onsets_alone_are_unembedded_where_onsets_alone_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once in the clean run and once in every condition, and no other position."""
    rows: list[int] = []
    logits = Hidden.logits

    def counted(self: Hidden, part: slice, times: float = 1.0) -> torch.Tensor:
        found = logits(self, part, times)
        rows.append(len(found))
        return found

    monkeypatch.setattr(Hidden, "logits", counted)
    chosen = operation("add", HOOK, "step_onset", seeded(1, 2, 32), torch.tensor([0.5, 1.0]), 1.0)
    valid = torch.arange(TEXTS.tokens.shape[1]) < TEXTS.lengths[:, None]
    onsets = int((TASK.positions("step_onset", TEXTS.tokens) & valid).sum())
    score(NativeModel(tiny()), TASK, TEXTS, chosen, ScoreOptions(body=None))
    assert sum(rows) == 3 * onsets


@pytest.mark.parametrize(
    "part",
    [
        *("hook_resid_pre", "attn.hook_z", "hook_attn_out", "hook_resid_mid"),
        *("hook_mlp_out", "hook_resid_post"),
    ],
)
@pytest.mark.parametrize("double", [False, True], ids=["single", "double"])
def test_where_one_vector_is_added_it_is_projected_once(
    monkeypatch: pytest.MonkeyPatch, part: str, double: bool
) -> None:
    """To rounding the same, by fewer projections, where the matrix is large and the site the
    residual that the next attention reads; what is not the adding of a vector keeps its bits."""
    decoder = tiny(1).double() if double else tiny(1)
    hook, doses = f"blocks.1.{part}", torch.tensor([0.0, 0.5, 1.0])
    units, mean = seeded(1, 3, 32), seeded(2, 32)
    rows: list[int] = []
    project = Layer.project

    def counted(self: Layer, x: torch.Tensor) -> torch.Tensor:
        rows.append(len(x))
        return project(self, x)

    monkeypatch.setattr(Layer, "project", counted)

    def made(name: str) -> tuple[Scores, int]:
        rows.clear()
        edit = operation(name, hook, "late_onset", units, doses, 4.0, mean)
        return score(NativeModel(decoder), TASK, TEXTS, edit, ScoreOptions()), sum(rows)

    names, saved = ("add", "subtract", "project-out", "patch", "replace-mean"), ()
    whole = {name: made(name) for name in names}
    monkeypatch.setattr(layer, "SMALL", 0)
    read = ("onset_mass", "elsewhere_mass", "ordinary_loss", "kl")
    for name in names:
        (theirs, most), (ours, fewer) = whole[name], made(name)
        for one in read:
            wanted, found = getattr(theirs, one), getattr(ours, one)
            assert np.allclose(found, wanted, atol=1e-5, equal_nan=True), (name, one)
        if fewer < most:
            saved += (name,)
        else:
            assert all(np.array_equal(getattr(ours, one), getattr(theirs, one), equal_nan=True)
                       for one in read)  # fmt: skip
    direct = part in ("hook_resid_pre", "hook_mlp_out", "hook_resid_post")
    assert saved == (("add", "subtract") if direct else ())


def test_half_precision_projects_every_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """The difference of two projections would lose what half precision has."""
    monkeypatch.setattr(layer, "SMALL", 0)
    blocks = {dtype: tiny(1).to(dtype).blocks[0] for dtype in (torch.float32, torch.bfloat16)}
    found = {dtype: Layer.of(block).splits for dtype, block in blocks.items()}
    assert found == {torch.float32: True, torch.bfloat16: False}
