"""Tests of harness.report.page: what a claim's page says, in which order, and to whom."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import pytest

from harness.errors import RecordBroken
from harness.report.page import UNANCHORED, render_claim
from harness.report.records import Rendered, ReportInput
from tests.report import others, sample
from tests.report.html import parse

Pages = dict[str, Rendered]
Inputs = dict[str, ReportInput]
ALL = ("pass", "invalid", "exploratory", "fail", "features", "probes")


def test_verdict_sentence_comes_first(pages: Pages, inputs: Inputs) -> None:
    """The status and the verdict's sentence stand before any other section."""
    for name in ALL:
        page = parse(pages[name].html)
        first = page.all("section")[0]
        assert first.attributes["id"] == "verdict"
        assert str(inputs[name].verdict["sentence"]) in first.text
        assert inputs[name].status in first.text


def test_order_of_sections(pages: Pages) -> None:
    """A standing verdict is followed by criteria, doses, replicates, preconditions, record."""
    ids = [e.attributes["id"] for e in parse(pages["pass"].html).all("section")]
    order = ["verdict", "criteria", "dose", "replicates", "preconditions", "samples", "record"]
    assert ids == [*order, "limits", "recompute"]


def test_criterion_shows_estimate_interval_and_need(pages: Pages, inputs: Inputs) -> None:
    """Each criterion shows its estimate, its interval, what was needed and its outcome."""
    criteria = next(
        e for e in parse(pages["pass"].html).all("section") if e.attributes["id"] == "criteria"
    )
    for row in inputs["pass"].verdict["criteria"]:
        assert f"{row['estimate']:.2f}"[:4] in criteria.text
        assert f"above {row['margin']:g}" in criteria.text
    assert criteria.text.count("PASS") == 3
    assert "90 % interval" in criteria.text


def test_invalid_withholds_statistics(pages: Pages) -> None:
    """An INVALID page keeps the criteria's numbers in a box that says they are not admissible."""
    page = parse(pages["invalid"].html)
    ids = [e.attributes["id"] for e in page.all("section")]
    assert ids.index("preconditions") < ids.index("criteria")
    numbers = [e for e in page.elements if e.attributes.get("class") == "numbers"]
    assert numbers
    assert all("details" in e.path for e in numbers)
    box = next(e for e in page.all("details") if e.attributes.get("class") == "withheld")
    assert "open" not in box.attributes
    assert "Not admissible" in box.text
    assert "PASS" not in parse(pages["invalid"].html.replace(box.text, "")).all("section")[0].text


def test_failed_precondition_is_told_in_words_and_by_symbol(pages: Pages) -> None:
    """A precondition that failed comes first, with what was got and what was needed."""
    table = next(
        e
        for e in parse(pages["invalid"].html).all("table")
        if e.attributes.get("class") == "checks"
    )
    assert table.text.index("not held") < table.text.index("healthy")
    assert "✗" in table.text
    assert "smallest cosine 0.84" in table.text
    assert "at least 0.9" in table.text


def test_exploration_never_shows_a_pass(pages: Pages) -> None:
    """An exploration is stamped, has no outcomes, and the word PASS is nowhere on it."""
    html, text = pages["exploratory"].html, pages["exploratory"].markdown
    page = parse(html)
    stamps = [e for e in page.all("p") if e.attributes.get("class") == "stamp"]
    assert len(stamps) == 1
    assert "EXPLORATORY" in stamps[0].text
    assert "PASS" not in page.all("main")[0].text
    assert "PASS" not in text
    assert "EXPLORATORY" in text.splitlines()[0]


def test_unanchored_ledger_is_said(pages: Pages, inputs: Inputs) -> None:
    """Without an anchor the page says UNANCHORED; with one it does not."""
    assert UNANCHORED in parse(pages["pass"].html).all("main")[0].text
    anchored = replace(inputs["features"], anchors=({"kind": "rfc3161"},))
    made = render_claim(anchored)
    assert "UNANCHORED" not in made.html + made.markdown


def test_every_replicate_and_control_is_drawn(pages: Pages) -> None:
    """The behaviour curve has a line per replicate, their mean, and every random control."""
    svg = re.search(
        r'<svg[^>]*aria-labelledby="dose-treatment-rate-title.*?</svg>', pages["pass"].html, re.S
    )
    assert svg is not None
    lines = re.findall(r'<path [^>]*clip-path[^>]*class="st-data"[^>]*/>', svg.group())
    assert len(lines) == 8 + 1
    assert svg.group().count("st-other") == svg.group().count("st-third") == 20 * 8


def test_arms_at_one_dose_are_listed(pages: Pages) -> None:
    """Baseline, reference and random controls have their means in a table."""
    tables = [e.text for e in parse(pages["pass"].html).all("table") if "about" in e.text]
    assert any("20 isotropic random directions in each replicate" in text for text in tables)


def test_candidates_stand_side_by_side(pages: Pages) -> None:
    """Both families have a row per candidate with its interval and outcome, on one axis."""
    page = parse(pages["fail"].html)
    tables = [e.text for e in page.all("table") if "best admissible dose" in e.text]
    assert len(tables) == 2
    assert all(name in text for text in tables for name in sample_names())
    axes = re.findall(r'aria-labelledby="family-(\d)-0-title', pages["fail"].html)
    assert axes == ["0", "1"]


def sample_names() -> tuple[str, ...]:
    from tests.report.cells import CANDIDATES

    return CANDIDATES


def test_shown_estimand_has_no_outcome(pages: Pages) -> None:
    """What is shown and never tested carries no PASS or FAIL."""
    shown = next(
        e for e in parse(pages["features"].html).all("section") if e.attributes["id"] == "shown"
    )
    assert "inadmissible as a test" in shown.text
    assert not re.search("PASS|FAIL|INCONCLUSIVE", shown.text)


def test_page_needs_nothing_from_outside(pages: Pages) -> None:
    """No script, no request, no inline style; the policy allows one style sheet by digest."""
    for name in ALL:
        html = pages[name].html
        page = parse(html)
        tags = {e.tag for e in page.elements}
        assert not tags & {"script", "link", "img", "iframe", "object", "form", "base"}
        for element in page.elements:
            assert not [k for k in element.attributes if k == "style" or k.startswith("on")]
            for key in ("href", "src"):
                assert "//" not in element.attributes.get(key, "")
        metas = [e for e in page.all("meta") if "http-equiv" in e.attributes]
        policy = metas[0].attributes["content"]
        style = re.search(r"<style>(.*?)</style>", html, re.S)
        assert style is not None
        digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
        assert f"style-src 'sha256-{digest}'" in policy
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "url(" not in style[1]


def test_screen_reader_finds_its_way(pages: Pages) -> None:
    """Landmarks, headings without gaps, unique ids, resolved references, described figures."""
    for name in ALL:
        page = parse(pages[name].html)
        tags = [e.tag for e in page.elements]
        assert tags.count("main") == tags.count("h1") == tags.count("footer") == 1
        levels = [int(e.tag[1]) for e in page.elements if re.fullmatch("h[1-6]", e.tag)]
        assert all(b <= a + 1 for a, b in pairwise(levels))
        ids = [e.attributes["id"] for e in page.elements if "id" in e.attributes]
        assert len(ids) == len(set(ids))
        for element in page.elements:
            for key in ("aria-labelledby", "aria-describedby"):
                assert set(element.attributes.get(key, "").split()) <= set(ids)
            target = element.attributes.get("href", "")
            if target.startswith("#"):
                assert target[1:] in ids
        for svg in page.all("svg"):
            hidden = svg.attributes.get("aria-hidden") == "true"
            assert hidden or svg.attributes["role"] == "img"
        for figure in page.all("figure"):
            assert "Numbers behind this figure" in figure.text


def test_same_input_gives_the_same_bytes(pages: Pages) -> None:
    """Rendering again, from input made again, changes nothing."""
    assert render_claim(others.production()) == pages["fail"]


def test_verdict_without_registration_is_refused(inputs: Inputs) -> None:
    """A PASS that no lock stands behind gets no page."""
    bare = dict(inputs["features"].verdict) | {"registration": "", "status": "PASS"}
    with pytest.raises(RecordBroken, match="without a registration"):
        render_claim(replace(inputs["features"], verdict=bare))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"claim": "another"}, "is about 'another'"),
        ({"status": "FINE"}, "no such status"),
        ({"schema": "causal-claims/verdict/9"}, "schema"),
    ],
)
def test_foreign_verdict_is_refused(inputs: Inputs, change: dict[str, str], words: str) -> None:
    """A verdict about another claim, of another schema or of no known status gets no page."""
    other = dict(inputs["features"].verdict) | change
    with pytest.raises(RecordBroken, match=words):
        render_claim(replace(inputs["features"], verdict=other))


def test_cells_without_a_column_are_refused(inputs: Inputs) -> None:
    """Cells that lack a column are named, not drawn as if they were complete."""
    cells = dict(inputs["features"].cells)
    cells["generate"] = cells["generate"].drop(columns="steps")
    with pytest.raises(RecordBroken, match="no column steps"):
        render_claim(replace(inputs["features"], cells=cells))


def test_page_without_cells_still_has_its_verdict(inputs: Inputs) -> None:
    """A verdict whose cells are not at hand is shown without curves and samples."""
    made = render_claim(replace(inputs["pass"], cells={}, replicates=(), lock=None, ledger=()))
    ids = [e.attributes["id"] for e in parse(made.html).all("section")]
    assert "dose" not in ids
    assert "replicates" in ids


def test_missing_numbers_are_dashes() -> None:
    """Numbers that the judge could not give are shown as missing, never as zero."""
    one = sample.suppression()
    verdict = dict(one.verdict)
    verdict["criteria"] = [
        c | {"estimate": None, "low": None, "high": None, "p": None, "hedges_g": None, "values": []}
        for c in verdict["criteria"]
    ]
    made = render_claim(replace(one, verdict=verdict, cells={}))
    assert "no interval" in made.html
    assert not re.search(r"\bnan\b|\bNone\b|\binf\b", parse(made.html).all("main")[0].text)


def test_torch_is_not_imported() -> None:
    """Rendering imports neither torch nor transformer_lens nor pyplot."""
    code = (
        "import sys; from tests.report import others; from harness.report.page import render_claim;"
        "render_claim(others.asymmetry());"
        "bad = {'torch', 'transformer_lens', 'matplotlib.pyplot'} & set(sys.modules);"
        "sys.exit(f'imported: {bad}' if bad else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
