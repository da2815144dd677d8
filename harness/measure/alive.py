"""Who is alive on an attempt, and what the ledger is told where nobody was.

Every process that measures an attempt holds ``flock`` on one file under ``.cache/locks``, shared
with the others, for as long as it works; the kernel takes it back when the process ends, however it
ends. Whoever gets that file alone knows that nobody is alive. If the attempt has then started and
not finished, an earlier run was broken off, and a row ``attempt-interrupted`` stands on the ledger
before anything goes on.

Everybody comes in under the ledger's lock: ``flock`` gives one lock up before it takes the other
when it converts, and in that gap a second process would find nobody alive.

Not covered: platforms and file systems without ``flock``, where no interruption is ever claimed; a
run that goes on while another process of the broken one, or one that it forked, is still there (the
attempt never stood still); a ``.cache`` that is deleted under a process that measures.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from harness.digest import digest, short
from harness.flock import alone, share
from harness.lock.ledger import append_locked, locked, read
from harness.measure.job import ATTEMPT, Job, attempt_key, measured


@contextmanager
def alive(job: Job) -> Iterator[None]:
    """Be alive on the job's attempt while the block runs. Blocks of one process may be nested.

    An attempt that was broken off before gets its row first. Nothing happens for what is no
    attempt, nor for one that is finished: that one is only judged again, and nothing is written.
    Raises as ``ledger.append`` does.
    """
    if job.kind != ATTEMPT or "attempt-finished" in _kinds(job):
        yield
        return
    handle = _enter(job)
    try:
        yield
    finally:
        os.close(handle)


def _enter(job: Job) -> int:
    with locked(job.root):  # it makes the folder of the locks
        name = short(digest({"alive": job.folder.relative_to(job.root).as_posix()}), 24)
        place = job.root / ".cache" / "locks" / f"{name}.alive"
        handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        try:
            nobody = alone(handle)
            if nobody and _kinds(job) & {"attempt-started", "attempt-finished"} == {
                "attempt-started"
            }:
                body = {**attempt_key(job), "measured": list(measured(job))}
                append_locked(job.root, "attempt-interrupted", body)
            if nobody is not None:
                share(handle)
        except BaseException:
            os.close(handle)
            raise
    return handle


def _kinds(job: Job) -> set[str]:
    """The kinds of the ledger's rows about this attempt."""
    key = attempt_key(job).items()
    return {row.kind for row in read(job.root) if key <= row.body.items()}
