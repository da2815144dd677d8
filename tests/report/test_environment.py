"""Tests of harness.report.environment: Markdown that means nothing but itself."""

from __future__ import annotations

import pytest
from jinja2 import UndefinedError

from harness.report.environment import block, code, escaped, markdown_environment, table


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a *b* _c_", r"a \*b\* \_c\_"),
        ("- not a list", r"\- not a list"),
        ("1. not a list", r"1\. not a list"),
        ("0.5 stays", "0.5 stays"),
        ("-0.5 stays", "-0.5 stays"),
        ("# no\n# heading", r"\# no \# heading"),
        ("a|b", r"a\|b"),
        ("<b>&amp;", r"\<b\>\&amp;"),
        ("http://x.example www.x.example", r"http\://x.example www\.x.example"),
        ("back\\slash", r"back\\slash"),
        ("---", r"\---"),
    ],
)
def test_escaped(text: str, line: str) -> None:
    """Whatever Markdown would react to is escaped; numbers and words stay readable."""
    assert escaped(text) == line


def test_code_spans_hold_backticks() -> None:
    """A code span's fence is longer than any run inside it; pipes cannot split a table."""
    assert code("a`b") == "`` a`b ``"
    assert "|" not in code("a|b")
    assert block("x\n```\ny").startswith("````\n")


def test_table_cells_cannot_break_out() -> None:
    """Pipes and line breaks in a cell stay in the cell."""
    lines = table(["h"], [["a|b\nc"]]).splitlines()
    assert lines == ["| h |", "| --- |", "| a\\|b c |"]


def test_expressions_are_escaped_by_default() -> None:
    """A template that forgets to escape is escaped; an undefined name is an error."""
    env = markdown_environment()
    assert env.from_string("{{ x }}").render(x="*a*") == r"\*a\*"
    with pytest.raises(UndefinedError):
        env.from_string("{{ missing }}").render()
