"""Tests of harness.report.lock_view: what was bound, and every registration and attempt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.digest import digest
from harness.lock.refusal import RULES
from harness.report.build import report_input
from harness.report.lock_view import lock_view
from harness.report.page import render_claim
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


@pytest.mark.parametrize(
    ("pilot", "count", "evidence"),
    [
        ("none", "locked without a pilot", ""),
        ("not looked for", "locked without looking for a pilot", ""),
        ({"replicates": 2, "evidence": sha("e")}, "exploration of 2 replicate(s)", sha("e")),
    ],
)
def test_the_pilot_is_shown(inputs: Inputs, pilot: Any, count: str, evidence: str) -> None:
    """On both pages: which exploration there was when it was locked, or that there was none."""
    one = inputs["pass"]
    assert one.lock is not None
    report = replace(one, lock={**one.lock, "pilot": pilot})
    (row,) = [b for b in lock_view(report).bound if b.what == "pilot (information)"]
    assert (row.count, row.digest, row.parts) == (count, evidence, ())
    page = render_claim(report)
    assert count in page.html
    assert count in page.markdown


def test_a_lock_from_before_pilots_says_nothing_about_one(inputs: Inputs) -> None:
    """What was not recorded is not made up."""
    assert not any("pilot" in b.what for b in lock_view(inputs["pass"]).bound)


def test_every_waiver_stands_on_the_page(inputs: Inputs) -> None:
    """Each rule that was waived, with its sentence, in HTML and in Markdown."""
    sentences = {rule: f"Because of {rule} we say so here." for rule in RULES}
    report = replace(inputs["pass"], claim={**inputs["pass"].claim, "waivers": sentences})
    page = render_claim(report)
    for rule, sentence in sentences.items():
        for text in (page.html, page.markdown):
            assert sentence in text
            assert rule in text
    assert "Waived at lock time" in page.html
    assert "Waived at lock time" not in render_claim(inputs["pass"]).html


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
