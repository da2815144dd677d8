"""Standings of claims as rows and as an exit code.

Not covered: how a standing comes about (``harness.verdict.standing``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.errors import EXIT_EMPTY, EXIT_NEGATIVE, EXIT_NO_STANDING, EXIT_OK

if TYPE_CHECKING:
    from harness.verdict.standing import StandingRow

JUDGED_AGAINST = ("FAIL", "INCONCLUSIVE")
COLUMNS = ("claim", "standing", "replicates", "what it means")


def exit_code(rows: Sequence[StandingRow]) -> int:
    """The worst of the rows: no standing (3) before FAIL (1) before PASS (0); no rows: 4."""
    if not rows:
        return EXIT_EMPTY
    names = {row.status.name for row in rows}
    if names <= {"PASS"}:
        return EXIT_OK
    return EXIT_NEGATIVE if names <= {"PASS", *JUDGED_AGAINST} else EXIT_NO_STANDING


def cells(row: StandingRow) -> tuple[str, str, str, str]:
    """One row for people."""
    done = f"{row.replicates_done}/{row.replicates_planned}"
    return row.claim, row.status.name, done, row.sentence
