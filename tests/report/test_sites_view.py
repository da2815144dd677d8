"""Where the edits are: stored texts of every site that is used; other pages as they were."""

from __future__ import annotations

from dataclasses import replace

from harness.report.page import render_claim
from harness.report.records import Rendered, ReportInput
from harness.report.sites_view import LONGEST, classes_view, sites_view

BAD = "<script>alert(1)</script> [w1] \u202e{{ 7 * 191 }}"


def stored(report: ReportInput, texts: list[str]) -> ReportInput:
    first, *rest = report.replicates
    arms = [{**a, "site": "onset"} if a.get("operation") else a for a in report.claim["arms"]]
    sites = {"onset": {"hook": "blocks.2.hook_resid_post", "positions": "step_onset"}}
    sites |= {"unused": {"hook": "blocks.1.hook_resid_post", "positions": "step_body"}}
    marked = {"positions": {"onset": texts, "unused": ["a [b]"]}, "classes": {"body": texts[0]}}
    return replace(
        report,
        claim={**report.claim, "sites": sites, "arms": arms},
        replicates=({**first, **marked}, *rest),
    )


def test_every_used_site_is_shown_with_at_most_three_texts(inputs: dict[str, ReportInput]) -> None:
    """Sites that no arm uses are left out; texts are bounded whatever the record holds."""
    found = sites_view(stored(inputs["pass"], ["a [b]", "c " * 5000, "d", "e"]))
    assert len(found) == 1
    assert found[0].texts == ("a [b]", ("c " * 5000)[:LONGEST], "d")
    assert "treatment" in found[0].arms


def test_a_page_of_a_record_without_texts_has_no_such_section(pages: dict[str, Rendered]) -> None:
    """As every page from before there were any."""
    for page in pages.values():
        assert "Where the edits are" not in page.html + page.markdown
        assert "Position classes" not in page.html + page.markdown


def test_a_class_of_the_task_is_shown_on_a_text(inputs: dict[str, ReportInput]) -> None:
    """Bounded whatever the record holds, in both forms of the page."""
    report = stored(inputs["pass"], ["a [b] c"])
    page = render_claim(report)
    assert [(c.name, c.text) for c in classes_view(report)] == [("body", "a [b] c")]
    assert all("Position classes of the task" in w for w in (page.html, page.markdown))
    assert len(classes_view(stored(inputs["pass"], ["c " * 5000]))[0].text) == LONGEST


def test_texts_cannot_speak_html(inputs: dict[str, ReportInput]) -> None:
    """Markup is text, and what reorders lines is made visible."""
    page = render_claim(stored(inputs["pass"], [BAD]))
    assert "Where the edits are" in page.html
    assert "<script>" not in page.html
    assert "&lt;script&gt;" in page.html
    assert "\u202e" not in page.html + page.markdown
    assert "1337" not in page.html + page.markdown
