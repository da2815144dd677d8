"""Text from claims is text: hostile strings in every field change nothing but what is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from harness.report.index import render_index
from harness.report.page import render_claim
from harness.report.records import IndexRow, Rendered, ReportInput
from tests.report import others, sample
from tests.report.cells import CANDIDATES
from tests.report.html import parse

HTML = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'&lt;</svg></style>]]>"
MARKDOWN = "](javascript:alert(1)) `x` | **b** <b>\n# heading\n| a | b |\n<!-- http://evil.example"
MATHS = "$\\frac{1}{0}$ \\undefined{ $x_{"
CONTROL = "a\x00b\x1b[31mc\u202egnp.exe\ud800\ufffe"
JINJA = "{{ 7 * 191 }}{% raw %}"
STRINGS = {"html": HTML, "markdown": MARKDOWN, "maths": MATHS, "control": CONTROL, "jinja": JINJA}
MAKERS = (sample.suppression, others.production, others.asymmetry)
MANY = [f"r{n:02d}" for n in range(2, 20)] + list(CANDIDATES[3:])
FIXED = {"schema", "status", "id", "claim", "kind", "outcome", "scale", "method", "replicate"}
FIXED |= {"arm", "arms", "on", "operation", "control", "readout", "baseline", "reference"}


def poisoned(value: Any, bad: str, key: str = "") -> Any:
    """Every string of a JSON value with ``bad`` appended; keys that choose code paths stay."""
    if isinstance(value, Mapping):
        return {k: poisoned(v, bad, str(k)) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [poisoned(v, bad, key) for v in value]
    return value + bad if isinstance(value, str) and key not in FIXED else value


def hostile(report: ReportInput, bad: str) -> ReportInput:
    """The input with ``bad`` in every text field, also names of arms and candidates."""

    storable = bad.encode("utf-8", "replace").decode()  # tables and canonical JSON are UTF-8

    def renamed(rows: Any) -> Any:
        return [{**row, "name": row["name"] + storable} for row in rows]

    claim = poisoned(report.claim, bad)
    claim["arms"] = renamed(report.claim["arms"])
    rule = claim.get("dose_rule")
    if rule:
        claim["dose_rule"] = {**rule, "arm": report.claim["dose_rule"]["arm"] + storable}
    cells = {}
    for mode, frame in report.cells.items():
        changed = frame.copy()
        for column in ("arm", "variant", "stratum", "text", "dictionary", "hook", "text_variant"):
            if column in changed:
                changed[column] = [v + storable if v else v for v in changed[column].astype(str)]
        cells[mode] = changed
    return replace(
        report,
        verdict=poisoned(report.verdict, bad)
        | {
            "deviations": [f"a field differs{bad}"],
            "excluded": [f"replicate 9{bad}"],
            "amended": [{"field": bad, "reason": bad}],
            "superseded_by": bad,
        },
        claim=claim | {"waivers": {f"power{bad}": bad}},
        lock=poisoned(report.lock, storable),
        ledger=tuple(poisoned(row, bad) for row in report.ledger),
        anchors=({"kind": bad},),
        related=({"claim": bad, "words": bad, "finished": True},),
        replicates=tuple(poisoned(row, bad) for row in report.replicates),
        cells=cells,
    )


def small(report: ReportInput) -> ReportInput:
    """The input with two replicates, few controls and few candidates, which is quick to draw."""
    criteria = [{**c, "members": c["members"][:3]} for c in report.verdict["criteria"]]
    cells = {
        mode: frame[(frame["replicate"] < 2) & ~frame["variant"].isin(MANY)]
        if "variant" in frame
        else frame
        for mode, frame in report.cells.items()
    }
    verdict = dict(report.verdict) | {"criteria": criteria}
    return replace(report, verdict=verdict, cells=cells, replicates=report.replicates[:2])


@pytest.fixture(scope="module")
def harmless() -> dict[Any, Rendered]:
    return {make: render_claim(hostile(small(make()), "x")) for make in MAKERS}


def shape(page: str) -> list[tuple[str, tuple[str, ...]]]:
    """Tags and attribute names, in order."""
    return [(e.tag, tuple(e.attributes)) for e in parse(page).elements]


def markup(text: str) -> str:
    """What a CommonMark reader could take for markup once code spans and escapes are gone."""
    text = re.sub(r"(?ms)^(`{3,})\n.*?^\1$", "", text)
    text = re.sub(r"\\[!-/:-@\[-`{-~]", "", text)
    return re.sub(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", text)


CASES = [(make, kind) for make in MAKERS[1:] for kind in STRINGS]
CASES += [(sample.suppression, "html"), (sample.suppression, "control")]


@pytest.mark.parametrize(("make", "kind"), CASES)
def test_hostile_text_stays_text(make: Any, kind: str, harmless: dict[Any, Rendered]) -> None:
    """The page has the same elements and attributes as with harmless text of the same fields."""
    made = render_claim(hostile(small(make()), STRINGS[kind]))
    steps = re.compile(r"<ol>.*?</ol>", re.S)  # hostile text may split a sample into more steps
    assert shape(steps.sub("", made.html)) == shape(steps.sub("", harmless[make].html))
    check_characters(made)


def check_characters(made: Rendered) -> None:
    text = made.html + made.markdown
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)
    assert "1337" not in text
    made.html.encode("utf-8")
    left = markup(made.markdown)
    assert not re.search(r"<(?!\s)[a-z/!]", left, re.I), re.findall(r".{20}<[a-z/!].{20}", left)
    assert "](" not in left
    assert not re.search(r"https?://", left)


def test_markdown_tables_keep_their_columns() -> None:
    """A pipe or a line break in a cell makes no new cell and no new row."""
    made = render_claim(hostile(small(sample.suppression()), MARKDOWN)).markdown
    for block in re.findall(r"(?:^\|.*\|$\n?)+", made, re.M):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block.strip().splitlines()}
        assert len(widths) == 1, block
    assert "# heading" not in [line.strip() for line in made.splitlines()]


def test_hostile_index() -> None:
    """The index escapes titles, sentences and notes, and links nowhere but down."""
    for bad in STRINGS.values():
        for href in ("javascript:alert(1)", "//evil.example/x", f"a/{bad}"):
            made = render_index(
                [IndexRow(bad, bad, bad, bad, 8, bad, bad, bad, href, bad, ((bad, bad),))]
            )
            links = [e.attributes["href"] for e in parse(made.html).all("a")]
            assert not [h for h in links if re.match(r"//|[a-z]+:", h)]
            check_characters(Rendered(made.html, re.sub(r"\]\([^)\s]*\)", "", made.markdown)))
            assert "](javascript:" not in markup(made.markdown)
