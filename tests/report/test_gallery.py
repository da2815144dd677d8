"""Tables of a page where a figure was not measured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.report.curves import summary
from harness.report.gallery import dictionary_table, gallery
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
