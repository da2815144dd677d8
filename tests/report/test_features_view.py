"""Which features were edited: a row for each, from the records; other pages as they were."""

from __future__ import annotations

from dataclasses import replace

from harness.report.features_view import edited_table
from harness.report.page import render_claim
from harness.report.records import Rendered, ReportInput

BAD = "<script>alert(1)</script>"
FEATURE = {"rate_positive": 0.75, "rate_negative": 0.0, "rate_host": 0.25, "scale": 1.5}


def recorded(report: ReportInput, whose: str) -> ReportInput:
    groups = {"r00": [{**FEATURE, "feature": 17}, {**FEATURE, "feature": 4}]}
    arm = next(a["name"] for a in report.claim["arms"] if a.get("operation"))
    first, *rest = report.replicates
    about = {"features": {arm: {"dictionary": whose, "variants": groups}}}
    return replace(report, replicates=({**first, **about}, *rest))


def test_every_edited_feature_has_a_row(inputs: dict[str, ReportInput]) -> None:
    """With what it was chosen by and its scale."""
    found = edited_table(recorded(inputs["pass"], "regulation"))
    assert found is not None
    assert [row[3:] for row in found.rows] == [
        ("r00", n, "0.750", "0.000", "0.250", "1.500") for n in ("17", "4")
    ]


def test_what_a_record_holds_is_shown_as_text(inputs: dict[str, ReportInput]) -> None:
    """Whatever name a dictionary has."""
    page = render_claim(recorded(inputs["pass"], BAD))
    assert "Features that were edited" in page.html
    assert BAD not in page.html


def test_a_page_without_edited_features_has_no_such_table(pages: dict[str, Rendered]) -> None:
    """As every page from before there were any."""
    for page in pages.values():
        assert "Features that were edited" not in page.html
