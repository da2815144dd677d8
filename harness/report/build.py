"""Building reports from a workspace: reads evidence, judges it, renders pages; publishes verdicts.

``verdict.json`` is written once per complete attempt and then only compared: a later evaluator that
judges otherwise is an error, not a silent replacement. Rendering alone (:func:`claim_page`,
:func:`index_page`) writes nothing, so that verification can do it on a checkout that it does not
trust. Who builds holds a file lock, so that what was judged earlier never replaces what was judged
later.

Not covered: how a page looks (``harness.report.page``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from filelock import FileLock

from harness.claim.canonical import claim_to_json
from harness.digest import write_atomic
from harness.errors import ClaimsError, NothingThere, RecordBroken
from harness.lock.ledger import Row, read
from harness.lock.memory import remembered
from harness.lock.record import lock_from
from harness.measure.job import ATTEMPT, Job, attempt_job, measured
from harness.measure.store import json_bytes, read_json
from harness.measure.tables import load_evidence
from harness.paths import inside
from harness.report.index import render_index
from harness.report.page import render_claim
from harness.report.records import IndexRow, Rendered, ReportInput
from harness.report.related import related
from harness.report.write import write_reports
from harness.strictjson import parse_object
from harness.verdict.compared import changed, reworded
from harness.verdict.judging import judge_job
from harness.verdict.records import Status
from harness.verdict.standing import StandingRow, claim_ids, standing
from harness.verdict.versions import version_jobs, version_rows

Publish = Callable[[Job], dict[str, Any]]


def publish_verdict(job: Job) -> dict[str, Any]:
    """Judge a job and write its ``verdict.json``; for a complete attempt, only if there is none or
    if its words are others than are rendered now.

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
            if not reworded(published, value):
                return _read_back(value)
    write_atomic(path, json_bytes(value))
    return read_json(path)  # as everyone else will read it


def published_verdict(job: Job) -> dict[str, Any]:
    """What a job is judged now; writes nothing. That a published verdict has the same outcomes and
    numbers is for verification to say; its words may be another evaluator's, or anybody's."""
    return _read_back(judge_job(job).as_json())


def _read_back(value: dict[str, Any]) -> dict[str, Any]:
    """A verdict as everyone reads it from its file."""
    return dict(parse_object(json_bytes(value)))


def report_input(job: Job, publish: Publish = publish_verdict) -> ReportInput:
    """What one claim's page is made of."""
    evidence = load_evidence(job)
    verdict = publish(job)
    lock: dict[str, Any] | None = None
    ledger: tuple[dict[str, Any], ...] = ()
    versions: tuple[dict[str, Any], ...] = ()
    anchors: tuple[dict[str, Any], ...] = ()
    rows: tuple[Row, ...] = ()
    if job.kind == ATTEMPT:
        rows = read(job.root)
        registered = next(r for r in rows if r.body.get("registration") == job.registration)
        lock = lock_from(registered, job.claim.id).as_json()
        ledger = tuple(row.as_json() for row in rows if _concerns(row.body, job.claim.id))
        known = {job.registration: (Status[verdict["status"]], str(verdict["sentence"]))}
        anchors = tuple(
            {**row.body, "row": row.seq}
            for row in rows
            if row.kind == "anchor" and _covers(row.body, registered.seq)
        )
        versions = tuple(v.as_json() for v in version_rows(job.root, job.claim.id, known))
    return ReportInput(
        verdict=verdict,
        claim=claim_to_json(job.claim),
        lock=lock,
        ledger=ledger,
        cells={
            "generate": evidence.generate,
            "score": evidence.score,
            "features": evidence.features,
            "probes": evidence.probes,
        },
        replicates=tuple(evidence.records[r] for r in evidence.replicates),
        versions=versions,
        anchors=anchors,
        related=related(rows, job.claim.id),
        row=len(rows),
    )


def _covers(body: dict[str, Any], seq: int) -> bool:
    """Whether an anchor's row says that it covers the ledger's row ``seq``."""
    covered = body.get("seq")
    return isinstance(covered, int) and covered >= seq


def _concerns(body: dict[str, Any], claim_id: str) -> bool:
    return body.get("claim") == claim_id or claim_id in (body.get("claims") or {})


def shown_job(root: Path, claim_id: str) -> Job | None:
    """The attempt that a claim's page shows: the current one where anything of it is measured,
    else the latest earlier version's, so that amending hides no result; None without any.

    Raises :class:`ClaimsError` where the current one may not stand.
    """
    try:
        job = attempt_job(root, claim_id)
        if measured(job):
            return job
    except ClaimsError as error:
        withdrawn = [j for _, j in version_jobs(root, claim_id) if measured(j)]
        if error.exit_code == 3 and "Withdrawn" in error.what and withdrawn:
            return withdrawn[-1]
        raise
    earlier = [j for _, j in version_jobs(root, claim_id) if measured(j)]
    return earlier[-1] if earlier else None


def claim_page(root: Path, claim_id: str) -> Rendered | None:
    """A claim's page as it would be written now, None where nothing is measured; writes nothing."""
    job = shown_job(root, claim_id)
    return None if job is None else render_claim(report_input(job, published_verdict))


def index_page(root: Path, without: Collection[str] = ()) -> Rendered:
    """The index as it would be written now, some claims left out; writes nothing."""
    names = [name for name in claim_ids(root) if name not in without]
    rows = [_row(root, name, published_verdict)[0] for name in names]
    return render_index(rows, _length(root))


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
    place = inside(root, ".cache/locks")
    place.mkdir(parents=True, exist_ok=True)
    # what one claim's page, row and verdict.json say is of one moment, and is judged once
    with FileLock(place / "reports.lock"), remembered():
        return _build(root, known, ids or ())


def _build(root: Path, known: Sequence[str], ids: Sequence[str]) -> list[Path]:
    inputs, rows = [], []
    for name in known:
        row, job, error = _row(root, name, publish_verdict)
        rows.append(row)
        if error is not None and name in ids:
            raise error
        if job is not None and (not ids or name in ids):
            inputs.append(report_input(job))
    return write_reports(root, inputs, tuple(rows), _length(root))


def _length(root: Path) -> int:
    """Rows of the ledger; none where it cannot be read, which the standings then say."""
    try:
        return len(read(root))
    except ClaimsError:
        return 0


def _row(
    root: Path, name: str, publish: Publish
) -> tuple[IndexRow, Job | None, ClaimsError | None]:
    """A claim's row on the index, the job of its page, or why there is no page."""
    now = standing(root, name)
    try:
        job = shown_job(root, name)
        verdict = publish(job) if job is not None else {}
    except RecordBroken as error:
        if now.status is not Status.TAMPERED:
            now = replace(now, status=Status.TAMPERED, sentence=error.sentence)
        return _index_row(now, {}, None), None, error
    except ClaimsError as error:
        return _index_row(now, {}, None), None, error
    return _index_row(now, verdict, job), job, None


def _index_row(row: StandingRow, verdict: dict[str, Any], job: Job | None) -> IndexRow:
    note = ""
    if job is not None and job.registration != row.registration:
        note = "the page shows an earlier version"
    return IndexRow(
        claim=row.claim,
        title=str(verdict.get("title", "")),
        standing=row.status.name,
        sentence=row.sentence,
        n=verdict.get("n"),
        unit=str(verdict.get("unit", "")),
        registration=row.registration,
        attempt=row.attempt,
        href=f"{row.claim}/index.html" if job is not None else "",
        note=note,
        criteria=tuple((c["name"], c["outcome"]) for c in verdict.get("criteria", [])),
    )
