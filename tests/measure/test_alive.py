"""The ledger hears of every gap in an attempt, once, and of none where somebody still measured."""

from __future__ import annotations

import multiprocessing
import shutil
import threading
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from filelock import FileLock

from harness import flock
from harness.lock.ledger import read
from harness.measure import alive as living
from harness.measure import runner
from harness.measure.alive import alive
from harness.measure.artefacts import Silent
from harness.measure.job import (
    Job,
    attempt_job,
    begin,
    exploration_job,
    finish,
    reproduction_job,
)
from harness.measure.run import measure_all, measure_replicate
from harness.verdict.records import Status
from harness.verdict.standing import standing
from harness.verdict.verify import verify
from tests.measure.forged import attempted, workspace, write_replicate

FORK = multiprocessing.get_context("fork")


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registered workspace; do not write."""
    return workspace(tmp_path_factory.mktemp("alive") / "study")


@pytest.fixture
def job(locked: Path, tmp_path: Path) -> Job:
    """A registered claim of which nothing is measured."""
    shutil.copytree(locked, tmp_path / "study")
    return attempt_job(tmp_path / "study", "easy")


def kinds(job: Job) -> list[str]:
    """The ledger's rows after the registration."""
    return [row.kind.removeprefix("attempt-") for row in read(job.root)[1:]]


def _stay(job: Job, within: Connection) -> None:
    with alive(job):
        begin(job)
        within.send("in")
        within.recv()


def elsewhere(job: Job) -> BaseProcess:
    """Another process that is alive on the attempt."""
    here, there = FORK.Pipe()
    process = FORK.Process(target=_stay, args=(job, there))
    process.start()
    assert here.recv() == "in"
    return process


def test_a_first_run_interrupts_nothing(job: Job) -> None:
    """There was nothing to break off."""
    with alive(job):
        begin(job)
    assert kinds(job) == ["started"]


def test_a_run_after_a_broken_one_says_so_first_with_what_was_measured(job: Job) -> None:
    """The row stands before the next measurement, once for each gap."""
    with alive(job):
        begin(job)
        write_replicate(job, 1)
    for _ in range(2):
        with alive(job):
            assert kinds(job)[-1] == "interrupted"
    assert kinds(job) == ["started", "interrupted", "interrupted"]
    assert read(job.root)[-1].body == {
        "claim": "easy",
        "registration": job.registration,
        "attempt": "a1",
        "measured": [1],
    }


def test_blocks_within_blocks_are_one_run(job: Job) -> None:
    """What a process does inside one run is no interruption of it."""
    with alive(job):
        begin(job)
        for _ in range(2):
            with alive(job):
                pass
    assert kinds(job) == ["started"]


def test_a_run_beside_a_living_one_is_no_interruption(job: Job) -> None:
    """The other process measures; once it is killed, the next one finds the gap."""
    other = elsewhere(job)
    with alive(job):
        assert kinds(job) == ["started"]
    other.kill()
    other.join()
    with alive(job):
        assert kinds(job) == ["started", "interrupted"]


def test_a_gap_is_only_where_everybody_was_gone(job: Job) -> None:
    """One of two dies: the attempt went on all the time."""
    other = elsewhere(job)
    with alive(job):
        other.kill()
        other.join()
        with alive(job):
            pass
    assert kinds(job) == ["started"]


def _enter(job: Job, barrier: Barrier) -> None:
    barrier.wait()
    with alive(job):
        barrier.wait()  # all are in before the first leaves


def test_workers_that_start_together_write_one_row(job: Job) -> None:
    """Eight processes resume at the same instant, five times over: one row each time."""
    begin(job)
    for n in range(5):
        barrier = FORK.Barrier(8)
        workers = [FORK.Process(target=_enter, args=(job, barrier)) for _ in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
            assert worker.exitcode == 0
        assert kinds(job) == ["started"] + ["interrupted"] * (n + 1)


def test_nobody_slips_into_the_gap_between_alone_and_shared(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one who decides gives its lock up for a moment; another who comes then has to wait."""
    begin(job)
    others: list[threading.Thread] = []
    entered = threading.Event()

    def other() -> None:
        with alive(job):
            entered.set()

    def slow(handle: int) -> None:
        if not others:
            flock.fcntl.flock(handle, flock.fcntl.LOCK_UN)  # the gap, as wide as can be
            others.append(threading.Thread(target=other))
            others[0].start()
            assert not entered.wait(0.3)
        real(handle)

    real = flock.share
    monkeypatch.setattr("harness.measure.alive.share", slow)
    with alive(job):
        others[0].join(30)
    assert entered.is_set()
    assert kinds(job) == ["started", "interrupted"]


def test_where_nobody_can_know_nothing_is_claimed(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without ``flock`` an interruption is never said; the run goes on."""
    begin(job)
    monkeypatch.setattr(flock, "fcntl", None)
    with alive(job):
        pass
    assert kinds(job) == ["started"]


def test_what_is_no_attempt_leaves_no_trace(job: Job) -> None:
    """Explorations and reproductions are broken off as one likes."""
    begin(job)
    locks = sorted((job.root / ".cache").rglob("*"))
    for make in (exploration_job, reproduction_job):
        with alive(make(job.root, "easy")):
            pass
    assert kinds(job) == ["started"]
    assert sorted((job.root / ".cache").rglob("*")) == locks


def test_a_finished_attempt_is_never_interrupted_and_takes_no_lock(job: Job) -> None:
    """Judging it again is no run."""
    attempted(job.root)
    locks = sorted((job.root / ".cache").rglob("*"))
    with alive(job):
        measure_all(job, Silent())
    assert kinds(job) == ["started", "finished"]
    assert sorted((job.root / ".cache").rglob("*")) == locks


def test_an_attempt_finished_between_look_and_lock_is_not_interrupted(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last of the others may finish it while this one comes in."""
    begin(job)
    real = living.locked

    def late(root: Path) -> FileLock:
        monkeypatch.setattr(living, "locked", real)
        attempted(root)
        return real(root)

    monkeypatch.setattr(living, "locked", late)
    with alive(job):
        pass
    assert kinds(job) == ["started", "finished"]


@pytest.mark.parametrize("raised", [RuntimeError("diverged"), KeyboardInterrupt(), OSError(28, "")])
def test_whatever_ended_a_run_is_told_by_the_next(
    job: Job, raised: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A builder that raises, an interrupt, a full disk: the trace is the same."""

    def breaks(job: Job, replicate: int, *_: object) -> None:
        if replicate == 1:
            raise raised
        write_replicate(job, replicate)

    monkeypatch.setattr(runner, "measure", breaks)
    with pytest.raises(type(raised)):
        measure_all(job, Silent())
    assert kinds(job) == ["started"]
    monkeypatch.setattr(
        runner, "measure", lambda job, replicate, *_: write_replicate(job, replicate)
    )
    measure_all(job, Silent())
    assert kinds(job) == ["started", "interrupted", "finished"]
    assert read(job.root)[2].body["measured"] == [0]


def test_a_run_killed_before_its_last_step_is_told_with_all_measured(job: Job) -> None:
    """Complete on disk and not finished on the ledger: that is an interruption too."""
    begin(job)
    for replicate in job.replicates:
        write_replicate(job, replicate)
    measure_all(job, Silent())
    assert kinds(job) == ["started", "interrupted", "finished"]
    assert read(job.root)[2].body["measured"] == [0, 1, 2]


def test_calls_for_single_replicates_are_one_run_inside_a_block(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outside of one, each call is a run of its own, and the ledger says that it stopped."""
    monkeypatch.setattr(
        runner, "measure", lambda job, replicate, *_: write_replicate(job, replicate)
    )
    with alive(job):
        measure_replicate(job, 0, Silent())
        measure_replicate(job, 1, Silent())
    assert kinds(job) == ["started"]
    measure_replicate(job, 2, Silent())
    assert kinds(job) == ["started", "interrupted"]


def test_an_interruption_changes_no_standing_and_no_verification(job: Job, tmp_path: Path) -> None:
    """The rows are read by kind: PASS without, PASS with them; verified either way."""
    shutil.copytree(job.root, tmp_path / "calm")
    calm = attempted(tmp_path / "calm")
    begin(job)
    write_replicate(job, 0)
    with alive(job):
        for replicate in job.replicates:
            write_replicate(job, replicate)
        assert standing(job.root, "easy").status is Status.INCOMPLETE
        assert finish(job)
    assert kinds(job) == ["started", "interrupted", "finished"]
    for one in (calm, job):
        assert standing(one.root, "easy").status is Status.PASS
        assert verify(one.root).ok


def test_a_root_reached_by_another_path_is_the_same_attempt(job: Job, tmp_path: Path) -> None:
    """A process that came through a link is found alive."""
    (tmp_path / "link").symlink_to(job.root)
    begin(job)
    with alive(attempt_job(tmp_path / "link", "easy")):
        rows = kinds(job)
        with alive(job):
            assert kinds(job) == rows == ["started", "interrupted"]
