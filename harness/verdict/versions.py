"""Every version of a claim with what became of it: registered, attempted, judged, withdrawn.

An amended claim's earlier versions keep their measurements and their verdicts; they are judged
again from what is stored, as the current one is.

Not covered: how they are shown side by side (``harness.report.versions_view``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import ClaimsError, NothingThere
from harness.lock.amend import Version, deviations, versions
from harness.lock.ledger import read
from harness.lock.record import attempted, lock_from
from harness.lock.withdraw import Withdrawal, withdrawal
from harness.measure.attest import attest
from harness.measure.job import Job, recorded_job
from harness.measure.store import read_json
from harness.verdict.judging import judge_job
from harness.verdict.records import Status

MEASURABLE = "measurable"
"""Kind of the precondition that stands for a criterion without numbers (``harness.verdict.judge``).
"""


@dataclass(frozen=True)
class VersionRow:
    """One version: ``status`` and ``sentence`` as judged now, ``deviations`` from the ledger."""

    version: Version
    status: Status
    sentence: str
    deviations: tuple[str, ...]
    withdrawn: Withdrawal | None
    registered: tuple[str, ...]
    """Names of its preconditions, criteria and shown estimands, as ``criterion::name``."""
    reported: tuple[str, ...] | None
    """The same of its published verdict; None where nothing is published."""

    def as_json(self) -> dict[str, Any]:
        """What a page and ``--json`` show."""
        one = self.version
        return {
            "version": one.number,
            "registration": one.registration,
            "row": one.row.seq,
            "time": one.row.time,
            "reason": one.reason,
            "effect": one.effect,
            "changes": [change.as_json() for change in one.changed],
            "attempted": one.attempted,
            "status": self.status.name,
            "sentence": self.sentence,
            "deviations": list(self.deviations),
            "withdrawn": self.withdrawn.sentence if self.withdrawn else "",
            "registered": list(self.registered),
            "reported": None if self.reported is None else list(self.reported),
        }


def version_jobs(root: Path, claim_id: str) -> tuple[tuple[Version, Job], ...]:
    """Every version of a claim with the job of its attempt.

    Raises :class:`harness.errors.RecordBroken` where the ledger is not whole.
    """
    return tuple(
        (one, recorded_job(root, lock_from(one.row, claim_id)))
        for one in versions(read(root), claim_id)
    )


def version_rows(
    root: Path, claim_id: str, judged: Mapping[str, tuple[Status, str]] | None = None
) -> tuple[VersionRow, ...]:
    """Every version with its standing, in order. Raises as :func:`version_jobs` does.

    ``judged`` holds, by registration, what a caller has judged already.
    """
    rows = read(root)
    known = judged or {}
    out = []
    for one, job in version_jobs(root, claim_id):
        status, sentence = known.get(one.registration) or _standing(job)
        gone = withdrawal(rows, claim_id, one.registration)
        if gone is not None and not gone.successor and status is not Status.TAMPERED:
            status = Status.WITHDRAWN
        out.append(
            VersionRow(
                one,
                status,
                sentence,
                deviations(rows, claim_id, one.registration),
                gone,
                registered_names(job),
                reported_names(job),
            )
        )
    return tuple(out)


def registered_names(job: Job) -> tuple[str, ...]:
    """What the claim of a job promised to report."""
    claim = job.claim
    return (
        *(f"precondition::{p.name}" for p in claim.preconditions),
        *(f"criterion::{c.name}" for c in claim.criteria),
        *(f"shown::{name}" for name in claim.shown),
    )


def reported_names(job: Job) -> tuple[str, ...] | None:
    """What the published verdict of a job reports; None where there is none.

    A criterion that could not be computed is reported as a failed precondition of its own.
    """
    path = job.folder / "verdict.json"
    if not path.is_file():
        return None
    try:
        value = read_json(path)
        return (
            *(_as_registered(p) for p in value["preconditions"]),
            *(f"criterion::{c['name']}" for c in value["criteria"]),
            *(f"shown::{s['name']}" for s in value["shown"]),
        )
    except (ClaimsError, KeyError, TypeError, AttributeError):
        return None  # what cannot be read reports nothing; verification names it


def _as_registered(precondition: dict[str, Any]) -> str:
    name = str(precondition["name"])
    if precondition["kind"] == MEASURABLE:
        return f"criterion::{name.removesuffix('-' + MEASURABLE)}"
    return f"precondition::{name}"


def _standing(job: Job) -> tuple[Status, str]:
    """What is stored of an attempt, judged now; never raises for a state of the record."""
    try:
        finished = attest(job)
        verdict = judge_job(job)
    except NothingThere:
        if attempted(read(job.root), job.claim.id, job.registration):
            return Status.INCOMPLETE, "Begun, and nothing of it is there."
        return Status.LOCKED, "Registered, never measured."
    except ClaimsError as error:
        return Status.TAMPERED, error.sentence
    if not finished and verdict.status is not Status.INCOMPLETE:
        return Status.INCOMPLETE, "Measured, but not on the ledger as finished."
    return verdict.status, verdict.sentence
