"""What a job is: one claim's plan with its seeds and its folder, of one of three kinds.

Not covered: making jobs, and what the ledger is told (``harness.measure.job``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.claim.schema import Claim
from harness.errors import ClaimsError
from harness.lock.compare import Difference
from harness.measure.store import measured_replicates, recorded_replicates
from harness.plan.seeds import Seeds
from harness.subject.interface import Recipe

ATTEMPT, REPRODUCTION, EXPLORATION = "attempt", "reproduction", "exploration"


class TamperedError(ClaimsError):
    """Something differs from the lock; carries the differences, field by field."""

    exit_code = 3

    def __init__(self, claim_id: str, differences: Sequence[Difference]) -> None:
        self.differences = tuple(differences)
        lines = "; ".join(str(d) for d in self.differences[:6])
        more = len(self.differences) - 6
        super().__init__(
            f"differs from its lock: {lines}" + (f"; and {more} more" if more > 0 else ""),
            where=claim_id,
            fix="Restore what was locked, or change it in the open: claims amend (the earlier "
            "version stays on the ledger)",
        )


@dataclass(frozen=True)
class Job:
    """One claim's plan: where it reads from, which seeds it uses, where it writes."""

    root: Path
    claim: Claim
    recipe: Recipe
    seeds: Seeds
    folder: Path
    kind: str
    registration: str
    attempt: str
    deviations: tuple[str, ...] = ()
    """Why no clean verdict can come of it (an earlier version had begun its attempt)."""
    until: int | None = None
    """Of a plan that adds replicates: after how many its rule has stopped, for who closes the
    record; of its reproduction: how many the published attempt has."""

    @property
    def final_split(self) -> str:
        """The split that is judged: explorations never touch ``confirm``."""
        return "explore" if self.kind == EXPLORATION else "confirm"

    @property
    def open(self) -> bool:
        """Whether it is for a rule to say how many replicates are measured, and it has not."""
        return self._until is None and self.claim.subject.sequential is not None

    @property
    def replicates(self) -> range:
        """All that the plan has; those until the rule stopped, where one has."""
        until = self._until
        return range(self.claim.subject.replicates if until is None else until)

    @property
    def complete(self) -> bool:
        """Whether all of them are there. An open job's are not, before its rule has spoken."""
        return not self.open and set(self.replicates) <= set(measured(self))

    @property
    def _until(self) -> int | None:
        if self.until is not None or self.claim.subject.sequential is None:
            return self.until
        return recorded_replicates(self.folder / "attempt.json")


def measured(job: Job) -> tuple[int, ...]:
    """Replicates that are complete on disk, also those beyond where a rule stopped."""
    return measured_replicates(job.folder, job.claim.subject.replicates)
