"""The files that a claim's plan asks of its attempt.

Not covered: what is in them (``harness.measure.tables``), digests (``harness.measure.store``).
"""

from __future__ import annotations

from pathlib import Path

from harness.errors import RecordBroken
from harness.measure.job_record import Job
from harness.measure.store import CellName, direction_file, read_json, record_path
from harness.plan.expand import plan


def planned_cells(job: Job) -> dict[str, bool]:
    """Relative name of every cell of the plan -> whether it has to be there (one at the judged dose
    is left out where no dose is admissible)."""
    wanted = job.replicates
    return {
        f"cells/{CellName(c.arm, c.replicate, c.split, c.mode).file}": not c.waits
        for c in plan(job.claim, job.recipe, job.final_split)
        if c.replicate in wanted
    }


def refuse_incomplete(job: Job) -> None:
    """Raise :class:`RecordBroken` for a planned cell, or a fitted direction, that is not there."""
    wanted: list[tuple[int, str, str]] = []
    for place, needed in planned_cells(job).items():
        if needed:
            wanted.append((CellName.parse(Path(place).name).replicate, "cell", place))
    for r in job.replicates:
        fitted = read_json(record_path(job.folder, r)).get("direction_norm") or {}
        wanted += [(r, "direction", f"directions/{direction_file(one, r)}") for one in fitted]
    for replicate, what, place in wanted:
        if not (job.folder / place).is_file():
            raise RecordBroken(
                f"the planned {what} {Path(place).name} is not there",
                where=str(job.folder.relative_to(job.root)),
                fix=f"Delete replicate.{replicate}.json there to have it measured again",
            )
