"""Tests of harness.report.curves: cells as one value per replicate and dose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.report.curves import arms_of, controls, curves, plain_arms, points, summary, sweeps
from harness.report.records import ReportInput
from tests.report.cells import DOSES

Inputs = dict[str, ReportInput]


def test_rate_is_a_ratio_of_sums_and_the_mean_is_over_replicates(inputs: Inputs) -> None:
    """A replicate's rate is behaviour over steps; the mean weighs replicates alike."""
    report = inputs["pass"]
    curve = curves(summary(report), "treatment", "rate")[0]
    cells = report.cells["generate"]
    rows = cells[(cells["arm"] == "treatment") & (cells["dose"] == 0.5)]
    sums = rows.groupby("replicate")[["behaviour", "steps"]].sum()
    expected = (sums["behaviour"] / sums["steps"]).to_numpy()
    assert curve.doses == DOSES
    assert curve.values[:, DOSES.index(0.5)] == pytest.approx(expected)
    assert curve.mean[DOSES.index(0.5)] == pytest.approx(expected.mean())


def test_missing_replicate_is_a_gap(inputs: Inputs) -> None:
    """A dose that one replicate lacks is a gap in its line, and the mean is over the others."""
    report = inputs["pass"]
    cells = report.cells["generate"]
    gone = (cells["arm"] == "treatment") & (cells["dose"] == 0.5) & (cells["replicate"] == 3)
    without = {"generate": cells[~gone]}
    curve = curves(summary(replace(report, cells=without)), "treatment", "rate")[0]
    column = curve.values[:, DOSES.index(0.5)]
    assert np.isnan(column[3])
    assert curve.mean[DOSES.index(0.5)] == pytest.approx(np.delete(column, 3).mean())


def test_kinds_of_arms(inputs: Inputs) -> None:
    """Sweeps, arms without intervention and random controls are told apart."""
    report = inputs["pass"]
    frame, arms = summary(report), arms_of(report.claim)
    assert sweeps(frame, arms) == ("treatment", "own-mean")
    assert plain_arms(frame, arms) == ("baseline", "reference")
    assert controls(frame, arms) == ("isotropic", "covariance")
    found = points(frame, "isotropic", "rate")
    assert found is not None
    assert len(found.values) == 160


def test_judged_doses_that_differ_between_replicates_are_no_grid(inputs: Inputs) -> None:
    """An arm at one dose in each replicate is no sweep, whatever the doses are."""
    report = inputs["pass"]
    frame, arms = summary(report), arms_of(report.claim)
    free = {name: {k: v for k, v in arm.items() if k != "control"} for name, arm in arms.items()}
    assert frame.loc[frame["arm"] == "isotropic", "dose"].nunique() > 1
    assert "isotropic" not in sweeps(frame, free)


def test_other_splits_are_not_shown(inputs: Inputs) -> None:
    """Cells of the select split do not reach the page of a registered claim."""
    report = inputs["pass"]
    select = {"generate": report.cells["generate"].assign(split="select")}
    assert not len(summary(replace(report, cells=select)))


def test_candidates_keep_the_claims_order(inputs: Inputs) -> None:
    """Named variants come first, in the order given."""
    frame = summary(inputs["fail"])
    found = [c.variant for c in curves(frame, "shared", "rate", ("svd-mlp", "gradient"))]
    assert found[:2] == ["svd-mlp", "gradient"]
    assert len(found) == 9
