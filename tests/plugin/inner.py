"""Runs of pytest inside a test, and what their summary lists.

The fixtures that make the workspaces are in ``tests.plugin.given``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

HEAD = "registered and not reported in this run:"
FAILS = "claims: the run fails: "


QUICK = ("-p", "no:hypothesispytest", "-p", "no:cacheprovider")
"""Without plugins that are slow to load and have no part in it."""


class Inner:
    """Runs of pytest inside this process, on a copy of a workspace that passes strictly."""

    def __init__(self, pytester: pytest.Pytester, root: Path) -> None:
        self.pytester, self.root = pytester, root
        self.claims = root / "claims"

    def conftest(self, text: str) -> None:
        (self.root / "conftest.py").write_text(f"import os\nimport pytest\n\n{text}\n")

    def __call__(
        self, *argv: object, where: str = "claims", quick: tuple[str, ...] = QUICK
    ) -> pytest.RunResult:
        options = [f"--rootdir={self.root}", *quick, *map(str, argv)]
        places = [str(self.root / where)] if where else []
        return self.pytester.runpytest_inprocess(*options, *places)

    def strict(self, *argv: object, where: str = "claims") -> pytest.RunResult:
        return self("--strict-claims", *argv, where=where)


def listed(result: pytest.RunResult) -> list[str]:
    """The lines under the heading."""
    lines = result.outlines
    if HEAD not in lines:
        return []
    start = lines.index(HEAD) + 1
    stop = next(i for i in range(start, len(lines)) if not lines[i].startswith("  "))
    return [line.strip() for line in lines[start:stop]]


def faults(result: pytest.RunResult) -> list[str]:
    return [line.removeprefix(FAILS) for line in result.outlines if line.startswith(FAILS)]


ALL = "verdict, criterion::surprised, precondition::healthy and 3 more (6 of 6 items)"


def fails_for(result: pytest.RunResult, *lines: str, items: int) -> None:
    """The strict run lists exactly this and fails for it."""
    assert listed(result) == list(lines)
    assert faults(result) == [f"{items} registered and not reported (strict)"]
    assert result.ret != 0
