"""The standing of every claim of a workspace: what ``claims status`` and pytest's summary list.

Not covered: re-checking everything stored (``harness.verdict.verify``).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.claim.parse import load_claim
from harness.errors import ClaimsError, NothingThere, OutOfOrder
from harness.lock.ledger import read
from harness.lock.record import attempted, registrations
from harness.lock.stored import is_registered
from harness.lock.withdraw import Withdrawal, withdrawal
from harness.measure.attest import attest
from harness.measure.job import attempt_job, lock_of, measured
from harness.verdict.judging import judge_job
from harness.verdict.records import Status


@dataclass(frozen=True)
class StandingRow:
    """One claim's standing; ``sentence`` says what it rests on or what to do next."""

    claim: str
    status: Status
    sentence: str
    registration: str
    attempt: str
    replicates_done: int
    replicates_planned: int
    where: str

    def as_json(self) -> dict[str, Any]:
        return {**self.__dict__, "status": self.status.name}


def claim_ids(root: Path) -> tuple[str, ...]:
    """Every claim of the workspace, by file, by lock or by the ledger, in order.

    A claim whose files are gone stays listed as long as the ledger knows it.
    """
    folder = root / "claims"
    names = {p.stem for p in folder.glob("*.yaml")}
    names |= {p.name.removesuffix(".lock.json") for p in folder.glob("*.lock.json")}
    with suppress(ClaimsError):  # a broken ledger is each registered claim's own standing
        for row in registrations(read(root)):
            names |= set(row.body["claims"])
    return tuple(sorted(names))


def standing(root: Path, claim_id: str) -> StandingRow:
    """One claim's standing now. Never raises for a state of the record: it becomes the status."""
    where = f"claims/{claim_id}.yaml"
    try:
        registered = is_registered(root, claim_id)
    except ClaimsError as error:
        return StandingRow(claim_id, Status.TAMPERED, error.sentence, "", "", 0, 0, where)
    if not registered:
        text = f"Not registered. Explore it (claims explore {claim_id}), then claims lock."
        if not _readable(root, claim_id):
            text = "Not registered, and not a claim as it is: claims check says why."
        return StandingRow(claim_id, Status.UNLOCKED, text, "", "", 0, 0, where)
    registration = ""
    gone: Withdrawal | None = None
    try:
        registration = lock_of(root, claim_id).registration
        gone = withdrawal(read(root), claim_id, registration)
        job = attempt_job(root, claim_id)
    except OutOfOrder:  # withdrawn before it was complete
        text = gone.sentence if gone else "Not registered."
        return StandingRow(claim_id, Status.WITHDRAWN, text, registration, "", 0, 0, where)
    except ClaimsError as error:
        return StandingRow(claim_id, Status.TAMPERED, error.sentence, registration, "", 0, 0, where)
    done, planned = len(measured(job)), len(job.replicates)
    where = str(job.folder.relative_to(root))
    try:
        finished = attest(job)
        verdict = judge_job(job)
        status, sentence = verdict.status, verdict.sentence
        if not finished and status is not Status.INCOMPLETE:
            status = Status.INCOMPLETE
            sentence = f"Measured, but not on the ledger as finished: claims run {claim_id}."
    except NothingThere:
        status, sentence = Status.LOCKED, f"Registered, not yet run: claims run {claim_id}."
        if attempted(read(root), claim_id, registration):
            status, sentence = Status.INCOMPLETE, f"Begun, nothing is there: claims run {claim_id}."
        if job.deviations:
            sentence += f" Whatever comes of it is DEVIATED: {job.deviations[0]}."
    except ClaimsError as error:
        status, sentence = Status.TAMPERED, error.sentence
    if gone is not None and status is not Status.TAMPERED:
        sentence = f"{gone.sentence.rstrip('.')}. Its verdict was {status.name}: {sentence}"
        status = status if gone.successor else Status.WITHDRAWN
    return StandingRow(claim_id, status, sentence, registration, job.attempt, done, planned, where)


def _readable(root: Path, claim_id: str) -> bool:
    """Whether the claim's file can be parsed."""
    try:
        load_claim(root, claim_id)
    except ClaimsError:
        return False
    return True


def all_standings(root: Path) -> tuple[StandingRow, ...]:
    """Every claim's standing."""
    return tuple(standing(root, claim_id) for claim_id in claim_ids(root))
