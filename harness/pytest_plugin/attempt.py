"""One claim's attempt in this process: measured once, judged once, asked by many items.

An error that bars every item (not locked, tampered with) is found once and raised for each. From
its first measurement on, the process is alive on the attempt until pytest ends, so that the items
of one run are one run on the ledger.

Not covered: which process measures what; ``harness.measure`` queues them through file locks.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import ClaimsError

if TYPE_CHECKING:
    from harness.measure.job import Job
    from harness.pytest_plugin.live import Live
    from harness.verdict.records import Verdict


class Attempt:
    """The attempt of claim ``claim`` in the workspace ``root``; nothing happens until asked."""

    def __init__(self, root: Path, claim: str) -> None:
        self.root, self.claim = root, claim
        self._job: Job | ClaimsError | None = None
        self._verdict: Verdict | None = None
        self._alive = ExitStack()
        self._entered = False

    @property
    def job(self) -> Job:
        """The job. Raises :class:`ClaimsError` where the claim may not run."""
        if self._job is None:
            from harness.measure.job import attempt_job

            try:
                self._job = attempt_job(self.root, self.claim)
            except ClaimsError as error:
                self._job = error
        if isinstance(self._job, ClaimsError):
            raise self._job
        return self._job

    def measure(self, replicate: int, progress: Live) -> None:
        """Measure one replicate, unless it is measured; the last one closes the record. Where a
        rule adds replicates there is no last one: whoever asks for the verdict goes on."""
        from harness.measure.run import measure_all, measure_replicate

        self._enter()
        measure_replicate(self.job, replicate, progress)
        if self.job.complete:
            measure_all(self.job, progress)

    def verdict(self, progress: Live) -> Verdict:
        """The verdict, after helping with whatever is not yet measured."""
        if self._verdict is None:
            from harness.measure.run import measure_all
            from harness.verdict.judging import judge_job, stops

            self._enter()
            measure_all(self.job, progress, stops)
            self._verdict = judge_job(self.job)
        return self._verdict

    def withdrawn(self) -> str:
        """How the claim was withdrawn; empty where it, or a successor in its place, stands."""
        from harness.lock.ledger import read
        from harness.lock.withdraw import withdrawal

        gone = withdrawal(read(self.root), self.claim, self.job.registration)
        return "" if gone is None or gone.successor else gone.sentence

    def leave(self) -> None:
        """The run is over for this process."""
        self._alive.close()

    def _enter(self) -> None:
        from harness.measure.alive import alive

        if not self._entered:
            self._alive.enter_context(alive(self.job))
            self._entered = True
