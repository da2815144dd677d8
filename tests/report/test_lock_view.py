"""Tests of harness.report.lock_view: what was bound, and every registration and attempt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.digest import digest
from harness.report.build import report_input
from harness.report.lock_view import lock_view
from harness.report.records import ReportInput
from tests.measure.forged import attempted, workspace
from tests.report.parts import REGISTRATION, row, sha

Inputs = dict[str, ReportInput]


def test_bound_parts_are_counted_and_listed(inputs: Inputs) -> None:
    """Each thing bound has a digest; groups have a count and their parts."""
    view = lock_view(inputs["pass"])
    bound = {b.what: b for b in view.bound}
    assert bound["builder"].count == "3 digests"
    assert dict(bound["builder"].parts)["models/muon.py"] == sha("muon")
    assert bound["packages"].count == "3 entries"
    assert bound["claim, in canonical form"].digest == digest(inputs["pass"].claim)
    assert all(b.digest.startswith("sha256:") for b in view.bound)
    assert view.registration == REGISTRATION
    assert view.date == "2025-11-20T10:01:00+00:00"


def test_locking_again_and_trying_again_show(inputs: Inputs) -> None:
    """Every registration and attempt of the claim is counted and listed, with its reason."""
    one = inputs["pass"]
    earlier = sha("earlier")
    ledger = (
        row(1, "registration", registration=earlier, claims={one.id: sha("old")}, reason="first"),
        row(2, "attempt-started", claim=one.id, registration=earlier, attempt="a1"),
        row(3, "attempt-interrupted", claim=one.id, registration=earlier, attempt="a1"),
        row(4, "amendment", claim=one.id, reason="the margin was too wide"),
        *one.ledger,
    )
    view = lock_view(replace(one, ledger=ledger))
    assert (view.registrations, view.attempts) == (3, 2)
    assert view.ledger is not None
    assert len(view.ledger.rows) == len(ledger)
    assert view.date == "2025-11-20T10:01:00+00:00"
    assert any("the margin was too wide" in words for words in view.amended)


def test_waivers_are_shown(inputs: Inputs) -> None:
    """What was waived at lock time appears in the author's words."""
    claim = dict(inputs["pass"].claim) | {"waivers": {"power": "Pilot showed a large effect."}}
    view = lock_view(replace(inputs["pass"], claim=claim))
    assert view.waivers == (("power", "Pilot showed a large effect."),)


def test_a_real_lock_shows_all_that_it_binds(tmp_path: Path) -> None:
    """The fields are those that a lock has, not those that a sample has."""
    job = attempted(workspace(tmp_path / "study"))
    report = report_input(job)
    assert report.lock is not None
    bound = {b.what: b for b in lock_view(report).bound}
    wanted = {"claim, in canonical form", "recipe, in canonical form", "builder", "evaluator"}
    assert wanted | {"packages", "settings"} <= bound.keys()
    assert int(bound["evaluator"].count.split()[0]) > 50
    assert bound["claim, in canonical form"].digest == report.lock["members"]["easy"]
