"""Measuring jobs in this process or in several, with one progress for all of them.

Workers share nothing but the file locks of ``harness.measure.run``: each takes what nobody holds,
starting with replicates of its own, so that two workers seldom want the same model at once; then it
waits for the rest. They report as JSON lines on their stdout.

Not covered: attempts (``claims run`` goes through pytest), workers on several machines.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from harness.errors import ClaimsError

if TYPE_CHECKING:
    from harness.measure.job import Job


class Progress(Protocol):
    """What this module tells."""

    def say(self, text: str) -> None: ...
    def step(self, what: str, done: int, total: int) -> None: ...


class WorkerFailed(ClaimsError):
    """A worker ended with an error of its own; carries its exit code."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["what"], where=error["where"], fix=error["fix"])
        self.exit_code = int(error["exit_code"])


@dataclass(frozen=True)
class JobName:
    """A job by name, so that a worker process can make it: ``replicates`` for explorations."""

    root: Path
    claim: str
    kind: str
    replicates: int | None = None

    def job(self) -> Job:
        """The job. Raises :class:`ClaimsError` where it may not be measured."""
        from harness.measure.job import EXPLORATION, exploration_job, reproduction_job

        if self.kind == EXPLORATION:
            return exploration_job(self.root, self.claim, self.replicates)
        return reproduction_job(self.root, self.claim)

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "root": str(self.root)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> JobName:
        return cls(**{**value, "root": Path(value["root"])})


def measure(names: Sequence[JobName], workers: int, progress: Progress) -> tuple[Job, ...]:
    """Measure everything that is missing and return the jobs, complete.

    Raises :class:`ClaimsError` for what a worker could not do.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # one thread a process, before torch wakes up
    jobs = jobs_of(names)
    total = sum(len(job.replicates) for job in jobs)
    count = Count(jobs, progress)
    count.tell()
    if done(jobs) < total:
        if workers == 1:
            for _ in rounds(jobs, 0, 1, progress):
                count.tell()
        else:
            _spread(names, min(workers, total), progress, count)
    from harness.measure.run import measure_all

    for job in jobs:
        measure_all(job, progress)  # all is measured: this closes the record
    return jobs


def jobs_of(names: Sequence[JobName]) -> tuple[Job, ...]:
    """The jobs; code that several of them are compared with is read once."""
    from harness.lock.memory import remembered

    with remembered():
        return tuple(name.job() for name in names)


class Count:
    """Tells how many replicates are there, each number once."""

    def __init__(self, jobs: Sequence[Job], progress: Progress) -> None:
        self._jobs, self._progress = jobs, progress
        self._told = -1

    def tell(self) -> None:
        now = done(self._jobs)
        if now != self._told:
            self._told = now
            total = sum(len(job.replicates) for job in self._jobs)
            self._progress.step("replicates", now, total)


def done(jobs: Sequence[Job]) -> int:
    """Replicates on disk."""
    from harness.measure.job import measured

    return sum(len(measured(job)) for job in jobs)


def rounds(jobs: Sequence[Job], worker: int, workers: int, progress: Progress) -> Iterator[None]:
    """Measure as worker ``worker`` of ``workers``; yields after each replicate that is there.

    Of a replicate the claim that needs most models first: a long one at the very end would leave
    the other workers without work.
    """
    from harness.measure.needs import models_needed
    from harness.measure.run import measure_replicate

    def models(job: Job) -> int:
        return sum(len(models_needed(job.claim, job.recipe, r)) for r in job.replicates)

    longest_first = sorted(jobs, key=models, reverse=True)
    last = max(len(job.replicates) for job in jobs)
    own_first = sorted(range(last), key=lambda r: ((r - worker) % workers, r))
    for wait in (False, True):
        for replicate in own_first:
            for job in longest_first:
                if replicate in job.replicates:
                    measure_replicate(job, replicate, progress, wait=wait)
                    yield


def _spread(
    names: Sequence[JobName],
    workers: int,
    progress: Progress,
    count: Count,
) -> None:
    plan = json.dumps([name.as_json() for name in names])
    said: queue.Queue[dict[str, Any]] = queue.Queue()
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "harness.cli.worker", str(k), str(workers), plan],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        )
        for k in range(workers)
    ]
    readers = [threading.Thread(target=_read, args=(p, said), daemon=True) for p in processes]
    try:
        for reader in readers:
            reader.start()
        _follow(readers, said, progress, count)
        for process in processes:
            if process.wait() != 0:
                raise ClaimsError(
                    f"a worker process ended with exit code {process.returncode}",
                    fix="Its message is above; the same command resumes",
                )
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


def _read(process: subprocess.Popen[str], said: queue.Queue[dict[str, Any]]) -> None:
    for line in process.stdout or ():
        said.put(json.loads(line))


def _follow(
    readers: Sequence[threading.Thread],
    said: queue.Queue[dict[str, Any]],
    progress: Progress,
    count: Count,
) -> None:
    while any(reader.is_alive() for reader in readers) or not said.empty():
        try:
            message = said.get(timeout=0.5)
        except queue.Empty:
            continue
        if "error" in message:
            raise WorkerFailed(message["error"])
        if "say" in message:
            progress.say(message["say"])
        count.tell()
