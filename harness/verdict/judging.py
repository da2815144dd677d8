"""Judging a job: its evidence from disk, the evaluator of this installation, seeds from the lock.

Not covered: judging itself (``harness.verdict.judge``), publishing (``harness.report.build``).
"""

from __future__ import annotations

from harness.digest import digest
from harness.lock.closure import evaluator_closure
from harness.lock.memory import remember
from harness.measure.job import Job
from harness.measure.tables import first_replicates, load_evidence
from harness.verdict.judge import judge, settled
from harness.verdict.records import Verdict


def stops(job: Job, n: int) -> bool:
    """Whether the rule of a job that adds replicates stops after the first ``n`` of them."""
    evidence = first_replicates(load_evidence(job), n)
    return bool(settled(evidence, _seed(job)))


def _seed(job: Job) -> int:
    return job.seeds.seed("resampling", job.claim.id)


def judge_job(job: Job) -> Verdict:
    """Judge what a job has measured so far, under the evaluator of this installation.

    A verification, which is of one moment, judges each job once (``harness.lock.memory``).
    """

    def judged() -> Verdict:
        evidence = load_evidence(job)  # first: what is not measured may have no seeds yet
        return judge(evidence, judged_by=digest(evaluator_closure()), seed=_seed(job))

    return remember(("judged", job.folder, job.claim.id, job.registration), judged)
