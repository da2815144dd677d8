"""One claim verified: its lock, and every version's files, record and verdict.

Not covered: the ledger as a whole (``harness.verdict.verify``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.errors import ClaimsError, NothingThere
from harness.lock.amend import deviations
from harness.lock.compare import compare
from harness.lock.ledger import Row, read
from harness.lock.lint import lint
from harness.lock.record import attempted
from harness.lock.withdraw import withdrawal
from harness.measure.attest import attest
from harness.measure.job import Job, TamperedError, lock_of, measured
from harness.measure.planned import planned_cells
from harness.measure.store import read_json, read_recorded, unrecorded
from harness.verdict.compared import changed, reworded
from harness.verdict.judging import judge_job
from harness.verdict.verification import Verification
from harness.verdict.versions import version_jobs

SHOWN = 4


def examine_claim(root: Path, claim_id: str, rows: Sequence[Row], out: Verification) -> None:
    """Check one registered claim, all its versions. Never raises for a broken record."""
    try:
        current = lock_of(root, claim_id)
        out.examined.append(f"{claim_id}: lock {current.registration} agrees with the ledger")
        found = version_jobs(root, claim_id)
    except ClaimsError as error:
        out.problems.append(error.sentence)
        return
    differences = compare(root, current)
    last = withdrawal(rows, claim_id, current.registration)
    broken = [d for d in differences if d.breaks_record]
    moved = [d for d in broken if d.of_code] if last is not None and last.ends_it else []
    broken = [d for d in broken if d not in moved]
    if broken:
        out.problems.append(TamperedError(claim_id, broken).sentence)
    elif moved:
        out.notes.append(_moved(claim_id, [d.field for d in moved]))
    else:
        out.examined.append(f"{claim_id}: claim, recipe, code and files are as they were locked")
    _reproduced(claim_id, rows, out)
    _say_evaluator(claim_id, [d.field for d in differences if not d.breaks_record], out)
    for version, job in found:
        label = claim_id if len(found) == 1 else f"{claim_id} version {version.number}"
        for sentence in deviations(rows, claim_id, version.registration):
            out.notes.append(f"{label}: DEVIATED: {sentence}")
        gone = withdrawal(rows, claim_id, version.registration)
        if gone is not None:
            out.notes.append(f"{label}: {gone.sentence} (ledger row {gone.seq})")
        try:
            _lint(label, job, out)
            _attempt(label, job, out, current=version is found[-1][0], withdrawn=gone is not None)
        except NothingThere as error:
            out.missing.append(error.sentence)
        except ClaimsError as error:
            out.problems.append(error.sentence)


def _moved(claim_id: str, fields: Sequence[str]) -> str:
    """That the workspace's code is no longer what a withdrawn claim was locked with."""
    shown = ", ".join(fields[:SHOWN])
    more = f" and {len(fields) - SHOWN} more" if len(fields) > SHOWN else ""
    return (
        f"{claim_id}: withdrawn, and the workspace's code has moved on from its lock "
        f"({shown}{more}): what is stored is checked, and cannot be made anew here"
    )


def _say_evaluator(claim_id: str, fields: Sequence[str], out: Verification) -> None:
    """That the evaluator, packages or settings are others than those registered."""
    if not fields:
        return
    shown = ", ".join(field.removeprefix("evaluator.") for field in fields[:SHOWN])
    more = f" and {len(fields) - SHOWN} more" if len(fields) > SHOWN else ""
    out.notes.append(f"{claim_id}: judged under others than were registered: {shown}{more}")


def _plan(label: str, job: Job, files: Mapping[str, str], out: Verification) -> None:
    """Whether the record has the cells that the lock's plan asks for, and no others."""
    planned = planned_cells(job)
    lacking = sorted(name for name, needed in planned.items() if needed and name not in files)
    foreign = sorted(name for name in files if name.startswith("cells/") and name not in planned)
    for names, words in ((lacking, "is planned and not recorded"), (foreign, "was not planned")):
        if names:
            more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
            out.problems.append(f"{label}: {names[0]} {words}{more}")


def _reproduced(claim_id: str, rows: Sequence[Row], out: Verification) -> None:
    """What the ledger says came of measuring the plan anew; nothing here can check it."""
    for row in rows:
        if row.kind == "reproduction" and row.body.get("claim") == claim_id:
            body = row.body
            said = f"{body.get('reproduced')} where {body.get('published')} was published"
            out.notes.append(f"{claim_id}: ledger row {row.seq}: reproduced as {said:.80}")


def _lint(label: str, job: Job, out: Verification) -> None:
    """Whether the claim could be locked now. A note, for rules may have become stricter since."""
    for one in lint(job.claim, job.recipe):
        out.notes.append(
            f"{label}: would not lock under this version (rule {one.rule}): {one.reason}"
        )


def _attempt(label: str, job: Job, out: Verification, *, current: bool, withdrawn: bool) -> None:
    record = job.folder / "attempt.json"
    finished = attest(job)
    done = measured(job)
    if not finished and not done and not record.is_file():
        if attempted(read(job.root), job.claim.id, job.registration):
            out.missing.append(f"{label}: its attempt had begun, and nothing of it is there")
        elif current and not withdrawn:
            out.missing.append(f"{label}: registered, nothing measured")
        else:
            out.notes.append(f"{label}: never measured")
        return
    if not finished:
        if record.is_file():
            out.problems.append(
                f"{label}: attempt.json is a record that the ledger never got; if a run was "
                f"killed there, claims run {job.claim.id} finishes it"
            )
            return
        words = f"{label}: attempt not complete ({len(done)} of {len(job.replicates)})"
        (out.missing if current and not withdrawn else out.notes).append(words)
    else:
        schema, files = read_recorded(record)
        for name in unrecorded(job.folder, schema, files):
            out.problems.append(f"{label}: {name} belongs to no record")
        _plan(label, job, files, out)
    verdict = judge_job(job)
    cells = len(list((job.folder / "cells").glob("*.parquet")))
    out.examined.append(f"{label}: {cells} cells agree with their digests")
    path = job.folder / "verdict.json"
    if not path.is_file():
        if finished:
            out.missing.append(f"{label}: no published verdict (claims report writes it)")
        return
    published = read_json(path)
    changes = changed(published, verdict.as_json())
    for name, was, now in changes:
        out.problems.append(
            f"{label}: verdict.json says {name} = {was}, the measurements say {now}"
        )
    other = [] if changes else reworded(published, verdict.as_json())
    for name, was, now in other[:SHOWN]:
        out.missing.append(
            f"{label}: verdict.json says {name} = {was}, and this evaluator {now}; it names "
            "another one, whose words cannot be compared (claims report writes them anew)"
        )
    if published.get("judged_by") != verdict.judged_by and not other:
        out.notes.append(
            f"{label}: verdict.json was published by another evaluator; outcomes, numbers and "
            "words agree"
        )
    out.examined.append(f"{label}: verdict recomputed: {verdict.status.name}")
