"""Where a command's words go: people read stdout, programs read one JSON value on stdout.

With ``--json`` stdout carries the result and nothing else; words for people go to stderr. Tables
are drawn by rich when stdout is a terminal and are tab-aligned plain lines otherwise.

Whatever is printed may come from a stranger's file: control characters are written out, so that no
text moves the cursor or forges a line of ours (``harness.shown``).

Not covered: progress of a measurement (``harness.cli.progress``).
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TextIO

from harness.errors import BadInput, ClaimsError
from harness.shown import encodable, escaped_json, visible

COLOURS = {
    "PASS": "green",
    "FAIL": "red",
    "INCONCLUSIVE": "yellow",
    "INVALID": "magenta",
    "DEVIATED": "magenta",
    "TAMPERED": "bold red",
    "EXPLORATORY": "cyan",
}


@dataclass
class Output:
    """One command's output. ``as_json`` is the ``--json`` switch."""

    as_json: bool = False
    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)

    @property
    def people(self) -> TextIO:
        """The stream for words: stderr when stdout belongs to a program."""
        return self.err if self.as_json else self.out

    def say(self, text: str = "") -> None:
        """One paragraph for people."""
        _print(text, self.people)

    def complain(self, text: str) -> None:
        """One paragraph on stderr."""
        _print(text, self.err)

    def result(self, value: Mapping[str, Any]) -> None:
        """The machine-readable result; silent without ``--json``."""
        if self.as_json:
            plain = _finite(value)
            text = json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False, default=str)
            print(encodable(escaped_json(text), self.out), file=self.out)

    def error(self, error: ClaimsError) -> None:
        """The sentence of an error on stderr, and its parts as JSON where JSON was asked for."""
        self.complain(f"claims: {error.sentence}")
        value: dict[str, Any] = {"what": error.what, "where": error.where, "fix": error.fix}
        if isinstance(error, BadInput):
            value["problems"] = [vars(problem) for problem in error.problems]
        self.result({"error": value, "exit_code": error.exit_code})

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]], title: str = "") -> None:
        """A table for people; the cells are text. A cell that is a status is coloured."""
        if self.as_json:
            return
        rows = [[visible(cell) for cell in row] for row in rows]
        if self.out.isatty():
            _rich_table(self.out, columns, rows, visible(title))
            return
        if title:
            self.say(title)
        widths = [max(len(r[i]) for r in (columns, *rows)) for i in range(len(columns))]
        for row in (columns, *rows):
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
            self.say("  ".join(cells).rstrip())


def _finite(value: Any) -> Any:
    """The value with null for what JSON has no number for, such as a loss that overflowed."""
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _print(text: str, stream: TextIO) -> None:
    print(encodable(visible(text, lines=True), stream), file=stream)


def _rich_table(
    out: TextIO, columns: Sequence[str], rows: Sequence[Sequence[str]], title: str
) -> None:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title) if title else None, title_justify="left", box=SIMPLE)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(
            *(
                Text(encodable(cell, out), style=COLOURS.get(cell.split(" ", 1)[0], ""))
                for cell in row
            )
        )
    Console(file=out).print(table)


def number(value: float | None, digits: int = 3) -> str:
    """A number for a table; a dash for what was not measured (None, NaN)."""
    return "-" if value is None or math.isnan(value) else f"{value:.{digits}f}"
