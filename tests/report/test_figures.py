"""Tests of the figure modules: what is drawn, described and tabulated."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from harness.report.criteria import member_table, needed
from harness.report.curves import Curve, Points
from harness.report.dose_figure import DoseData, dose_figure, judged_words
from harness.report.figure import log_ticks
from harness.report.forest_figure import forest_figure
from harness.report.gallery import unit_of
from harness.report.panels_figure import panels_figure
from tests.report.parts import criterion, estimate


def curve(values: Any) -> Curve:
    array = np.asarray(values, dtype=float)
    doses = tuple(float(d) for d in range(array.shape[1]))
    names = tuple(range(len(array)))
    return Curve("treatment", "", names, doses, array, np.nanmean(array, axis=0))


def test_description_tells_the_curve() -> None:
    """Whoever does not see the curve hears its means, levels and number of replicates."""
    data = DoseData("rate", curve([[0.2, 0.1], [0.4, 0.1]]), {"reference": 0.01})
    view = dose_figure(data, "d", large=False)
    assert "2 replicates" in view.description
    assert "0.300 at dose 0" in view.description
    assert "reference: 0.0100" in view.description
    assert view.table.rows[0] == ("0", "0.200", "0.400", "0.300")


def test_a_gap_in_a_curve_is_a_dash() -> None:
    """A value that was not measured is neither drawn nor tabulated as a number."""
    view = dose_figure(DoseData("rate", curve([[0.2, np.nan], [0.4, 0.1]]), {}), "d", large=False)
    assert view.table.rows[1][1] == "\N{EM DASH}"
    assert "nan" not in view.wide.lower()


def test_judged_doses_in_words() -> None:
    """One dose for all, or how many replicates had which."""
    assert judged_words({0: 0.5, 1: 0.5}) == "0.5 in every replicate"
    assert judged_words({0: 0.5, 1: 0.5, 2: 1.0}) == "0.5 in 2 replicates, 1 in 1"
    assert judged_words({0: 0.75, 1: 1.0}) == "0.75 in 1 replicate, 1 in 1"


@pytest.mark.parametrize("kind", ["superiority", "below", "equivalence", "ratio-above"])
def test_forest_shades_the_side_of_the_claim(kind: str) -> None:
    """Every kind of test has a margin line and one shaded region, within the axes."""
    row = criterion("c", [1.1, 1.3, 0.9, 1.2], 1.05, kind, "It", kind="level")
    view = forest_figure(row, ("r0", "r1", "r2", "r3"), "f")
    assert view.wide.count("fi-shade") == 1
    assert len(re.findall(r'class="[^"]*st-alert', view.wide)) == (
        2 if kind == "equivalence" else 1
    )
    assert "margin 1.05" in view.wide
    assert "r2 0.9" in view.description


def test_forest_without_interval_draws_none() -> None:
    """Unknown precision is said, not drawn as perfect."""
    row = criterion("c", [1.0, 2.0], 0.0, "superiority", "It", kind="level")
    view = forest_figure(row | {"low": None, "high": None}, ("r0", "r1"), "f")
    assert "no interval" in view.description
    assert ("interval", "no interval") in view.table.rows


def test_gate_results_get_columns() -> None:
    """Gates of a candidate, where the verdict has them, are columns with words and symbols."""
    member = estimate("shared/a", [0.1, 0.2, 0.15], 0.5, "none-of")
    member["details"] = {
        "gates": {"garbage_rate": {"held": True, "got": "0.02"}, "specific": False}
    }
    made = member_table([member], tested=True)
    found = dict(zip(made.headers, made.rows[0], strict=True))
    assert found["garbage rate"] == "✓ held 0.02"
    assert found["specific"] == "✗ not held"
    assert found["outcome"] == "✓ PASS"


def test_needed_in_words() -> None:
    """What a test asks for is said in words with its margin."""
    assert needed({"kind": "none-of"}, 0.5) == "below 0.5 in every candidate"
    assert needed({"kind": "equivalence"}, 0.1) == "within ±0.1"
    assert needed({"kind": "later"}, 0.1) == "later 0.1"


@pytest.mark.parametrize(
    ("unit", "words"),
    [("residual", "median residual norm"), ("own", "own length"), ("kl", "target KL")],
)
def test_the_axis_names_the_unit_of_the_doses(unit: str, words: str) -> None:
    """A dose of 1 is one residual norm, one own length, or one nat."""
    data = DoseData("rate", curve([[0.2, 0.1]]), {}, unit=unit)
    assert words in dose_figure(data, "d", large=False).wide
    assert words in panels_figure((data.curve, data.curve), "rate", "p", {}, {}, unit).wide


def test_an_arm_of_an_unknown_unit_is_drawn_in_residual_norms() -> None:
    """Claims from before there were units have none."""
    assert [unit_of(arm) for arm in ({}, {"unit": "kl"}, {"unit": 3})] == [
        *("residual", "kl", "residual")
    ]


def test_a_mean_over_some_of_the_replicates_says_over_how_many() -> None:
    """In the table, and under the figure; a full column is as it was."""
    nan = float("nan")
    whole, part = (
        dose_figure(DoseData("placed", curve(values), {}), "d", large=False)
        for values in ([[0.2, 0.1], [0.4, 0.3]], [[0.2, 0.1], [0.4, nan]])
    )
    assert [row[-1] for row in whole.table.rows] == ["0.300", "0.200"]
    assert [row[-1] for row in part.table.rows] == ["0.300", "0.100 (1 of 2)"]
    assert "the mean is over the others" in part.caption
    assert whole.caption == ""


def test_control_points_are_called_what_they_are() -> None:
    """Matched features are no random directions."""
    points = Points("like-them", (1.0,), (0.2,), (0,))
    data = DoseData("rate", curve([[0.2, 0.1]]), {}, (points,), drawn={"like-them": "features"})
    assert "like them features" in [k.text for k in dose_figure(data, "d", large=True).key]


@pytest.mark.parametrize(
    ("low", "high"), [(0.7, 1.3), (0.9, 1.1), (1.0, 300.0), (1.0, 5000.0), (1e-300, 1e300)]
)
def test_a_logarithmic_axis_has_three_labels_or_more_and_not_too_many(
    low: float, high: float
) -> None:
    """One label gives no scale, ten run into each other."""
    found = log_ticks(low, high)
    assert 3 <= len(found) <= 6
    assert found == sorted(found)
    assert all(low <= v <= high for v in found)
