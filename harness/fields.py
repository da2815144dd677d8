"""Typed reading of a parsed document, collecting every problem instead of stopping at the first.

A :class:`Node` is one value with its path. Its methods check a type and return the value, or note a
problem and return a harmless stand-in, so that the rest is still read; :meth:`Reader.finish` raises
once, at the end, with everything. Nothing is coerced: ``"5"`` is not a number, 5 is not a text.

Not covered: which fields a document has (``harness.claim.parse``, ``harness.subject.recipe``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.errors import BadInput, Problem, nearest
from harness.shapes import kind_of
from harness.yamlio import MOST_PROBLEMS, Document, child

IDENTIFIER = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
LONGEST_ID = 64
LONGEST_TEXT = 4000
MOST_NAMED = 256
"""Arms, directions and the like of one document: each is looked at beside all others."""


@dataclass
class Reader:
    """The problems of one document, and where its values stand."""

    document: Document
    problems: list[Problem] = field(default_factory=list)

    @property
    def root(self) -> Node:
        return Node(self, "", self.document.value)

    def line(self, path: str) -> int:
        """The line of ``path``, or of the nearest ancestor that has one; 0 if unknown."""
        while path and path not in self.document.lines:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.document.lines.get(path, 0)

    def problem(self, path: str, what: str, fix: str = "") -> None:
        self.problems.append(Problem(self.document.file, self.line(path), path, what, fix))
        if len(self.problems) >= MOST_PROBLEMS:
            self.finish()  # more help nobody, and finding the nearest name takes time

    def finish(self) -> None:
        """Raise :class:`BadInput` if there was any problem."""
        if self.problems:
            raise BadInput(tuple(sorted(self.problems, key=lambda p: p.line)))


@dataclass(frozen=True)
class Node:
    """One value of a document."""

    reader: Reader
    path: str
    value: Any

    def problem(self, what: str, fix: str = "") -> None:
        self.reader.problem(self.path, what, fix)

    def wrong(self, wanted: str) -> None:
        """Note that the value is of another type than ``wanted``."""
        shown = f" ({self.value!r})" if isinstance(self.value, str | int | float) else ""
        self.problem(
            f"{kind_of(self.value)}{shown[:60]} where {wanted} is needed", f"Write {wanted}"
        )

    def entries(self, wanted: str = "a mapping") -> list[tuple[str, Node]]:
        """The entries of a mapping, in the file's order."""
        if not isinstance(self.value, dict):
            self.wrong(wanted)
            return []
        return [(k, Node(self.reader, child(self.path, k), v)) for k, v in self.value.items()]

    def named(self, what: str, most: int = MOST_NAMED) -> list[tuple[str, Node]]:
        """The entries of a mapping whose keys are identifiers; ``what`` names one of them."""
        out = []
        entries = self.entries(f"a mapping of {what} names")
        if len(entries) > most:
            self.problem(f"{len(entries)} entries, more than {most}", "Split the claim")
        for key, node in entries[:most]:
            if good_id(key):
                out.append((key, node))
            else:
                node.problem(f"{key!r} cannot name {article(what)}", ID_FIX)
        return out

    def items(self, wanted: str = "a list") -> list[Node]:
        """The entries of a list."""
        if not isinstance(self.value, list):
            self.wrong(wanted)
            return []
        return [Node(self.reader, child(self.path, n), v) for n, v in enumerate(self.value)]

    def fields(self, required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, Node]:
        """The entries of a mapping with these keys; unknown and missing keys are problems."""
        known = (*required, *optional)
        found = dict(self.entries())
        for key, node in found.items():
            if key not in known:
                node.problem(f"unknown key {key!r}", f"Nearest keys: {nearest(key, known)}")
        if isinstance(self.value, dict):
            for key in required:
                if key not in found:
                    self.problem(f"{key!r} is missing", f"Add {key}:")
        return {k: node for k, node in found.items() if k in known}

    def text(self, longest: int = LONGEST_TEXT) -> str:
        """Non-empty text."""
        if not isinstance(self.value, str):
            self.wrong("text (in quotes if it looks like a number)")
            return ""
        if not self.value.strip():
            self.problem("the text is empty", "Write a sentence or remove the key")
        elif len(self.value) > longest:
            self.problem(f"the text is longer than {longest} characters", "Shorten it")
        return self.value.strip()

    def word(self, choices: Sequence[str], what: str = "value") -> str:
        """One of ``choices``."""
        if not isinstance(self.value, str):
            self.wrong(f"one of {', '.join(choices)}")
            return choices[0] if choices else ""
        if self.value not in choices:
            self.problem(
                f"unknown {what} {self.value!r}", f"Nearest: {nearest(self.value, tuple(choices))}"
            )
            return choices[0] if choices else ""
        return self.value

    def identifier(self, what: str = "identifier") -> str:
        """An identifier."""
        if not isinstance(self.value, str):
            self.wrong(article(what))
            return "x"
        if not good_id(self.value):
            self.problem(f"{self.value!r} cannot be {article(what)}", ID_FIX)
            return "x"
        return self.value

    def pattern(self, regex: re.Pattern[str], wanted: str) -> str:
        """Text that matches ``regex`` wholly."""
        if not isinstance(self.value, str) or not regex.fullmatch(self.value):
            self.wrong(wanted)
            return ""
        return self.value

    def number(
        self,
        low: float | None = None,
        high: float | None = None,
        *,
        above: float | None = None,
        below: float | None = None,
    ) -> float:
        """A finite number within the closed bounds ``low``, ``high`` and the open ones."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            self.wrong("a number")
            return 0.5
        value = float(self.value)
        outside = (
            (low is not None and value < low, f"at least {low}"),
            (high is not None and value > high, f"at most {high}"),
            (above is not None and value <= above, f"above {above}"),
            (below is not None and value >= below, f"below {below}"),
        )
        for wrong, wanted in outside:
            if wrong:
                self.problem(f"{value:g} is out of bounds", f"Write a number {wanted}")
        return value

    def count(self, low: int = 0, high: int = 1_000_000) -> int:
        """A whole number within closed bounds."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            self.wrong("a whole number")
            return low
        if not low <= self.value <= high:
            self.problem(
                f"{self.value} is out of bounds", f"Write a whole number from {low} to {high}"
            )
            return low
        return self.value

    def flag(self) -> bool:
        """true or false."""
        if not isinstance(self.value, bool):
            self.wrong("true or false")
            return False
        return self.value


ID_FIX = f"Use lower-case letters, digits and hyphens (a-z, 0-9, -), at most {LONGEST_ID}"


def good_id(text: str) -> bool:
    """Whether ``text`` is an identifier."""
    return len(text) <= LONGEST_ID and IDENTIFIER.fullmatch(text) is not None


def article(noun: str) -> str:
    """The noun with a or an."""
    return f"{'an' if noun[:1] in 'aeio' else 'a'} {noun}"
