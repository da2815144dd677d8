"""From what was found to a claim's status: the worst of its criteria, after its standing.

``DEVIATED > INVALID > FAIL > INCONCLUSIVE > PASS``; an exploration is EXPLORATORY whatever it
found, and an attempt that is not complete has no verdict.

Not covered: TAMPERED, which leaves nothing to weigh (``harness.measure.job``).
"""

from __future__ import annotations

from harness.measure.tables import Evidence
from harness.verdict.records import CriterionResult, Outcome, PreconditionResult, Status


def weigh(
    evidence: Evidence,
    complete: bool,
    checks: tuple[PreconditionResult, ...],
    criteria: tuple[CriterionResult, ...],
) -> Status:
    """The claim's status."""
    if evidence.kind == "exploration":
        return Status.EXPLORATORY
    if not complete:
        return Status.INCOMPLETE
    if evidence.deviations:
        return Status.DEVIATED
    return _weighed(checks, criteria)


def _weighed(
    checks: tuple[PreconditionResult, ...], criteria: tuple[CriterionResult, ...]
) -> Status:
    """What preconditions and criteria come to by themselves."""
    if not checks or not criteria or any(not c.held for c in checks):
        return Status.INVALID
    outcomes = {c.outcome for c in criteria}
    for outcome, status in (
        (Outcome.FAIL, Status.FAIL),
        (Outcome.INCONCLUSIVE, Status.INCONCLUSIVE),
    ):
        if outcome in outcomes:
            return status
    return Status.PASS
