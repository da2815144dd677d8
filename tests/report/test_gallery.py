"""Figures and tables of a page, and what stands where something was not measured."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from harness.report.curves import arms_of, points, summary
from harness.report.gallery import dictionary_table, gallery
from harness.report.single import single
from harness.report.words import NONE
from tests.report.others import asymmetry
from tests.report.sample import suppression

KEYS = ("explained_variance", "dead_fraction", "l0")
GOOD = {"explained_variance": 0.9, "dead_fraction": 0.1, "l0": 4.0}


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("absent", [True, False])
def test_a_quality_that_one_replicate_lacks_has_no_mean(key: str, absent: bool) -> None:
    """Null in the record, or not there: a dash in its column, and the other columns stay."""
    report = asymmetry()
    bad = {k: v for k, v in GOOD.items() if k != key} if absent else {**GOOD, key: None}
    records = [{**r, "dictionaries": {"regulation/h": GOOD}} for r in report.replicates]
    records[1]["dictionaries"] = {"regulation/h": bad}
    table = dictionary_table(replace(report, replicates=tuple(records)))
    assert table is not None
    (row,) = table.rows
    name, hook, n, *figures = row
    assert (name, hook, n) == ("regulation", "h", str(len(records)))
    lacking = {"explained_variance": {0, 1}, "dead_fraction": {2}, "l0": {3}}[key]
    assert {i for i, figure in enumerate(figures) if figure == NONE} == lacking


def test_quality_shows_the_mean_and_the_worst() -> None:
    """Lowest explained variance and most dead share are single replicates'."""
    report = asymmetry()
    records = [{**r, "dictionaries": {"regulation/h": GOOD}} for r in report.replicates]
    records[0]["dictionaries"] = {
        "regulation/h": {"explained_variance": 0.5, "dead_fraction": 0.4, "l0": 4.0}
    }
    table = dictionary_table(replace(report, replicates=tuple(records)))
    assert table is not None
    mean = 0.9 - 0.4 / len(records)
    assert table.rows[0][3:] == (f"{mean:.3f}", "0.500", "0.400", "4.0")


def test_an_arm_that_is_set_against_the_treatment_is_drawn_like_it() -> None:
    """Open, large and second; an arm that no criterion names stays folded."""
    report = suppression()
    sweeps = gallery(report, summary(report)).sweeps
    folded = [s.heading for s in sweeps if not s.treated]
    assert folded, "the sample has one sweep only"
    last = next(a for a in report.claim["arms"] if a["name"].replace("-", " ") == folded[-1])
    made = dict(report.verdict["criteria"][0])
    made["estimand"] = {**made["estimand"], "against": last["name"]}
    verdict = {**report.verdict, "criteria": [made]}
    changed = gallery(replace(report, verdict=verdict), summary(report)).sweeps
    assert [s.heading for s in changed if s.treated] == [sweeps[0].heading, folded[-1]]
    assert changed[1].heading == folded[-1]


def test_without_a_dose_rule_the_arm_that_a_criterion_reads_is_drawn_by_what_it_reads() -> None:
    """Open and large, with the random controls of its host; behaviour, garbage and loss below."""
    report = suppression()
    ruled = gallery(report, summary(report)).sweeps[0]
    assert ruled.main.title.startswith("Behaviour, share of steps")
    asked = {"arm": "baseline", "minus": "own-mean", "readout": "onset_mass"}
    criteria = [{"name": "c", "estimand": asked}]
    claim = {**report.claim, "dose_rule": None, "criteria": criteria}
    first, *others = gallery(replace(report, claim=claim), summary(report)).sweeps
    assert (first.heading, first.treated) == ("own mean", True)
    assert first.main.title.startswith("Behaviour mass at step onsets")
    titles = [view.title for view in first.below]
    assert titles[0] == "Behaviour, share of steps"
    assert len(titles) == 3
    assert "isotropic" in first.main.description.lower()
    assert [s.treated for s in others] == [False]


def test_a_random_control_is_shown_at_its_doses_and_not_with_dose_zero_mixed_in() -> None:
    """Rows at dose 0 are the arm without intervention; they belong to no other dose's mean, nor to
    the points of the figure."""
    report = suppression()
    frame = summary(report)
    control = frame[(frame["arm"] == "isotropic") & (frame["dose"] == 0.5)]
    zero = control.assign(dose=0.0, rate=0.9)
    mixed = pd.concat([frame[(frame["arm"] != "isotropic")], control, zero])
    arms = arms_of(report.claim)
    arms["isotropic"] = {**arms["isotropic"], "doses": [0.0, 0.5]}
    table = single(mixed, arms, ("rate",))
    assert table is not None
    (row,) = (row for row in table.rows if row[0] == "isotropic")
    assert row[1:3] == ("0.5", f"{control.groupby('replicate')['rate'].mean().mean():.3f}")
    arms["isotropic"] = {**arms["isotropic"], "doses": "judged"}
    table = single(frame, arms, ("rate",))
    assert table is not None
    assert [row[1] for row in table.rows if row[0] == "isotropic"] == ["judged"]
    seen = points(mixed, "isotropic", "rate")
    assert seen is not None
    assert 0.0 not in seen.doses
