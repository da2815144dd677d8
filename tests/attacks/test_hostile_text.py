"""Text that wants to be more than text: in pages, figures, Markdown, terminals, JUnit and JSON."""

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.cli.output import Output
from harness.errors import BadInput, ClaimsError, Problem, RecordBroken
from harness.lock.register import register
from harness.measure.job import Job
from harness.report.build import publish_verdict
from harness.report.page import render_claim
from harness.shown import encodable, escaped_json, unseen, visible
from harness.verdict.standing import all_standings
from tests.attacks.acts import Capture, accepted, command
from tests.measure.forged import REPLICATES, attempted
from tests.report import sample
from tests.report.html import Element, parse
from tests.report.test_hostile import markup
from tests.toy_workspace import claim, make

TEXTS = {
    "script": "<script>alert(1)</script>",
    "handler": "\"><img src=x onerror='alert(1)'>",
    "closing": "</title></style></svg></script>--> ]]>",
    "entity": "&lt;b&gt; &#60;script&#62; &amp;",
    "link": "[x](javascript:alert(1)) <javascript:alert(1)> https://evil.example/?x",
    "image": "![x](https://evil.example/x.png)",
    "heading": "# h",
    "table": "| a | b | `c` | ~~d~~ | **e** | _f_",
    "fence": "```` ``` ~~~",
    "maths": "$\\frac{1}{0}$ \\undefined{ $x_{ $$",
    "template": "{{ 'q' * 9 }} {% raw %} {# x #} ${7*7} #{7*7} <%= 7*7 %>",
    "format": "{0.__class__} {arm} %s %n %(x)s",
    "shell": "; rm -rf / # $(id) `id` && id | id > x",
    "escape-in-words": "\\x1b[31m \\e[31m ^[[31m \\033[31m",
    "mention": "@everyone #1 :tada: GH-1",
    "other-scripts": "\u0430\u0440\u0435 \u05e9\u05dc \u0645\u0631 \u4f60\u597d \U0001f600",
    "wide": "\uff1cscript\uff1e\uff08x\uff09",
}


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def hostile_claim(text: str) -> str:
    """The toy claim with the text in every field that takes words."""
    whole = claim("easy", replicates=REPLICATES)
    for old, new in (
        ("title: Random decoders are surprised", f"title: {quoted(text)}"),
        ("statement: The ordinary loss of a random decoder is above 1.0 nats per token.",
         f"statement: {quoted(text)}"),
        ("source: [toy]", f"source: [{quoted(text)}]"),
        ("why: toys are always well", f"why: {quoted(text)}"),
        ("why: arithmetic", f"why: {quoted(text)}"),
        ("reference: {on: standard}", f"reference: {{on: standard, label: {quoted(text)}}}"),
        ("does_not_show: [anything about trained models]",
         f"does_not_show: [{quoted(text)}]\n"
         f"shown:\n  more: {{kind: level, arm: baseline, readout: rate, label: {quoted(text)}}}\n"),
    ):  # fmt: skip
        assert whole.count(old) == 1, old
        whole = whole.replace(old, new)
    return whole


@pytest.fixture
def shown(tmp_path: Path, request: pytest.FixtureRequest) -> Job:
    """A measured and published claim whose every word is hostile."""
    root = make(tmp_path / "study", easy=hostile_claim(TEXTS[request.param]))
    register(root, ["easy"])
    register(root, ["easy"], reason=TEXTS[request.param])
    job = attempted(root)
    publish_verdict(job)
    return job


HARMLESS = re.compile(r"#[A-Za-z0-9_-]+|(\.\./){0,2}[a-z0-9-]+(/[a-z0-9-]+)*(\.[a-z]+)*")
"""Anchors and relative links into the workspace: no scheme, no host, no climbing out of it."""


def check_page(page: str) -> None:
    """Nothing on the page runs, loads or styles itself; links lead to pages beside it."""
    for element in parse(page).elements:
        check_element(element)
    assert "q" * 9 not in page
    policy = next(e for e in parse(page).all("meta") if "http-equiv" in e.attributes)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.attributes["content"].split(";"))
    assert set(rules) == {"default-src", "style-src", "base-uri", "form-action"}
    assert {rules["default-src"], rules["base-uri"], rules["form-action"]} == {"'none'"}
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/=]+'", rules["style-src"])


def check_element(element: Element) -> None:
    banned = {
        "script",
        "iframe",
        "object",
        "embed",
        "link",
        "img",
        "form",
        "base",
        "input",
        "video",
    }
    banned |= {"foreignobject", "animate", "set", "image", "feimage", "audio", "source", "template"}
    assert element.tag.lower() not in banned
    for name, value in element.attributes.items():
        assert not name.lower().startswith("on"), (element.tag, name)
        assert name.lower() not in ("style", "srcdoc", "formaction", "ping", "background", "src")
        if name.lower() in ("href", "xlink:href", "action"):
            assert HARMLESS.fullmatch(value), value
        if "url(" in value:
            assert re.fullmatch(r"url\(#[A-Za-z0-9_-]+\)", value), value


@pytest.mark.parametrize("shown", TEXTS, indirect=True)
def test_words_of_a_claim_stay_words_everywhere(shown: Job, capsys: Capture) -> None:
    """Page, index, Markdown, table and JSON show them and obey none of them."""
    root = shown.root
    accepted(capsys, root, "check")
    accepted(capsys, root, "verify")
    assert "PASS" in accepted(capsys, root, "status").out
    accepted(capsys, root, "report")
    reports = root / "reports"
    for page in (reports / "index.html", reports / "easy/index.html"):
        check_page(page.read_text(encoding="utf-8"))
    for text in (reports / "index.md", reports / "easy/report.md"):
        left = markup(text.read_text(encoding="utf-8"))
        left = re.sub(r"\]\((\.\./)?[a-z0-9./-]*\)", "", left)  # our own links
        assert "](" not in left
        assert not re.search(r"<(?!\s)[a-z/!]", left, re.I)
        assert not re.search(r"https?://", left)
    value = json.loads(accepted(capsys, root, "status", "--json").out)
    assert value["claims"][0]["status"] == "PASS"


def test_the_words_are_on_the_page(tmp_path: Path, capsys: Capture) -> None:
    """Escaping shows the text; it does not drop it."""
    root = make(tmp_path / "study", easy=hostile_claim(TEXTS["script"]))
    register(root, ["easy"])
    attempted(root)
    accepted(capsys, root, "report")
    page = (root / "reports/easy/index.html").read_text(encoding="utf-8")
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 5


STREAMS = (
    *("\x1b[2J\x1b[31mred", "\x9b31m", "a\rb", "a\x08b", "\x07", "a\nforged: ready", "\u202egnp"),
    *("\u2066x\u2069", "a\u200bb", "\ufeff", "\ud800", "\U000e0041", "\x7f", "\x00", "\u2028"),
    *("\x1b]0;t\x07", "\u0085"),
)


@pytest.mark.parametrize("text", STREAMS)
def test_no_text_steers_a_terminal(text: str) -> None:
    """Every way in which words reach a person writes out what cannot be seen."""
    output = Output(out=io.StringIO(), err=io.StringIO())
    output.say(f"said {text}")
    output.complain(text)
    output.table(("a", "b"), [(text, "x")], title=text)
    for error in (
        ClaimsError("broken", where=text, fix=text),
        RecordBroken(text),
        BadInput((Problem(text, 1, text, text, text), Problem("b", 2, "", "x"))),
    ):
        output.error(error)
        assert not [c for c in error.sentence if unseen(c) and c != "\n"]
    said = output.out.getvalue() + output.err.getvalue()
    assert not [c for c in said if unseen(c) and c != "\n"]
    assert visible(text) != text


@pytest.mark.parametrize(
    "text",
    ["plain", "caf\u00e9", "\u2713 \u2014 \u00a0x", "\u05e9\u05dc\u05d5\u05dd", "\U0001f600"],
)
def test_text_that_can_be_seen_is_shown_as_it_is(text: str) -> None:
    """Letters of any script, signs and wide spaces are not touched."""
    output = Output(out=io.StringIO(), err=io.StringIO())
    output.say(text)
    assert output.out.getvalue() == f"{text}\n"
    assert visible(text) == text
    assert escaped_json(json.dumps(text, ensure_ascii=False)) == json.dumps(
        text, ensure_ascii=False
    )


class Terminal(io.StringIO):
    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    "text", [*STREAMS, "[red]PASS[/red]", "[link=https://evil.example]x[/link]"]
)
def test_a_table_on_a_terminal_obeys_no_cell(text: str) -> None:
    """The colours are ours: a cell has none of its own, in no language."""
    honest, hostile = Terminal(), Terminal()
    Output(out=honest, err=honest).table(("claim", "standing"), [("x", "FAIL")], title="t")
    Output(out=hostile, err=hostile).table(("claim", "standing"), [(text, "FAIL")], title=text)
    codes = re.compile(r"\x1b\[[0-9;]*m")
    assert set(codes.findall(hostile.getvalue())) <= set(codes.findall(honest.getvalue())) | {
        "\x1b[3m"
    }
    plain = codes.sub("", hostile.getvalue())
    assert not [c for c in plain if unseen(c) and c != "\n"]


@pytest.mark.parametrize("text", STREAMS)
def test_json_output_is_the_same_value_in_escapes(text: str) -> None:
    """A program gets exactly the text; a person who looks at it gets no control character."""
    output = Output(as_json=True, out=io.StringIO(), err=io.StringIO())
    output.result({"text": text, text: [text]})
    said = output.out.getvalue()
    assert not [c for c in said if unseen(c) and c != "\n"]
    assert json.loads(said) == {"text": text, text: [text]}


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_printing_never_fails_for_want_of_letters(encoding: str) -> None:
    """A stream that lacks a letter gets its number."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, errors="strict")
    output = Output(out=stream, err=stream, as_json=True)
    output.complain("caf\u00e9 \u4f60 \U0001f600 \u2713")
    output.table(("a",), [("\u4f60",)])
    output.result({"a": "\u4f60\ud800"})
    stream.flush()
    assert raw.getvalue().decode(encoding).startswith("caf")
    assert encodable("abc", stream) == "abc"


def test_numbers_that_json_lacks_are_null() -> None:
    """A loss that overflowed does not end the command in a traceback."""
    output = Output(as_json=True, out=io.StringIO(), err=io.StringIO())
    output.result({"a": [float("inf"), float("nan"), 1.5], "b": {"c": -float("inf")}})
    assert json.loads(output.out.getvalue()) == {"a": [None, None, 1.5], "b": {"c": None}}


def test_a_long_line_is_cut_and_says_so() -> None:
    """A name of a megabyte does not fill the screen."""
    assert len(visible("a" * 1_000_000)) < 5000
    assert "more characters" in ClaimsError("a" * 1_000_000).sentence
    assert ClaimsError("a" * 3000).what == "a" * 3000


@pytest.mark.parametrize("shown", ["script", "maths"], indirect=True)
def test_pytest_shows_hostile_words_and_names_as_text(
    shown: Job, pytester: pytest.Pytester
) -> None:
    """Terminal, summary and JUnit: names of files too, in a run that passes but for them."""
    root = shown.root
    good = pytester.runpytest_inprocess(str(root / "claims"), f"--rootdir={root}")
    good.assert_outcomes(passed=REPLICATES + 3)
    for name in ("a\x1b[32mPASS.yaml", "b\nPASSED.yaml", "c\u202e.yaml"):
        (root / "claims" / name).write_text(claim("x"))
    report = pytester.path / "junit.xml"
    done = pytester.runpytest_inprocess(
        str(root / "claims"), f"--rootdir={root}", f"--junitxml={report}", "-rA", "--color=no"
    )
    done.assert_outcomes(errors=3)
    said = done.stdout.str() + done.stderr.str()
    assert not [c for c in said if unseen(c) and c != "\n"]
    assert r"a\x1b[32mPASS" in said
    assert len(all_standings(root)) == 4
    cases = [case.get("name") or "" for case in ET.parse(report).iter("testcase")]
    assert not [c for name in cases for c in name if c in "\x1b\x00\x07"]


def test_every_figure_of_a_page_needs_no_style_of_its_own() -> None:
    """The drawings' classes are the page's; nothing in them is styled, scripted or fetched."""
    page = render_claim(sample.suppression()).html
    drawings = [e for e in parse(page).elements if "svg" in (e.tag, *e.path)]
    assert len(drawings) > 100
    for element in drawings:
        check_element(element)


@pytest.mark.parametrize("value", [1e308, -1e308, 5e-324, 1e-300])
def test_a_figure_of_numbers_at_the_edge_is_drawn(value: float) -> None:
    """Axes that would overflow end in a page, not in a traceback of the drawing library."""
    report = sample.suppression()
    criteria: list[dict[str, Any]] = [dict(c) for c in report.verdict["criteria"]]
    criteria[0] |= {"estimate": value, "low": -value, "high": value, "values": [value] * 8}
    cells = {mode: frame.copy() for mode, frame in report.cells.items()}
    cells["score"]["ordinary_loss"] = np.where(cells["score"]["dose"] > 0, value, 1.0)
    page = render_claim(
        replace(report, verdict={**report.verdict, "criteria": criteria}, cells=cells)
    )
    check_page(page.html)


def test_the_same_claim_in_plain_words_has_the_same_standing(study: Path, capsys: Capture) -> None:
    """What the attacks start from."""
    assert "UNLOCKED" in command(capsys, study, "status").out
