"""A site whose positions the claim writes itself: measured, recorded and shown as any other."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from harness.claim.canonical import claim_from_json, claim_to_json
from harness.measure.job import Job
from harness.measure.store import CellName, read_cell
from harness.measure.tables import READOUTS, load_evidence, summarise
from harness.report.build import report_input
from harness.report.page import render_claim
from tests.measure.rows import explored, record, text

DIRECTIONS = """
difference: {method: mean-difference, site: onset, positive: regulation, negative: standard}
row: {method: dictionary-row, site: onset, positive: regulation, negative: standard}
"""
ARMS = """
removed: {on: regulation, site: onset, operation: subtract, directions: [difference, row],
          doses: [0.0, 0.5]}
"""
NAMED = text(DIRECTIONS, ARMS)
WRITTEN = NAMED.replace("positions: step_onset", r"positions: {regex: '[:;]', at: end}")
ENDS = NAMED.replace("positions: step_onset", "positions: {regex: 'w[0-3] ;'}")


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Job]:
    root = tmp_path_factory.mktemp("sites")
    claims = {"named": NAMED, "written": WRITTEN, "ends": ENDS}
    return {name: explored(root / name, claim) for name, claim in claims.items()}


def cell(job: Job, arm: str, mode: str) -> pd.DataFrame:
    return read_cell(job.folder / "cells" / CellName(arm, 0, "explore", mode).file)


@pytest.mark.parametrize("mode", ["generate", "score"])
def test_the_same_positions_by_another_name_give_the_same_cells(
    jobs: dict[str, Job], mode: str
) -> None:
    """Fitted, generated and scored: every number to the last bit; other positions give others."""
    one, two, three = (cell(jobs[name], "removed", mode) for name in ("named", "written", "ends"))
    pd.testing.assert_frame_equal(one, two)
    assert not one.equals(three)
    assert three["fired"].sum() < one["fired"].sum()


def test_cells_have_the_readouts_of_today(jobs: dict[str, Job]) -> None:
    """A task without a law has neither fidelity nor placement; at dose 0 all are the baseline's."""
    evidence = load_evidence(jobs["named"])
    table = summarise(evidence.generate, evidence.score).set_index(["arm", "variant", "dose"])
    for name in ("repetition", "clean_nats", "format_valid"):
        assert np.isfinite(table[name]).all()
    assert table[["fidelity", "placed"]].isna().all().all()
    same = [name for name in READOUTS if name not in ("fidelity", "placed")]
    base = table.loc[("baseline", "", 0.0), same].to_numpy(float)
    assert np.array_equal(base, table.loc[("removed", "difference", 0.0), same].to_numpy(float))
    moved = table.loc[("removed", "difference", 0.5), same].to_numpy(float)
    assert not np.array_equal(base, moved)


def test_the_record_has_texts_with_the_positions_marked(jobs: dict[str, Job]) -> None:
    """Of the sites at which an arm intervenes, in brackets."""
    marked = record(jobs["written"])["positions"]
    assert marked == record(jobs["named"])["positions"]
    assert isinstance(marked, dict)
    assert len(marked["onset"]) == 3
    assert all(" [:] " in one and " [;] " in one for one in marked["onset"])
    other = record(jobs["ends"])["positions"]
    assert other != marked
    assert " w1 [;] " in str(other)
    assert " w5 ; " in str(other)


def test_the_record_shows_the_tasks_own_classes_on_a_text(jobs: dict[str, Job]) -> None:
    """Each class that occurs, in brackets; as the task says and not as a site does."""
    classes = record(jobs["ends"])["classes"]
    assert isinstance(classes, dict)
    assert " [:] " in classes["step_onset"]
    assert " [w" in classes["step_body"]
    assert " [:] " not in classes["step_body"]


def test_the_page_says_where_the_edits_are(jobs: dict[str, Job]) -> None:
    """With the expression, as HTML and as Markdown."""
    page = render_claim(report_input(jobs["written"]))
    for words in (page.html, page.markdown):
        assert "Where the edits are" in words
        assert "text ends with" in words
    assert "[:;]" in page.html


def test_a_site_keeps_its_expression_in_the_canonical_form(jobs: dict[str, Job]) -> None:
    """And there and back; what a site of a named class had there is as it was."""
    written, named = (claim_to_json(jobs[name].claim) for name in ("written", "named"))
    hook = "blocks.2.hook_resid_post"
    assert written["sites"] == {
        "onset": {"hook": hook, "positions": {"regex": "[:;]", "at": "end"}}
    }
    assert named["sites"]["onset"] == {"hook": hook, "positions": "step_onset"}
    assert claim_from_json(json.loads(json.dumps(written))) == jobs["written"].claim
