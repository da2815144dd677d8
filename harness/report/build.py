"""Building reports from a workspace: reads evidence, judges it, writes pages and ``verdict.json``.

``verdict.json`` is written once per complete attempt and then only compared: a later evaluator that
judges otherwise is an error, not a silent replacement. Who builds holds a file lock, so that what
was judged earlier never replaces what was judged later.

Not covered: how a page looks (``harness.report.page``).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock

from harness.claim.canonical import claim_to_json
from harness.digest import write_atomic
from harness.errors import ClaimsError, NothingThere, RecordBroken
from harness.lock.ledger import read
from harness.lock.lockfile import load_lock
from harness.measure.job import ATTEMPT, Job, attempt_job, measured
from harness.measure.store import json_bytes, read_json
from harness.measure.tables import load_evidence
from harness.report.records import IndexRow, ReportInput
from harness.report.write import write_reports
from harness.verdict.judging import judge_job
from harness.verdict.standing import StandingRow, claim_ids, standing
from harness.verdict.verify import changed


def publish_verdict(job: Job) -> dict[str, Any]:
    """Judge a job and write its ``verdict.json``; for a complete attempt, only if there is none.

    Returns what is published. Raises :class:`RecordBroken` if a published verdict differs in an
    outcome or a number from what the measurements say now.
    """
    value = judge_job(job).as_json()
    path = job.folder / "verdict.json"
    if job.kind == ATTEMPT and job.complete and path.is_file():
        published = read_json(path)
        if published.get("status") != "INCOMPLETE":
            changes = changed(published, value)
            if changes:
                name, was, now = changes[0]
                raise RecordBroken(
                    f"the published verdict says {name} = {was}, the measurements say {now}",
                    where=str(path.relative_to(job.root)),
                    fix="Restore verdict.json; a verdict that a later evaluator judges otherwise "
                    "needs an amendment that explains it",
                )
            return published
    write_atomic(path, json_bytes(value))
    return read_json(path)  # as everyone else will read it


def report_input(job: Job) -> ReportInput:
    """What one claim's page is made of."""
    evidence = load_evidence(job)
    verdict = publish_verdict(job)
    lock: dict[str, Any] | None = None
    ledger: tuple[dict[str, Any], ...] = ()
    if job.kind == ATTEMPT:
        lock = load_lock(job.root, job.claim.id).as_json()
        ledger = tuple(row.as_json() for row in read(job.root) if _concerns(row.body, job.claim.id))
    return ReportInput(
        verdict=verdict,
        claim=claim_to_json(job.claim),
        lock=lock,
        ledger=ledger,
        cells={
            "generate": evidence.generate,
            "score": evidence.score,
            "features": evidence.features,
        },
        replicates=tuple(evidence.records[r] for r in evidence.replicates),
    )


def _concerns(body: dict[str, Any], claim_id: str) -> bool:
    return body.get("claim") == claim_id or claim_id in (body.get("claims") or {})


def build_reports(root: Path, ids: Sequence[str] | None = None) -> list[Path]:
    """Write the pages of all claims, or of those named, and the index of all.

    Raises :class:`NothingThere` if the workspace has no claim, or a named one is not measured.
    """
    known = claim_ids(root)
    if not known:
        raise NothingThere(
            "no claims here", where=str(root / "claims"), fix="Write one with: claims new ID"
        )
    for name in ids or ():
        if name not in known:
            raise NothingThere(f"no claim {name!r}", where=str(root / "claims"))
    place = root / ".cache" / "locks"
    place.mkdir(parents=True, exist_ok=True)
    with FileLock(place / "reports.lock"):
        return _build(root, known, ids or ())


def _build(root: Path, known: Sequence[str], ids: Sequence[str]) -> list[Path]:
    inputs = []
    rows = []
    for name in known:
        row = standing(root, name)
        page = None
        try:
            job = attempt_job(root, name)
            if measured(job):
                page = report_input(job)
        except ClaimsError:
            if name in ids:
                raise
        if page is not None and (not ids or name in ids):
            inputs.append(page)
        rows.append(_index_row(row, page))
    return write_reports(root, inputs, tuple(rows))


def _index_row(row: StandingRow, page: ReportInput | None) -> IndexRow:
    verdict = page.verdict if page is not None else {}
    return IndexRow(
        claim=row.claim,
        title=str(verdict.get("title", "")),
        standing=row.status.name,
        sentence=row.sentence,
        n=verdict.get("n"),
        unit=str(verdict.get("unit", "")),
        registration=row.registration,
        attempt=row.attempt,
        href=f"{row.claim}/index.html" if page is not None else "",
        criteria=tuple((c["name"], c["outcome"]) for c in verdict.get("criteria", [])),
    )
