"""The standing of every claim of a workspace: what ``claims status`` and pytest's summary list.

Not covered: re-checking everything stored (``harness.verdict.verify``).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.digest import digest
from harness.errors import ClaimsError, NothingThere
from harness.lock.closure import evaluator_closure
from harness.lock.lockfile import lock_path
from harness.measure.job import Job, TamperedError, attempt_job, lock_of, measured
from harness.measure.tables import load_evidence
from harness.verdict.judge import judge
from harness.verdict.records import Status, Verdict


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


def judge_job(job: Job) -> Verdict:
    """Judge what a job has measured so far, under the evaluator of this installation."""
    seed = job.seeds.seed("resampling", job.claim.id)
    return judge(load_evidence(job), judged_by=digest(evaluator_closure()), seed=seed)


def claim_ids(root: Path) -> tuple[str, ...]:
    """Every claim of the workspace, by file or by lock, in order."""
    folder = root / "claims"
    names = {p.stem for p in folder.glob("*.yaml")}
    names |= {p.name.removesuffix(".lock.json") for p in folder.glob("*.lock.json")}
    return tuple(sorted(names))


def standing(root: Path, claim_id: str) -> StandingRow:
    """One claim's standing now. Never raises for a state of the record: it becomes the status."""
    where = f"claims/{claim_id}.yaml"
    if not lock_path(root, claim_id).is_file():
        text = f"Not registered. Explore it (claims explore {claim_id}), then claims lock."
        return StandingRow(claim_id, Status.UNLOCKED, text, "", "", 0, 0, where)
    registration = ""
    try:
        registration = lock_of(root, claim_id).registration
        job = attempt_job(root, claim_id)
    except TamperedError as error:
        return StandingRow(claim_id, Status.TAMPERED, error.sentence, registration, "", 0, 0, where)
    except ClaimsError as error:
        return StandingRow(claim_id, Status.TAMPERED, error.sentence, registration, "", 0, 0, where)
    done, planned = len(measured(job)), len(job.replicates)
    where = str(job.folder.relative_to(root))
    try:
        verdict = judge_job(job)
        status, sentence = verdict.status, verdict.sentence
    except NothingThere:
        status, sentence = Status.LOCKED, f"Registered, not yet run: claims run {claim_id}."
    except ClaimsError as error:
        status, sentence = Status.TAMPERED, error.sentence
    return StandingRow(claim_id, status, sentence, registration, job.attempt, done, planned, where)


def all_standings(root: Path) -> tuple[StandingRow, ...]:
    """Every claim's standing."""
    return tuple(standing(root, claim_id) for claim_id in claim_ids(root))
