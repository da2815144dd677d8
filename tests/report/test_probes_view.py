"""What the probes read, as a page shows it: lines over layers and heads, tables, contexts."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from harness.report.page import render_claim
from harness.report.probes_view import probes_view
from harness.report.records import Rendered, ReportInput
from harness.report.words import NONE
from tests.report.html import parse


def test_numbers_of_layers_and_heads_are_drawn_in_their_order(
    inputs: dict[str, ReportInput],
) -> None:
    """A figure for the lens and one for each way of ablation; layer 10 comes after layer 2; what
    belongs to no row of layers or heads is in the table."""
    view = probes_view(inputs["probes"])
    assert view is not None
    titles = [f.title for f in view.figures]
    assert titles == ["Logit lens (lens): mass", "Head ablation (head): effect, zero"]
    assert view.figures[0].table.headers == ("model", "embed", "0", "1", "2", "10")
    assert view.figures[1].table.headers == ("model", "h0", "h1", "h2", "h3")
    assert view.numbers is not None
    assert {row[2] for row in view.numbers.rows} == {"zero", "step_onset"}


def test_a_figure_says_its_means(inputs: dict[str, ReportInput]) -> None:
    """In words, and in a table that holds every replicate."""
    view = probes_view(inputs["probes"])
    assert view is not None
    lens = view.figures[0]
    assert "regulation: 0.0100 at embed" in lens.description
    assert lens.table.rows[0][0] == "regulation r0"
    mean = next(row for row in lens.table.rows if row[0] == "standard (mean)")
    assert mean[1:] == ("\N{MINUS SIGN}0.040", "0.060", "0.160", "0.260", "0.360")
    assert len(lens.table.rows) == 2 * 3 + 2


def test_contexts_are_the_first_replicates_and_cannot_speak_html(
    inputs: dict[str, ReportInput], pages: dict[str, Rendered]
) -> None:
    """Strongest first; markup in a context is text, and what reorders lines is made visible."""
    view = probes_view(inputs["probes"])
    assert view is not None
    heading, table = view.contexts[0]
    assert "replicate 0" in heading
    assert [row[1] for row in table.rows] == ["8.00", "7.00", "6.00"]
    assert "\u202e" not in pages["probes"].html
    page = parse(pages["probes"].html)
    section = next(e for e in page.all("section") if e.attributes["id"] == "probes")
    assert "<script>alert(1)</script>" in section.text
    assert "What the probes read" in pages["probes"].markdown
    assert "<script>" not in pages["probes"].markdown


def test_a_claim_without_probes_has_no_such_section(pages: dict[str, Rendered]) -> None:
    """Nothing is said of what was not asked."""
    assert 'id="probes"' not in pages["features"].html


def test_p_values_are_not_averaged(inputs: dict[str, ReportInput]) -> None:
    """The mean of several p-values says nothing; their range does."""
    report = inputs["probes"]
    cells = report.cells["probes"]
    row = cells[cells["probe"] == "marker"].iloc[:1]
    more = [row.assign(quantity="p", value=v, replicate=r) for r, v in enumerate((0.2, 0.8))]
    found = probes_view(replace(report, cells={"probes": pd.concat([cells, *more])}))
    assert found is not None
    assert found.numbers is not None
    (line,) = [one for one in found.numbers.rows if one[3] == "p"]
    assert line[4:] == (NONE, "0.200", "0.800")


def test_where_no_verdict_stands_what_probes_read_is_folded(
    inputs: dict[str, ReportInput], pages: dict[str, Rendered]
) -> None:
    """It is what the criteria test; open, it would be the result that the page withholds."""
    report = inputs["probes"]
    verdict = {**report.verdict, "status": "INVALID"}
    page = render_claim(replace(report, verdict=verdict))
    assert "Not admissible: what the probes read" in page.html
    assert page.markdown.index("## What the probes read") < page.markdown.index(
        "**Not admissible.**", page.markdown.index("## What the probes read")
    )
    assert "Not admissible" not in pages["probes"].html
