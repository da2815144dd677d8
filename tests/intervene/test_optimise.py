"""The optimised vector: it stays in its ball, does what it is for, and is the same every time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from harness.errors import NothingFired
from harness.intervene import optimise
from harness.intervene.context import FitContext, behaviour_gradient
from harness.intervene.edit import steer
from harness.intervene.fit import fit_direction
from harness.intervene.optimise import _ascent, optimised
from harness.readout.score import ScoreOptions, score
from harness.subject.native import NativeModel
from tests.toy import Toy, tiny

TASK, HOOK = Toy(), "blocks.2.hook_resid_post"
TEXTS = {"regulated": TASK.texts("fit", 16, 1, "regulated")}
HOST = NativeModel(tiny(), "host")
CONTEXT = FitContext(HOST, {"host": HOST}, TASK, TEXTS, HOOK, "step_onset")
FOUND = fit_direction("optimised", CONTEXT, None, None)


def log_mass(vector: torch.Tensor) -> float:
    """What is ascended: mean log behaviour mass at onsets of the fit texts."""
    return _ascent(CONTEXT, vector.double())[0]


@pytest.mark.parametrize("radius", [0.1, 0.5])
def test_it_is_as_long_as_it_is_told(radius: float) -> None:
    """In median residual norms of the host at the class."""
    unit = CONTEXT.gathered(HOST).median_norm()
    found = fit_direction("optimised", replace(CONTEXT, radius=radius), None, None)
    assert found.norm == pytest.approx(radius * unit, rel=1e-5)
    assert found.provenance["norm_is"] == "length of the vector"


def test_it_brings_more_than_any_direction_of_its_length() -> None:
    """Far more than the gradient, which is best for the shortest of steps, and than chance."""
    along = fit_direction("gradient", CONTEXT, None, None).unit * FOUND.norm
    drawn = torch.from_numpy(np.random.default_rng(0).standard_normal((20, 32)))
    drawn = drawn / drawn.norm(dim=-1, keepdim=True) * FOUND.norm
    best = log_mass(FOUND.unit * FOUND.norm)
    assert best > log_mass(along) + 0.1
    assert best > max(log_mass(row) for row in drawn) + 1.0
    assert best > log_mass(torch.zeros(32)) + 1.0


def test_what_is_ascended_shows_in_the_readout() -> None:
    """On other texts the behaviour's mass at onsets rises, by the engine's own scoring."""
    texts = TASK.texts("select", 24, 5, "plain")
    vectors = torch.stack([torch.zeros(32), FOUND.unit * FOUND.norm])
    found = score(HOST, TASK, texts, steer(HOOK, "step_onset", vectors), ScoreOptions())
    before, after = np.nanmean(found.onset_mass, axis=1)
    assert after > 3 * before


def test_it_is_deterministic() -> None:
    """Bit for bit."""
    assert torch.equal(fit_direction("optimised", CONTEXT, None, None).unit, FOUND.unit)


def test_its_gradient_is_taken_where_the_vector_has_led() -> None:
    """At zero it is the behaviour gradient; elsewhere it predicts the next small step."""
    value, gradient = _ascent(CONTEXT, torch.zeros(32, dtype=torch.float64))
    assert torch.allclose(gradient.float(), behaviour_gradient(CONTEXT, HOST), atol=1e-5)
    place = FOUND.unit.double() * FOUND.norm / 2
    start, slope = _ascent(CONTEXT, place)
    step = 1e-3 * slope / slope.norm()
    ahead, back = _ascent(CONTEXT, place + step)[0], _ascent(CONTEXT, place - step)[0]
    assert (ahead - back) / 2 == pytest.approx(float(slope @ step), rel=0.05)
    assert start > value


def test_texts_without_onsets_are_refused() -> None:
    """There is nothing to ascend."""
    with pytest.raises(NothingFired, match="no position of class 'absent'"):
        optimised(replace(CONTEXT, onset="absent"))


def test_it_is_never_worse_than_the_gradient_it_starts_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With steps far too long the best vector seen is kept, not the last."""
    monkeypatch.setattr(optimise, "STRIDE", 100.0)
    monkeypatch.setattr(optimise, "STEPS", 3)
    found = fit_direction("optimised", CONTEXT, None, None)
    along = fit_direction("gradient", CONTEXT, None, None).unit * found.norm
    assert log_mass(found.unit * found.norm) >= log_mass(along) - 1e-5
