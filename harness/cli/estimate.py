"""What a reproduction will do, and how long its attempt took: said before anything is measured.

The estimate is the time that the published attempts took on their machine, by the ledger's times,
which are what a clock said. Claims that were attempted together share models, so their times are
joined and not added.

Not covered: how fast this machine is; what is cached already.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from harness.cli.progress import duration

if TYPE_CHECKING:
    from harness.lock.ledger import Row
    from harness.measure.job import Job

Span = tuple[float, float]


def plan(jobs: Sequence[Job], rows: Iterable[Row]) -> tuple[str, ...]:
    """Lines: a claim each, the whole, the estimate where the ledger allows one."""
    from harness.measure.needs import models_needed

    lines, every = [], set()
    for job in jobs:
        models = {
            (job.registration, *key)
            for replicate in job.replicates
            for key in models_needed(job.claim, job.recipe, replicate)
        }
        every |= models
        lines.append(f"{job.claim.id}: {len(job.replicates)} replicates, {len(models)} models")
    claims = f"{len(jobs)} claim{'' if len(jobs) == 1 else 's'}"
    lines.append(f"plan: {claims}, {len(every)} models to train or find in .cache")
    spans = _spans(jobs, list(rows))
    if spans:
        took = duration(_joined(spans))
        lines.append(f"estimate: {took}, which the published attempts took on their machine")
    return tuple(lines)


def _spans(jobs: Sequence[Job], rows: list[Row]) -> list[Span]:
    """From start to finish of each finished attempt."""
    out = []
    for job in jobs:
        times = {
            row.kind: _seconds(row.time)
            for row in rows
            if row.body.get("claim") == job.claim.id
            and row.body.get("registration") == job.registration
        }
        began, ended = times.get("attempt-started"), times.get("attempt-finished")
        if began is not None and ended is not None and ended > began:
            out.append((began, ended))
    return out


def _joined(spans: list[Span]) -> float:
    """Seconds that at least one span covers."""
    total, reached = 0.0, float("-inf")
    for began, ended in sorted(spans):
        total += max(0.0, ended - max(began, reached))
        reached = max(reached, ended)
    return total


def _seconds(time: str) -> float | None:
    try:
        return datetime.fromisoformat(time).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
