"""Tests of harness.report.index: every claim with its standing."""

from __future__ import annotations

from harness.report.index import render_index
from harness.report.records import IndexRow
from tests.report.html import parse
from tests.report.sample import index_rows


def test_every_claim_is_listed_with_its_standing() -> None:
    """All rows appear in order, with word and symbol, also those without a page."""
    rows = index_rows()
    page = parse(render_index(rows).html)
    items = [e.text for e in page.all("li") if "h2" in e.text or "registration" in e.text]
    assert len(items) == len(rows)
    for row, item in zip(rows, items, strict=True):
        assert row.title in item
        assert row.standing in item


def test_outcomes_are_withheld_where_no_verdict_stands() -> None:
    """An INVALID, TAMPERED or EXPLORATORY claim shows no outcome of a criterion."""
    for word in ("INVALID", "TAMPERED", "DEVIATED", "EXPLORATORY", "INCOMPLETE"):
        row = IndexRow("a", "A", word, criteria=(("gap", "PASS"),))
        made = render_index([row])
        assert "PASS" not in parse(made.html).all("main")[0].text + made.markdown
    shown = render_index([IndexRow("a", "A", "FAIL", criteria=(("gap", "PASS"),))])
    assert "PASS" in parse(shown.html).all("main")[0].text


def test_nothing_is_not_a_success() -> None:
    """An empty index says that there was nothing to examine."""
    made = render_index([])
    assert "not a success" in made.html
    assert "not a success" in made.markdown


def test_links_lead_to_pages_that_exist_in_both_forms() -> None:
    """The HTML index links HTML, the Markdown index links Markdown; no page, no link."""
    linked = render_index([IndexRow("a", "A", "PASS", href="a/index.html")])
    assert 'href="a/index.html"' in linked.html
    assert "](a/report.md)" in linked.markdown
    bare = render_index([IndexRow("a", "A", "LOCKED")])
    assert "report.md" not in bare.markdown
