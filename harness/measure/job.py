"""Jobs: what is to be measured, where it goes, and what the ledger is told.

A *job* is one claim's plan with its seeds and its folder. There are three kinds: an attempt of a
registration, a reproduction of one (beside it, the ledger untouched) and an exploration (its own
split and seeds, no registration). No torch here; measuring is in ``harness.measure.run``.

Order is kept by refusals: an unlocked claim has no attempt, a claim that differs from its lock has
none, and nothing is measured before the ledger says that the attempt has begun.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.claim.canonical import claim_from_json
from harness.claim.parse import parse_claim
from harness.digest import digest, digest_bytes, short, write_atomic
from harness.errors import NothingThere, OutOfOrder, RecordBroken
from harness.lock.amend import deviations
from harness.lock.beside import refuse_shadows
from harness.lock.code import measuring_closure
from harness.lock.compare import compare
from harness.lock.given import given_digests
from harness.lock.ledger import append_once, read
from harness.lock.randomness import kept
from harness.lock.record import Lock
from harness.lock.sequence import FIRST
from harness.lock.stored import is_registered, load_lock
from harness.lock.withdraw import withdrawal
from harness.measure.exploration import note
from harness.measure.job_record import (
    ATTEMPT,
    EXPLORATION,
    REPRODUCTION,
    Job,
    TamperedError,
    measured,
)
from harness.measure.planned import refuse_incomplete
from harness.measure.store import (
    SCHEMA,
    digests,
    json_bytes,
    read_json,
    read_recorded,
)
from harness.paths import inside
from harness.plan.seeds import Awaited, Seeds
from harness.subject.recipe import load_recipe, recipe_from_json

__all__ = ["ATTEMPT", "EXPLORATION", "FIRST", "REPRODUCTION", "Job", "TamperedError", "measured"]


def lock_of(root: Path, claim_id: str) -> Lock:
    """The claim's lock. Raises :class:`OutOfOrder` if there is none, on the ledger or as a file."""
    if not is_registered(root, claim_id):
        raise OutOfOrder(
            "not registered, so it cannot be measured for a verdict",
            where=claim_id,
            fix=f"Register it with: claims lock {claim_id} (or try it with: "
            f"claims explore {claim_id})",
        )
    return load_lock(root, claim_id)


def seeds_of(root: Path, lock: Lock) -> Seeds:
    """The confirmatory seeds of a lock; :class:`Awaited` where the randomness that it promised is
    not on the ledger yet. Raises :class:`RecordBroken` for randomness that cannot count."""
    beacon = lock.bound.get("beacon", "")
    if not beacon:
        return Seeds.confirmatory(lock.registration)
    row = kept(read(root), lock.registration)
    if row is None:
        return Awaited(lock.registration, beacon)
    return Seeds.confirmatory(lock.registration, str(row.body["randomness"]))


def attempt_folder(root: Path, claim_id: str, registration: str, attempt: str) -> Path:
    """Where an attempt's files are. Raises :class:`ClaimsError` where links lead elsewhere."""
    return _folder(root, f"{claim_id}/{short(registration)}/{attempt}")


def _folder(root: Path, place: str) -> Path:
    """A folder below ``reports``, which is written to: no part of it may be a symbolic link."""
    for name in ("cells", "directions"):
        inside(root, f"reports/{place}/{name}")
    return root / "reports" / place


def attempt_job(root: Path, claim_id: str) -> Job:
    """The attempt of the claim's current registration, begun or not.

    What has to agree with the lock depends on how far the attempt is: until it is complete,
    everything; once it is complete its measurements are what is kept, and a harness that has
    evolved since judges them again and says so. On a withdrawn claim nothing stands, so that the
    workspace's code may move on from it (``docs/adr/0016``). Raises :class:`OutOfOrder`,
    :class:`TamperedError`.
    """
    lock = lock_of(root, claim_id)
    job = recorded_job(root, lock)
    differences = compare(root, lock)
    gone = withdrawal(read(root), claim_id, lock.registration)
    ended = gone is not None and gone.ends_it
    if job.complete:
        differences = tuple(d for d in differences if d.breaks_record and not (ended and d.of_code))
    if differences:
        raise TamperedError(claim_id, differences)
    if gone is not None and ended and not job.complete:
        raise OutOfOrder(
            f"{gone.sentence} (ledger row {gone.seq})",
            where=claim_id,
            fix="What was measured stays; to take the claim up again: claims amend",
        )
    return job


def recorded_job(root: Path, lock: Lock) -> Job:
    """The attempt of one registration of a claim, also an earlier one, as its lock has it.

    Not compared with the workspace: the claim's file may say something else by now.
    """
    return Job(
        root=root,
        claim=claim_from_json(lock.claim),
        recipe=recipe_from_json(lock.recipe),
        seeds=seeds_of(root, lock),
        folder=attempt_folder(root, lock.claim_id, lock.registration, FIRST),
        kind=ATTEMPT,
        registration=lock.registration,
        attempt=FIRST,
        deviations=deviations(read(root), lock.claim_id, lock.registration),
    )


def reproduction_job(root: Path, claim_id: str) -> Job:
    """The registered plan, measured anew beside the finished attempt; differences from the lock
    in evaluator and packages are allowed, and reported by the caller."""
    lock = lock_of(root, claim_id)
    differences = [d for d in compare(root, lock) if d.breaks_record]
    if differences:
        raise TamperedError(claim_id, differences)
    published = recorded_job(root, lock)
    return replace(
        published,
        until=_as_published(published),
        folder=_folder(root, f"{REPRODUCTION}/{claim_id}/{short(lock.registration)}"),
        kind=REPRODUCTION,
        attempt=REPRODUCTION,
    )


def _as_published(job: Job) -> int | None:
    """How many replicates a rule that adds them came to; None without such a rule."""
    ruled = job.claim.subject.sequential is not None and not job.open
    return len(job.replicates) if ruled else None


def exploration_job(root: Path, claim_id: str, replicates: int | None = None) -> Job:
    """The claim as it stands now, on the exploration split with exploration seeds.

    The folder carries the digest of what is run, so that an edited claim is measured afresh. A rule
    that adds replicates is for attempts: without ``replicates``, its first ones are explored.
    """
    from harness.claim.canonical import claim_to_json
    from harness.subject.recipe import recipe_to_json

    refuse_shadows(root)
    claim = parse_claim(root, root / "claims" / f"{claim_id}.yaml")
    rule = claim.subject.sequential
    if replicates is None and rule is not None:
        replicates = rule.first
    if replicates is not None:
        subject = replace(claim.subject, replicates=replicates, sequential=None)
        claim = replace(claim, subject=subject)
    recipe = load_recipe(root, claim.subject.recipe)
    key = digest(
        {
            "claim": claim_to_json(claim),
            "recipe": recipe_to_json(recipe),
            "code": measuring_closure(root, recipe, claim),
            "given": given_digests(root, recipe.given),
        }
    )
    return Job(
        root=root,
        claim=claim,
        recipe=recipe,
        seeds=Seeds.exploratory(claim_id),
        folder=_folder(root, f"explore/{claim_id}/{short(key)}"),
        kind=EXPLORATION,
        registration="",
        attempt=EXPLORATION,
    )


def begin(job: Job) -> None:
    """Say what begins, once, before its first measurement: an attempt on the ledger, an exploration
    in its own folder.

    Raises :class:`OutOfOrder` where its seeds are still awaited, and for a reproduction of what was
    not attempted to the end: with the same seeds that would be a look at the outcome of which the
    ledger knows nothing.
    """
    if isinstance(job.seeds, Awaited):
        raise job.seeds.missing()
    if job.kind == REPRODUCTION and not _told(replace(job, attempt=FIRST)):
        raise OutOfOrder(
            "not attempted to the end, so there is nothing to reproduce",
            where=job.claim.id,
            fix=f"Measure it on the record: claims run {job.claim.id}",
        )
    if job.kind == ATTEMPT:
        append_once(job.root, "attempt-started", attempt_key(job))
    if job.kind == EXPLORATION:
        _note(job)


def _note(job: Job) -> None:
    code = measuring_closure(job.root, job.recipe, job.claim)
    note(job.folder, job.claim, job.recipe, code)


def recheck(job: Job) -> None:
    """Compare an attempt with its lock once more: what is bound may have changed while it ran.

    Raises :class:`TamperedError`.
    """
    if job.kind != ATTEMPT:
        return
    differences = compare(job.root, lock_of(job.root, job.claim.id))
    if differences:
        raise TamperedError(job.claim.id, differences)


def read_besides(job: Job) -> tuple[str, ...]:
    """What the builder read, in the replicates that are measured, that no lock binds."""
    records = (read_json(job.folder / f"replicate.{r}.json") for r in measured(job))
    return tuple(sorted({str(what) for one in records for what in one.get("read_besides", ())}))


def finish(job: Job) -> bool:
    """When every replicate is there: write ``attempt.json`` and tell the ledger, once.

    False if the attempt is not complete. Raises :class:`RecordBroken` if the files are not those
    that an earlier finish recorded.
    """
    if not job.complete:
        return False
    if job.kind == EXPLORATION:
        _note(job)  # one that began before explorations were described
    path = job.folder / "attempt.json"
    told = job.kind == ATTEMPT and _told(job)
    if not told:
        refuse_incomplete(job)
    if path.is_file():
        schema, recorded = read_recorded(path)
        if schema != SCHEMA and job.kind == ATTEMPT and not told:
            raise RecordBroken(
                "a record as no version writes it any more",
                where=str(path.relative_to(job.root)),
                fix=f"Remove it: claims run {job.claim.id} writes it again",
            )
        found = digests(job.folder, job.replicates, schema)
        differing = sorted(k for k in {*recorded, *found} if recorded.get(k) != found.get(k))
        if differing:
            raise RecordBroken(
                f"files differ from those recorded: {', '.join(differing[:4])}",
                where=str(path.relative_to(job.root)),
                fix="Restore them from version control; a measurement is never repaired by hand",
            )
    else:
        found = digests(job.folder, job.replicates)
        write_atomic(path, json_bytes({"schema": SCHEMA, **attempt_key(job), "files": found}))
    if job.kind == ATTEMPT:
        found_record = {"record": digest_bytes(path.read_bytes())}
        append_once(job.root, "attempt-finished", attempt_key(job), found_record)
    return True


def _told(job: Job) -> bool:
    """Whether the ledger has the attempt as finished."""
    key = attempt_key(job).items()
    return any(r.kind == "attempt-finished" and key <= r.body.items() for r in read(job.root))


def attempt_key(job: Job) -> dict[str, Any]:
    """What names the job's attempt on the ledger: part of the body of every row about it."""
    return {"claim": job.claim.id, "registration": job.registration, "attempt": job.attempt}


def require_measured(job: Job) -> None:
    """Raise :class:`NothingThere` if no replicate is measured."""
    if not measured(job):
        raise NothingThere(
            "nothing is measured yet", where=job.claim.id, fix=f"Run: claims run {job.claim.id}"
        )
