"""The asymmetry of steering, by hand: what is taken here minus what is brought there."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.claim.schema import Arm
from harness.verdict.estimands import estimate
from harness.verdict.gap import first_reached
from harness.verdict.view import MissingNumber, View
from tests.verdict.synthetic import cell, claim, evidence

DOSES = (0.0, 0.5, 1.0)
ARMS = (
    Arm("trained", "regulation"),
    Arm("standard", "standard"),
    Arm("take", "regulation", "onset", "subtract", ("d",), doses=DOSES),
    Arm("bring", "standard", "onset", "add", ("d",), doses=DOSES),
)
SPEC: dict[str, Any] = {
    "kind": "steering-asymmetry", "arm": "take", "against": "bring", "baseline": "trained",
    "reference": "standard", "readout": "rate",
}  # fmt: skip


def view(
    bring: tuple[float, ...] = (0.0, 0.04, 0.08),
    bring_kl: tuple[float, ...] = (0.0, 0.2, 0.4),
    judged: float | None = 0.5,
) -> View:
    """Take closes 0, .5 and 1 of a gap of .4 with a KL of 0, .1 and .8."""
    cells = [cell("trained", 0, rate=0.4), cell("standard", 0, rate=0.0)]
    for dose, rate, kl in zip(DOSES, (0.4, 0.2, 0.0), (0.0, 0.1, 0.8), strict=True):
        cells.append(cell("take", 0, rate=rate, dose=dose, variant="d", kl=kl))
    for dose, rate, kl in zip(DOSES, bring, bring_kl, strict=True):
        cells.append(cell("bring", 0, rate=rate, dose=dose, variant="d", kl=kl))
    return View(evidence(claim(ARMS, replicates=1), cells, judged), (0,))


def found(of: View, **spec: Any) -> float:
    return estimate(of, {**SPEC, **spec})[0]


@pytest.mark.parametrize(("at", "value"), [("judged", 0.5 - 0.1), (1.0, 1.0 - 0.2), (0.0, 0.0)])
def test_at_equal_dose_both_are_read_at_that_dose(at: str | float, value: float) -> None:
    """Shares of one gap, each from its own side."""
    assert found(view(), equal="dose", at=at) == pytest.approx(value)


def test_at_equal_kl_the_other_is_read_where_it_moves_as_much() -> None:
    """A KL of .1 is half way to bring's first dose, where it has brought .05 of the gap."""
    assert found(view(), equal="kl", at="judged") == pytest.approx(0.5 - 0.05)


def test_a_grid_that_stops_short_brings_the_goal_down_for_both() -> None:
    """Bring reaches a KL of .05 only: take is read there too, and nothing is won by small doses."""
    short = view(bring=(0.0, 0.0, 0.0), bring_kl=(0.0, 0.02, 0.05))
    assert found(short, equal="kl", at="judged") == pytest.approx(0.25)
    still = view(bring=(0.0, 0.0, 0.0), bring_kl=(0.0, 0.0, 0.0))
    assert found(still, equal="kl", at="judged") == pytest.approx(0.0)


def test_models_that_answer_alike_have_no_asymmetry() -> None:
    """What is taken here is brought there, dose for dose and KL for KL."""
    alike = view(bring=(0.0, 0.2, 0.4), bring_kl=(0.0, 0.1, 0.8))
    for equal in ("dose", "kl"):
        assert found(alike, equal=equal, at="judged") == pytest.approx(0.0)
    more = view(bring=(0.0, 0.4, 0.4), bring_kl=(0.0, 0.1, 0.8))
    assert found(more, equal="dose", at="judged") == pytest.approx(-0.5)


def test_a_dose_that_was_not_measured_is_named() -> None:
    """Also one that only the curve would have passed through."""
    with pytest.raises(MissingNumber, match="no judged dose"):
        found(view(judged=None), equal="kl", at="judged")
    whole = view().evidence
    cut = replace(whole, generate=whole.generate[:-1], score=whole.score[:-1])
    with pytest.raises(MissingNumber, match="'bring' 'd' has no cell at dose 1"):
        found(View(cut, (0,)), equal="kl", at="judged")


@pytest.mark.parametrize("column", ["kl", "rate"])
@pytest.mark.parametrize("arm", ["take", "bring"])
def test_a_dose_without_a_number_is_named_and_not_read_at_dose_0(arm: str, column: str) -> None:
    """A strong dose that broke the model reaches no height: the curve would begin again."""
    whole = view().evidence
    for table, name in ((whole.score, "kl"), (whole.generate, "steps")):
        if (name == "kl") == (column == "kl"):
            hit = (table["arm"] == arm) & (table["dose"] == 1.0)
            table.loc[hit, name] = math.nan if name == "kl" else 0
    with pytest.raises(MissingNumber, match=f"{column} of arm '{arm}' at dose 1, replicate 0"):
        found(View(whole, (0,)), equal="kl", at="judged")


def test_an_arm_that_was_never_scored_has_no_curve() -> None:
    """Its KL is not the smallest there is."""
    whole = view().evidence
    cut = replace(whole, score=whole.score[whole.score["arm"] != "bring"])
    with pytest.raises(MissingNumber, match="kl of arm 'bring'"):
        found(View(cut, (0,)), equal="kl", at="judged")


def test_a_height_that_is_never_reached_is_an_error() -> None:
    """Not the first value."""
    with pytest.raises(ValueError, match="no height reaches"):
        first_reached(np.array([0.0, 0.2]), np.array([1.0, 2.0]), 0.5)
