"""Teacher-forced readouts: against plain formulas, exactness at dose 0, loud failures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from harness.errors import NothingFired, UnknownName
from harness.intervene.edit import Edit, operation
from harness.readout.score import ScoreOptions, score
from harness.subject.backend import Watch
from harness.subject.native import NativeModel
from tests.hf import seeded
from tests.toy import OPENERS, SEP, Toy, tiny

TASK = Toy()
MODELS = {
    "narrow": NativeModel(tiny()),
    "wide": NativeModel(tiny(1, n_heads=1)),
    "untied": NativeModel(tiny(2, tied=False)),
}
READOUTS = ("onset_mass", "elsewhere_mass", "ordinary_loss", "kl")


def edit(hook: str, positions: str) -> Edit:
    units = seeded(1, 3, 32)
    units /= units.norm(dim=-1, keepdim=True)
    return operation("add", hook, positions, units, torch.tensor([0.0, 0.5, 1.0]), 5.0)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("positions", ["step_onset", "late_onset", "step_body"])
@pytest.mark.parametrize(
    "hook",
    [
        "blocks.0.hook_resid_pre",
        "blocks.1.hook_resid_post",
        "blocks.2.hook_mlp_out",
        "blocks.3.hook_attn_out",
        "blocks.3.hook_resid_mid",
        "blocks.3.hook_resid_post",
    ],
)
def test_readouts_agree_with_their_formulas(name: str, positions: str, hook: str) -> None:
    """Every readout equals its definition, computed from whole forward passes text by text."""
    model, texts = MODELS[name], TASK.texts("fit", 12, 1, "regulated")
    chosen = edit(hook, positions)
    got = score(model, TASK, texts, chosen, ScoreOptions(chunk_tokens=150))
    mask = TASK.positions(positions, texts.tokens)[..., None]
    clean = model.logits(texts.tokens).log_softmax(-1)
    moved = model.logits(texts.tokens, Watch(hook, lambda x: x + mask * chosen.add[2]))
    logp = moved.log_softmax(-1)
    mass = logp.exp()[..., OPENERS[0] : OPENERS[-1] + 1].sum(-1)
    body = TASK.positions("step_body", texts.tokens)
    for i in range(12):
        row, length = texts.tokens[i].tolist(), int(texts.lengths[i])
        onsets = [t for t in range(length) if row[t] == SEP]
        bodies = [t for t in range(length) if body[i, t]]
        losses = [
            -logp[i, t, row[t + 1]] + (torch.log1p(-mass[i, t]) if t in onsets else 0)
            for t in onsets + bodies
            if t + 1 < length and not (t in onsets and row[t + 1] in OPENERS)
        ]
        kl = (clean[i, onsets].exp() * (clean[i, onsets] - logp[i, onsets])).sum(-1)
        wanted = (
            mass[i, onsets].mean(),
            mass[i, bodies].mean(),
            sum(losses) / len(losses),
            kl.mean(),
        )
        found = [getattr(got, r)[2, i] for r in READOUTS]
        assert np.allclose(wanted, found, atol=1e-4), i


@pytest.mark.parametrize("positions", ["step_onset", "late_onset", "step_body"])
@pytest.mark.parametrize("hook", ["blocks.1.hook_resid_post", "blocks.3.hook_attn_out"])
def test_onsets_alone_read_the_same_as_onsets_among_bodies(hook: str, positions: str) -> None:
    """Who asks for no bodies gets mass, KL and fidelity of the onsets as they are, and no number
    for what is read at bodies; the clean run's and every condition's."""
    texts = TASK.texts("fit", 30, 1, "regulated")
    for model in MODELS.values():
        for chosen in (None, edit(hook, positions)):
            both, few = (score(model, TASK, texts, chosen, o) for o in (ScoreOptions(),
                         ScoreOptions(body=None)))  # fmt: skip
            for name in ("onset_mass", "kl", "fidelity"):
                wanted, found = getattr(both, name), getattr(few, name)
                assert np.allclose(wanted, found, atol=1e-6, equal_nan=True), name
            assert np.isnan(few.elsewhere_mass).all()
            assert np.isnan(few.ordinary_loss).all()
            assert not np.isnan(both.ordinary_loss).all()
            assert np.array_equal(both.evidence.fired, few.evidence.fired)


def test_dose_zero_is_bit_identical_to_the_baseline() -> None:
    """Dose 0 in a sweep gives the baseline's numbers to the last bit, and the others do not."""
    texts = TASK.texts("fit", 30, 1, "plain")
    for model in MODELS.values():
        base = score(model, TASK, texts, None, ScoreOptions())
        got = score(model, TASK, texts, edit("blocks.1.hook_resid_post", "step_onset"),
                    ScoreOptions())  # fmt: skip
        for name in READOUTS:
            assert np.array_equal(getattr(got, name)[0], getattr(base, name)[0], equal_nan=True)
            assert not np.array_equal(getattr(got, name)[2], getattr(base, name)[0])
        assert (got.kl[0] == 0).all()


def test_a_text_does_not_depend_on_the_other_texts() -> None:
    """A text's numbers agree, alone and among others, to rounding."""
    texts, model = TASK.texts("fit", 30, 1, "plain"), MODELS["narrow"]
    chosen = edit("blocks.1.hook_resid_post", "step_onset")
    full = score(model, TASK, texts, chosen, ScoreOptions())
    one = type(texts)(texts.tokens[9:10], texts.lengths[9:10], texts.stratum[9:10], "plain")
    alone = score(model, TASK, one, chosen, ScoreOptions())
    for name in READOUTS:
        assert np.allclose(getattr(full, name)[:, 9], getattr(alone, name)[:, 0], atol=1e-5)


def test_evidence_measures_the_nominal_dose() -> None:
    """The realised dose of ``add`` is the nominal one when the scale is the class's median norm."""
    texts, model = TASK.texts("fit", 30, 1, "plain"), MODELS["narrow"]
    hook = "blocks.1.hook_resid_post"
    mask = TASK.positions("step_onset", texts.tokens)
    scale = float(model.activations(texts.tokens, hook)[mask].norm(dim=-1).median())
    units = seeded(1, 3, 32)
    units /= units.norm(dim=-1, keepdim=True)
    doses = torch.tensor([0.0, 0.5, 1.0])
    chosen = operation("add", hook, "step_onset", units, doses, scale)
    got = score(model, TASK, texts, chosen, ScoreOptions()).evidence
    assert (got.fired == mask.sum(-1).numpy()).all()
    assert np.allclose(got.dose_measured, doses[:, None].numpy(), rtol=1e-3)
    assert np.allclose(got.delta_max, scale * doses[:, None].numpy(), rtol=1e-3)


def test_errors_name_what_is_wrong() -> None:
    """Empty classes, unknown token sets and sites raise instead of returning the clean numbers."""
    texts, model = TASK.texts("fit", 4, 1, "plain"), MODELS["narrow"]
    with pytest.raises(NothingFired, match="absent"):
        score(model, TASK, texts, edit("blocks.1.hook_resid_post", "absent"), ScoreOptions())
    with pytest.raises(UnknownName, match="behaviour"):
        score(model, TASK, texts, None, ScoreOptions(behaviour="behavior"))
    with pytest.raises(UnknownName, match="hook_resid_post"):
        score(model, TASK, texts, edit("blocks.1.resid_post", "step_onset"), ScoreOptions())


def test_a_model_in_double_precision_is_scored_as_in_single() -> None:
    """Readouts and evidence of a float64 model agree with the float32 one's to rounding."""
    texts = TASK.texts("fit", 8, 1, "regulated")
    chosen = edit("blocks.1.hook_resid_post", "step_onset")
    single, double = (
        score(NativeModel(m), TASK, texts, chosen, ScoreOptions())
        for m in (tiny(1), tiny(1).double())
    )
    for name in READOUTS:
        ours, theirs = getattr(single, name), getattr(double, name)
        assert np.allclose(ours, theirs, atol=1e-5, equal_nan=True)
    assert np.allclose(single.evidence.delta_max, double.evidence.delta_max, atol=1e-4)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_broke_is_no_number_and_not_left_out(bad: float) -> None:
    """A condition that leaves the model without numbers at some positions has none for the text: a
    mean over what is left would make it look well. Texts without an edit keep theirs."""
    model, texts = MODELS["narrow"], TASK.texts("fit", 6, 1, "plain")
    chosen = edit("blocks.1.hook_resid_post", "late_onset")
    vectors = chosen.add.clone()
    vectors[1] = bad
    broken = score(model, TASK, texts, replace(chosen, add=vectors), ScoreOptions())
    sound = score(model, TASK, texts, chosen, ScoreOptions())
    touched = TASK.positions("late_onset", texts.tokens).any(1).numpy()
    assert touched.any()
    for name in READOUTS:
        ours, theirs = getattr(broken, name), getattr(sound, name)
        assert np.isinf(ours[1][touched]).all(), name
        assert np.array_equal(ours[[0, 2]], theirs[[0, 2]], equal_nan=True), name
        assert np.array_equal(ours[1][~touched], theirs[1][~touched], equal_nan=True), name
