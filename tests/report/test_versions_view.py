"""Versions side by side, and what was registered against what is reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.lock.register import register
from harness.lock.withdraw import withdraw
from harness.measure.job import attempt_job
from harness.measure.store import json_bytes, read_json
from harness.report.build import build_reports, claim_page, report_input
from harness.report.versions_view import versions_view
from harness.verdict.records import Status
from harness.verdict.standing import standing
from harness.verdict.verify import verify
from harness.verdict.versions import version_rows
from tests.measure.forged import attempted, workspace

CLAIM = "claims/easy.yaml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A claim attempted and reported."""
    root = workspace(tmp_path / "study")
    attempted(root)
    build_reports(root)
    return root


def amend(root: Path) -> None:
    """The criterion under another name, with a lower margin."""
    text = (root / CLAIM).read_text()
    text = text.replace("  surprised:", "  startled:").replace("margin: 1.0", "margin: 0.9")
    (root / CLAIM).write_text(text)
    register(root, ["easy"], reason="the criterion had the wrong name")


def page(root: Path) -> str:
    found = claim_page(root, "easy")
    assert found is not None
    return found.markdown


def test_one_version_reports_all_that_was_registered(root: Path) -> None:
    """One sentence, no table of versions."""
    view = versions_view(report_input(attempt_job(root, "easy")).versions, "")
    assert view.table is None
    assert view.switched == ()
    assert view.summary.startswith("All 2 items")


def test_the_earlier_result_stays_on_the_page_until_there_is_another(root: Path) -> None:
    """Amending hides nothing: the page shows version 1 and says that version 2 is registered."""
    amend(root)
    text = page(root)
    assert "This page shows version 1. Version 2 is registered" in text
    assert "the criterion had the wrong name" in text
    assert standing(root, "easy").status is Status.LOCKED


def test_an_amended_claim_is_deviated_and_shows_both_versions(root: Path) -> None:
    """Its criteria pass, and the verdict is no PASS; what was switched is listed."""
    first = version_rows(root, "easy")[0]
    amend(root)
    attempted(root)
    build_reports(root)
    row = standing(root, "easy")
    assert row.status is Status.DEVIATED
    assert "after an attempt of version 1" in row.sentence
    one, two = version_rows(root, "easy")
    assert (one.status, two.status) == (first.status, Status.DEVIATED)
    view = versions_view([v.as_json() for v in (one, two)], two.version.registration)
    assert view.table is not None
    assert [r[2] for r in view.table.rows] == [one.status.name, "DEVIATED"]
    assert any("criterion: surprised" in s and "not in version 2" in s for s in view.switched)
    assert any("criterion: startled" in s and "new in version 2" in s for s in view.switched)
    assert view.changes is not None
    assert {r[4] for r in view.changes.rows} == {"stricter", "looser"}
    text = page(root)
    assert "DEVIATED" in text
    assert "not in version 2" in text
    found = verify(root)
    assert found.problems == []
    assert any("version 1: verdict recomputed" in line for line in found.examined)
    assert any("DEVIATED" in line for line in found.notes)


def test_a_criterion_dropped_from_the_report_is_named(root: Path) -> None:
    """Someone edits the published verdict so that a registered criterion is gone."""
    path = attempt_job(root, "easy").folder / "verdict.json"
    value = read_json(path)
    path.write_bytes(json_bytes({**value, "criteria": []}))
    (row,) = version_rows(root, "easy")
    view = versions_view([row.as_json()], "")
    assert view.switched == ("criterion: surprised: registered, not reported (1)",)
    assert any("criteria" in line for line in verify(root).problems)


def test_a_withdrawn_claim_keeps_its_record(root: Path) -> None:
    """The standing says withdrawn and what the verdict was; the page stays."""
    withdraw(root, "easy", "the readout counts separators")
    row = standing(root, "easy")
    assert row.status is Status.WITHDRAWN
    assert "Its verdict was PASS" in row.sentence
    assert "PASS" in page(root)
    assert verify(root).problems == []


def test_a_claim_withdrawn_before_its_attempt_is_not_measured(tmp_path: Path) -> None:
    """It is listed as withdrawn; running it is refused."""
    from harness.errors import OutOfOrder

    root = workspace(tmp_path / "study")
    withdraw(root, "easy", "we found a better question")
    assert standing(root, "easy").status is Status.WITHDRAWN
    with pytest.raises(OutOfOrder, match="Withdrawn"):
        attempt_job(root, "easy")
    found = verify(root)
    assert found.problems == found.missing == []
