"""Judging a job: its evidence from disk, the evaluator of this installation, seeds from the lock.

Not covered: judging itself (``harness.verdict.judge``), publishing (``harness.report.build``).
"""

from __future__ import annotations

from harness.digest import digest
from harness.lock.closure import evaluator_closure
from harness.lock.memory import remember
from harness.measure.job import Job
from harness.measure.tables import load_evidence
from harness.verdict.judge import judge
from harness.verdict.records import Verdict


def judge_job(job: Job) -> Verdict:
    """Judge what a job has measured so far, under the evaluator of this installation.

    A verification, which is of one moment, judges each job once (``harness.lock.memory``).
    """

    def judged() -> Verdict:
        evidence = load_evidence(job)  # first: what is not measured may have no seeds yet
        seed = job.seeds.seed("resampling", job.claim.id)
        return judge(evidence, judged_by=digest(evaluator_closure()), seed=seed)

    return remember(("judged", job.folder, job.claim.id, job.registration), judged)
