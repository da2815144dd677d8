"""What people and programs read."""

from __future__ import annotations

import io
import json

import pytest

from harness.cli.output import Output, number
from harness.errors import BadInput, ClaimsError, Problem


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_with_json_stdout_holds_one_value_and_nothing_else() -> None:
    """Words and tables stay away from the stream that a program parses."""
    output = Output(as_json=True, out=io.StringIO(), err=io.StringIO())
    output.say("hello")
    output.table(("a",), [("1",)])
    output.result({"a": 1})
    assert json.loads(output.out.getvalue()) == {"a": 1}
    assert output.err.getvalue() == "hello\n"


def test_without_json_the_result_is_silent() -> None:
    """People are spared the machine-readable value."""
    output = Output(out=io.StringIO(), err=io.StringIO())
    output.result({"a": 1})
    assert output.out.getvalue() == ""


def test_a_table_is_plain_and_aligned_when_nobody_watches() -> None:
    """Piped tables can be cut and grepped."""
    output = Output(out=io.StringIO(), err=io.StringIO())
    output.table(("claim", "standing"), [("a-long-name", "PASS"), ("b", "FAIL")])
    assert output.out.getvalue().splitlines() == [
        "claim        standing",
        "a-long-name  PASS",
        "b            FAIL",
    ]


def test_a_table_on_a_terminal_keeps_its_text_literally() -> None:
    """Square brackets in a claim's sentence are text, not markup."""
    output = Output(out=Terminal(), err=io.StringIO())
    output.table(("what",), [("[red]PASS[/red]",)])
    assert "[red]PASS[/red]" in output.out.getvalue()


def test_an_error_is_a_sentence_and_under_json_also_its_parts() -> None:
    """A program that asked for JSON gets JSON when things go wrong, every problem in it."""
    output = Output(as_json=True, out=io.StringIO(), err=io.StringIO())
    output.error(BadInput((Problem("a.yaml", 3, "arms", "unknown key", "Remove it"),)))
    value = json.loads(output.out.getvalue())
    assert value["exit_code"] == 2
    assert value["error"]["problems"][0]["line"] == 3
    assert output.err.getvalue().startswith("claims: a.yaml:3 at arms: unknown key")


@pytest.mark.parametrize(("value", "shown"), [(None, "-"), (float("nan"), "-"), (0.5, "0.500")])
def test_what_was_not_measured_is_a_dash(value: float | None, shown: str) -> None:
    """A missing number never looks like a zero."""
    assert number(value) == shown


def test_an_error_without_json_writes_nothing_to_stdout() -> None:
    """Errors are for stderr."""
    output = Output(out=io.StringIO(), err=io.StringIO())
    output.error(ClaimsError("broken", where="here", fix="Mend it"))
    assert output.out.getvalue() == ""
    assert output.err.getvalue() == "claims: here: broken. Mend it\n"
