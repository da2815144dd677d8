"""Measuring replicates, alone or beside other workers: file locks, help first, wait after.

Any number of processes may measure the same job. A replicate is measured under its file lock;
whoever comes second finds it done. ``measure_all`` takes the replicates that nobody holds, then
waits for the others, so that workers help instead of queueing. A lock dies with its process, so a
killed worker's replicate is taken over.

Where a rule adds replicates, all that are there at a look are measured, then whoever asked is asked
whether the rule stops: judging is above this layer.

A builder's error ends the call and leaves what is measured; the next run resumes, and the ledger is
told that there was a gap (``harness.measure.alive``).

Not covered: workers on several machines.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from filelock import FileLock, Timeout

from harness.claim.looks import looks
from harness.digest import digest, short
from harness.errors import OutOfOrder
from harness.lock.beside import beside
from harness.lock.closure import builder_walk
from harness.lock.code import code_walk, functions
from harness.lock.given import given_digests, given_files
from harness.measure.alive import alive
from harness.measure.artefacts import Progress, Workshop
from harness.measure.attest import attest
from harness.measure.job import ATTEMPT, Job, begin, finish, measured, recheck
from harness.measure.loading import load_code
from harness.measure.watch import Watch, make_watch, unwatched, watching
from harness.paths import inside


def _lock(job: Job, replicate: int, timeout: float) -> FileLock:
    place = inside(job.root, ".cache/locks")
    place.mkdir(parents=True, exist_ok=True)
    # relative: a workspace that is reached by two paths has one lock
    folder = job.folder.relative_to(job.root).as_posix()
    name = short(digest({"folder": folder, "replicate": replicate}), 24)
    return FileLock(place / f"{name}.lock", timeout=timeout)


def workshop_of(job: Job, progress: Progress, watch: Watch | None = None) -> Workshop:
    """The job's builder and cache, and the functions that decide its claim's positions."""
    named = functions(job.claim)
    builder, loaded = load_code(job.root, job.recipe, named)
    return Workshop(
        root=job.root,
        recipe=job.recipe,
        builder=builder,
        code=digest(builder_walk(job.root, job.recipe)[1]),
        seed_of=lambda r: job.seeds.seed("train", job.recipe.id, r),
        progress=progress,
        given=given_digests(job.root, job.recipe.given),
        watch=watch or unwatched(),
        functions=dict(zip(named, loaded, strict=True)),
    )


def watch_of(job: Job) -> Watch:
    """What the job's builder may read in the workspace; an attempt fails at anything else."""
    root, recipe = job.root, job.recipe
    names = [*given_files(root, recipe.given), *beside(root)]
    names += [d.file for d in job.claim.directions if d.file is not None]
    names += [file for arm in job.claim.arms for file in arm.files]
    files = [*builder_walk(root, recipe)[0].files().values(), *(root / name for name in names)]
    files += code_walk(root, job.claim)[0].files().values()
    return make_watch(root, recipe.file, files, [job.folder], job.kind == ATTEMPT)


def measure_replicate(job: Job, replicate: int, progress: Progress, wait: bool = True) -> bool:
    """Measure one replicate unless it is there. False if another worker holds it and ``wait`` is
    off. The ledger is told first, once the claim names nothing that its task does not have.

    A run of several calls is one run on the ledger if it is alive throughout: see
    ``harness.measure.alive.alive``.
    """
    if replicate in measured(job):
        return True
    try:
        with _lock(job, replicate, -1 if wait else 0):
            if replicate in measured(job):
                return True
            with alive(job):
                recheck(job)
                from harness.measure.ready import check_task  # torch enters here
                from harness.measure.runner import measure

                with watching(watch_of(job)) as watch:
                    workshop = workshop_of(job, progress, watch)
                    check_task(job, workshop)
                    with watch.pause():
                        begin(job)
                    measure(job, replicate, workshop, progress)
            return True
    except Timeout:
        return False


Stops = Callable[[Job, int], bool]
"""Whether the rule of a job that adds replicates stops after so many of them."""


def measure_all(job: Job, progress: Progress, stops: Stops | None = None) -> None:
    """Measure every replicate that is missing: those that nobody holds first, then the rest.

    Where a rule adds replicates, measure until ``stops`` says so, or all that may be are there.
    A finished attempt is only checked; that takes no lock and writes nothing.
    """
    if job.kind == ATTEMPT and attest(job):
        finish(job)
        return
    with alive(job):
        until = _until(job, progress, stops)
        with _lock(job, -1, -1):
            finish(replace(job, until=until) if job.open else job)


def _until(job: Job, progress: Progress, stops: Stops | None) -> int:
    """Measure up to the look at which there is no more to measure, and say how many are there.

    Whatever is there beyond belongs to the record, so that the judge can say so.
    """
    planned = looks(job.claim.subject) if job.open else (len(job.replicates),)
    for look in planned:
        _measure(job, look, progress)
        if look < planned[-1]:
            if stops is None:
                raise OutOfOrder(
                    "a rule decides how many replicates are measured, and nobody asks it",
                    where=job.claim.id,
                    fix=f"Measure it with: claims run {job.claim.id}",
                )
            if stops(job, look):
                there = max(look, 1 + max(measured(job)))
                _measure(job, there, progress)
                return there
    return planned[-1]


def _measure(job: Job, first: int, progress: Progress) -> None:
    """Measure the first so many replicates."""
    for wait in (False, True):
        for replicate in range(first):
            measure_replicate(job, replicate, progress, wait=wait)
