"""What the ledger has to say for an attempt's files before they can stand for anything.

Not covered: the digests of cells against ``attempt.json`` (``harness.measure.tables``).
"""

from __future__ import annotations

from harness.digest import digest_file
from harness.errors import RecordBroken
from harness.lock.ledger import read
from harness.measure.job import ATTEMPT, Job, measured
from harness.measure.store import MOST


def attest(job: Job) -> bool:
    """Whether the ledger has this attempt as finished.

    Raises :class:`RecordBroken` where files and ledger contradict each other: measurements of an
    attempt that never began, a finished attempt without its record or with another one, one that
    finished twice with different records.
    """
    if job.kind != ATTEMPT:
        return job.complete
    record = job.folder / "attempt.json"
    # files before ledger: an attempt that begins in between is not taken for one that never did
    anything = bool(measured(job)) or record.is_file()
    rows = [
        row
        for row in read(job.root)
        if row.body.get("claim") == job.claim.id
        and row.body.get("registration") == job.registration
        and row.body.get("attempt") == job.attempt
    ]
    where = str(job.folder.relative_to(job.root))
    if anything and not any(row.kind == "attempt-started" for row in rows):
        raise RecordBroken(
            "measurements exist, but the ledger knows no attempt",
            where=where,
            fix="Restore claims/ledger.jsonl; files that no attempt made cannot be judged",
        )
    finished = {str(row.body.get("record")) for row in rows if row.kind == "attempt-finished"}
    if not finished:
        return False
    if len(finished) > 1:
        raise RecordBroken(
            f"the ledger has the attempt as finished with {len(finished)} different records",
            where=where,
            fix="An attempt finishes once: restore claims/ledger.jsonl",
        )
    lacking = sorted(set(job.replicates) - set(measured(job)))
    if record.is_file() and lacking:
        raise RecordBroken(
            f"the ledger has the attempt as finished, and replicate {lacking[0]} is not there",
            where=where,
            fix="Restore the folder from version control",
        )
    if not record.is_file() or digest_file(record, MOST[".json"]) not in finished:
        raise RecordBroken(
            "attempt.json is not the record that the ledger has of this attempt"
            if record.is_file()
            else "the ledger has the attempt as finished, but its record is gone",
            where=where,
            fix="Restore the folder from version control",
        )
    return True
