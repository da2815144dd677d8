"""Sampling under intervention: exactness, causality, common random numbers, loud failures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from harness.errors import ClaimsError, NothingFired, UnknownName
from harness.intervene.edit import Edit, operation
from harness.readout.behaviour import grade
from harness.readout.generate import GenerateOptions, generate
from harness.readout.noise import Gumbel
from harness.subject.backend import Watch
from harness.subject.interface import Prompts
from harness.subject.native import NativeModel
from tests.hf import bridge, seeded
from tests.toy import END, PAD, SEP, Toy, tiny

TASK, HOOK = Toy(), "blocks.2.hook_resid_post"
MODEL = NativeModel(tiny())
NARROW = NativeModel(tiny(4, n_heads=1))
PROMPTS = TASK.prompts("fit", 20, 1)
OPTIONS = GenerateOptions(new_tokens=24, seed=5)
DOSES = torch.tensor([0.0, 0.25, 0.5, 1.0, 2.0, 0.0])


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each call of the native model extended."""
    seen: list[int] = []
    extend = NativeModel.extend

    def counted(self: NativeModel, state: Any, tokens: torch.Tensor, *rest: Any) -> torch.Tensor:
        seen.append(len(tokens))
        return extend(self, state, tokens, *rest)

    monkeypatch.setattr(NativeModel, "extend", counted)
    return seen


def edit(positions: str = "step_onset", name: str = "add") -> Edit:
    units = seeded(1, 6, 32)
    units /= units.norm(dim=-1, keepdim=True)
    return operation(name, HOOK, positions, units, DOSES, 5.0, seeded(2, 32))


@pytest.mark.parametrize("model", [MODEL, NARROW], ids=["narrow heads", "wide head"])
@pytest.mark.parametrize("positions", ["step_onset", "late_onset", "step_body"])
def test_dose_zero_is_bit_identical_to_the_baseline(model: NativeModel, positions: str) -> None:
    """Rows of dose 0 in a batch of doses sample exactly the baseline's tokens."""
    base = generate(model, TASK, PROMPTS, None, OPTIONS)
    got = generate(model, TASK, PROMPTS, edit(positions), OPTIONS)
    assert torch.equal(got.tokens[0], base.tokens[0])
    assert torch.equal(got.tokens[5], base.tokens[0])
    assert not torch.equal(got.tokens[4], base.tokens[0])
    assert (got.evidence.dose_measured[0][got.evidence.fired[0] > 0] == 0).all()
    assert (got.evidence.delta_max[0] == 0).all()


def test_dose_zero_is_bit_identical_on_the_bridge() -> None:
    """The reference backend keeps the law as well."""
    model = bridge(tiny())
    few = Prompts(PROMPTS.tokens[:6], PROMPTS.stratum[:6])
    base = generate(model, TASK, few, None, OPTIONS)
    got = generate(model, TASK, few, edit(), OPTIONS)
    assert torch.equal(got.tokens[0], base.tokens[0])
    assert not torch.equal(got.tokens[4], base.tokens[0])


@pytest.mark.parametrize("model", [MODEL, NARROW], ids=["narrow heads", "wide head"])
def test_a_row_does_not_depend_on_its_batch(model: NativeModel) -> None:
    """Every row comes out the same alone, in chunks of any size, and in the full batch."""
    full = generate(model, TASK, PROMPTS, edit(), OPTIONS)
    for rows in (7, 13, 64):
        options = GenerateOptions(24, 5, max_rows=rows)
        other = generate(model, TASK, PROMPTS, edit(), options)
        assert torch.equal(other.tokens, full.tokens)
        for of in ("fired", "dose_measured", "delta_max"):
            mine, theirs = getattr(other.evidence, of), getattr(full.evidence, of)
            assert np.array_equal(mine, theirs, equal_nan=True), of
    for c, p in ((0, 0), (3, 7), (4, 19)):
        one = Prompts(PROMPTS.tokens[p : p + 1], PROMPTS.stratum[p : p + 1])
        options = GenerateOptions(24, 5, first_prompt=p)
        alone = generate(model, TASK, one, edit().take(torch.tensor([c])), options)
        assert torch.equal(alone.tokens[0, 0], full.tokens[c, p])


def test_logits_of_a_row_are_the_same_bits_in_any_batch_and_any_cut() -> None:
    """The numbers themselves, not only the tokens, do not depend on batch or chunking."""
    tokens = torch.randint(0, 40, (24, 20), generator=torch.Generator().manual_seed(3))
    for model in (MODEL, NARROW):
        whole = model.extend(model.open(24, 20), tokens)
        state = model.open(8, 20)
        model.extend(state, tokens[8:16, :5])
        pieces = model.extend(model.repeat(state, 2), tokens[8:16, 5:].repeat(2, 1))
        assert torch.equal(pieces[:8], whole[8:16])
        assert torch.equal(pieces[8:], whole[8:16])


@pytest.mark.parametrize("heads", [1, 2, 8])
def test_logits_of_a_row_are_the_same_bits_among_any_number_of_rows(heads: int) -> None:
    """Also where the rows are no multiple of what a processor's vector holds."""
    model = NativeModel(tiny(4, n_heads=heads))
    tokens = torch.randint(0, 40, (41, 9), generator=torch.Generator().manual_seed(4))
    state = model.open(41, 9)
    first, last = model.extend(state, tokens[:, :8]), model.extend(state, tokens[:, 8:])
    for rows in (*range(8, 20), 31, 37):
        some = torch.arange(41 - rows, 41)
        state = model.open(rows, 9)
        assert torch.equal(model.extend(state, tokens[some, :8]), first[some])
        kept = model.keep(state, torch.arange(rows - 1, -1, -1))
        assert torch.equal(model.extend(kept, tokens[some, 8:].flip(0)), last[some].flip(0))


def test_conditions_that_are_no_edit_are_sampled_once(seen: list[int]) -> None:
    """Two of six are dose 0: rows of five are run, and both have the same rows and evidence."""
    got = generate(MODEL, TASK, PROMPTS, edit(), OPTIONS)
    assert max(seen) == 5 * 20
    assert torch.equal(got.tokens[5], got.tokens[0])
    for of in (got.evidence.fired, got.evidence.dose_measured, got.evidence.delta_max):
        assert np.array_equal(of[5], of[0], equal_nan=True)
    assert (got.evidence.fired[5] > 0).any()


@pytest.mark.parametrize("model", [MODEL, NARROW], ids=["narrow heads", "wide head"])
def test_sharing_what_lies_below_the_site_changes_no_bit(
    model: NativeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens and evidence are those of rows that share nothing; and rows were shared."""
    shared = generate(model, TASK, PROMPTS, edit("late_onset"), OPTIONS)
    used: list[int] = []

    def alone(self: NativeModel, state: Any, rows: torch.Tensor, hook: str) -> Any:
        used.append(len(rows))
        return self.keep(state, rows)

    monkeypatch.setattr(NativeModel, "share", alone)
    own = generate(model, TASK, PROMPTS, edit("late_onset"), OPTIONS)
    assert sum(used) == 5 * 20
    assert torch.equal(shared.tokens, own.tokens)
    for of in ("fired", "dose_measured", "delta_max"):
        mine, theirs = getattr(shared.evidence, of), getattr(own.evidence, of)
        assert np.array_equal(mine, theirs, equal_nan=True), of


def test_large_states_make_smaller_batches(
    seen: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch's keys and values are bounded; the rows come out the same."""
    full = generate(MODEL, TASK, PROMPTS, edit(), OPTIONS)
    assert max(seen) == 100
    seen.clear()
    row = 2 * 4 * MODEL.n_layers * MODEL.d_model * (4 + 24)
    monkeypatch.setattr("harness.readout.generate.STATE_BYTES", 20 * row)
    assert torch.equal(generate(MODEL, TASK, PROMPTS, edit(), OPTIONS).tokens, full.tokens)
    assert max(seen) == 20


def test_generation_agrees_with_a_loop_without_cache() -> None:
    """Sampling from full forward passes with the edit at its positions gives the same rows."""
    chosen, noise = edit("late_onset"), Gumbel(5, range(20), 40)
    got = generate(MODEL, TASK, PROMPTS, chosen, OPTIONS)
    for c in (0, 4):
        tokens = PROMPTS.tokens
        for step in range(24):

            def rewrite(x: torch.Tensor, tokens: torch.Tensor = tokens, c: int = c) -> torch.Tensor:
                return x + TASK.positions("late_onset", tokens)[..., None] * chosen.add[c]

            logits = MODEL.logits(tokens, Watch(HOOK, rewrite))[:, -1]
            tokens = torch.cat([tokens, (logits + noise.step(step)).argmax(-1)[:, None]], 1)
        for mine, theirs in zip(got.tokens[c], tokens[:, 4:], strict=True):
            ended = ((theirs == END) | (theirs == PAD)).nonzero()
            stop = int(ended[0]) + 1 if len(ended) else 24
            assert torch.equal(mine[:stop], theirs[:stop])
            assert (mine[stop:] == PAD).all()


def test_evidence_counts_the_positions_and_measures_the_dose() -> None:
    """``fired`` counts edited positions the model saw; the dose of ``add`` is the nominal one."""
    got = generate(MODEL, TASK, PROMPTS, edit(), OPTIONS)
    for c in range(6):
        for p in range(20):
            row = torch.cat([PROMPTS.tokens[p], got.tokens[c, p]])[:-1]  # the last is never read
            assert got.evidence.fired[c, p] == int((row == SEP).sum())
    unit = 5.0 / MODEL.activations(PROMPTS.tokens, HOOK)[:, -1].norm(dim=-1).median().item()
    measured = np.median(got.evidence.dose_measured, axis=1)
    assert np.allclose(measured, DOSES.numpy() * unit, rtol=0.1)
    assert np.allclose(got.evidence.delta_max[3], 5.0, rtol=1e-4)


def test_conditions_share_their_noise_and_prompts_do_not() -> None:
    """Noise depends on seed, prompt and step, and looks like a standard Gumbel."""
    noise = Gumbel(1, [0, 1], 20_000)
    assert torch.equal(noise.step(3)[1], Gumbel(1, [1], 20_000).step(3)[0])
    assert not torch.equal(noise.step(3)[0], noise.step(3)[1])
    assert not torch.equal(noise.step(3), noise.step(4))
    assert not torch.equal(noise.step(3), Gumbel(2, [0, 1], 20_000).step(3))
    assert abs(float(noise.step(0).mean()) - 0.5772) < 0.03
    assert abs(float(noise.step(0).std()) - 1.2825) < 0.03


def test_sampling_follows_the_model_at_the_temperature() -> None:
    """First tokens over many seeds have the model's own probabilities."""
    one = Prompts(PROMPTS.tokens[:1].repeat(4000, 1), PROMPTS.stratum[:1] * 4000)
    options = GenerateOptions(1, 3, temperature=0.7, max_rows=4000)
    drawn = generate(MODEL, TASK, one, None, options).tokens[0, :, 0]
    wanted = (MODEL.logits(PROMPTS.tokens[:1])[0, -1] / 0.7).softmax(-1)
    found = torch.bincount(drawn, minlength=40) / 4000
    assert float((found - wanted).abs().max()) < 0.03


def test_errors_name_what_is_wrong() -> None:
    """Unknown sites and classes, empty classes and long requests raise, naming what would do."""
    with pytest.raises(UnknownName, match=r"blocks\.2\.hook_resid_post"):
        generate(MODEL, TASK, PROMPTS, replace_hook("blocks.2.hook_resid_pos"), OPTIONS)
    with pytest.raises(UnknownName, match="step_onset"):
        generate(MODEL, TASK, PROMPTS, edit("step_onse"), OPTIONS)
    with pytest.raises(NothingFired, match="absent"):
        generate(MODEL, TASK, PROMPTS, edit("absent"), GenerateOptions(1, 5))
    with pytest.raises(ClaimsError, match="context"):
        generate(MODEL, TASK, PROMPTS, None, GenerateOptions(61, 5))
    gated = replace_hook("blocks.2.hook_mlp_in")
    with pytest.raises(NothingFired, match="never fire"):
        generate(bridge(tiny()), TASK, PROMPTS, gated, OPTIONS)


def replace_hook(hook: str) -> Edit:
    e = edit()
    return Edit(hook, e.positions, e.keep, e.add, e.unit, e.gain, e.target, e.active)


def test_grading_keeps_the_layout_and_shows_the_first_prompts() -> None:
    """Counts per condition and prompt, with readable text for the first prompts only."""
    got = generate(MODEL, TASK, PROMPTS, edit(), OPTIONS)
    counted = grade(TASK, PROMPTS, got, samples=2)
    by_hand = TASK.grade(PROMPTS.tokens, got.tokens[4])
    assert counted.steps.shape == (6, 20)
    assert counted.steps[4].tolist() == by_hand.steps.tolist()
    assert counted.garbage[4].tolist() == by_hand.garbage.tolist()
    assert counted.text[1, 1] == TASK.decode(got.tokens[1, 1])
    assert counted.text[1, 2] == ""
