"""The last section of a run: every registered claim of the workspace with its standing.

Not covered: how a standing comes about (``harness.verdict.standing``).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ClaimsError
from harness.shown import visible

ROOTS = pytest.StashKey[dict[Path, None]]()
WORKER_KEY = "causal_claims_workspaces"
MARKUP = {
    "PASS": {"green": True},
    "FAIL": {"red": True},
    "INCONCLUSIVE": {"yellow": True},
    "INVALID": {"purple": True},
    "DEVIATED": {"purple": True},
    "TAMPERED": {"red": True, "bold": True},
}


def remember(config: pytest.Config, root: Path) -> None:
    """A workspace whose claims were collected."""
    config.stash.setdefault(ROOTS, {})[root] = None


def roots(config: pytest.Config) -> tuple[Path, ...]:
    """The workspaces of this run, in the order in which they were met."""
    seen: dict[Path, None] = config.stash.get(ROOTS, {})
    return tuple(seen)


def write(reporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The section, one line a claim; nothing where no claim was collected."""
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    for root in roots(config):
        from harness.verdict.standing import all_standings

        reporter.ensure_newline()
        reporter.section("claims")
        try:
            rows = all_standings(root)
        except ClaimsError as error:
            reporter.write_line(error.sentence, red=True)
            continue
        ran = _examined(reporter)
        width = max((len(row.claim) for row in rows), default=0)
        for row in rows:
            status = row.status.name
            note = "" if row.claim in ran else " (not in this run)"
            reporter.write(f"{visible(row.claim):<{width}}  ")
            reporter.write(f"{status:<12}", **MARKUP.get(status, {}))
            reporter.write(f"  {visible(row.sentence, lines=True)}{note}\n")
        if not rows:
            reporter.write_line("no claim is registered: claims lock ID...")


def _examined(reporter: pytest.TerminalReporter) -> set[str]:
    """Claims of which at least one item ran."""
    return {
        value
        for reports in reporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == "claim"
    }
