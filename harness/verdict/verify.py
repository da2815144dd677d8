"""Verification: everything stored is checked again, and every verdict recomputed from it.

Nothing that a claim or the workspace names is imported, and no model is run: chain of the ledger,
locks, digests of every cell, then judgement anew and comparison with the published
``verdict.json``. The result lists what was examined, what could not be, and what agreement does
not prove.

Not covered: outside timestamps and git ancestry; re-running the experiment
(``claims reproduce``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import ClaimsError, NothingThere
from harness.lock.compare import compare
from harness.lock.ledger import Row, read
from harness.lock.lockfile import is_registered
from harness.lock.record import registrations
from harness.measure.attest import attest
from harness.measure.job import Job, attempt_job, lock_of, measured
from harness.measure.store import read_json
from harness.verdict.judging import judge_job
from harness.verdict.standing import claim_ids

PROVES_NOT = (
    "that the measurements were produced by running the models: run claims reproduce for that",
    "that the whole history was not rebuilt by someone who holds every copy: the ledger is "
    "UNANCHORED, no outside timestamp or signature is checked",
    "that the registered recipe, task and margins are the right ones for the question",
)


@dataclass
class Verification:
    """What was looked at and what came out."""

    examined: list[str] = field(default_factory=list)
    not_examined: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    does_not_prove: tuple[str, ...] = PROVES_NOT

    @property
    def ok(self) -> bool:
        """True only if something was examined and nothing was wrong with it."""
        return bool(self.examined) and not self.problems

    @property
    def partial(self) -> bool:
        return bool(self.not_examined)

    def as_json(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "partial": self.partial,
            "examined": list(self.examined),
            "not_examined": list(self.not_examined),
            "problems": list(self.problems),
            "notes": list(self.notes),
            "does_not_prove": list(self.does_not_prove),
        }


def verify(root: Path, ids: Sequence[str] | None = None) -> Verification:
    """Check all claims of a workspace, or those named. Never raises for a broken record."""
    out = Verification()
    try:
        rows = read(root)
    except ClaimsError as error:
        out.problems.append(error.sentence)
        return out
    out.examined.append(f"ledger: {len(rows)} rows, chain intact")
    known = claim_ids(root)
    for claim_id in ids or known:
        if claim_id not in known:
            out.problems.append(f"{claim_id}: no such claim in this workspace")
        elif not is_registered(root, claim_id):
            out.not_examined.append(f"{claim_id}: not registered")
        else:
            _claim(root, claim_id, rows, out)
    _unreported(root, known, rows, out)
    return out


def _claim(root: Path, claim_id: str, rows: Sequence[Row], out: Verification) -> None:
    try:
        lock = lock_of(root, claim_id)
        out.examined.append(f"{claim_id}: lock {lock.registration} agrees with the ledger")
        for difference in compare(root, lock):
            if not difference.breaks_record:
                out.notes.append(f"{claim_id}: judged under another {difference}")
        for row in registrations(rows, claim_id)[:-1]:
            earlier = row.body["registration"]
            after = [
                r.kind
                for r in rows
                if r.body.get("registration") == earlier and r.body.get("claim") == claim_id
            ]
            fate = after[-1] if after else "never attempted"
            out.notes.append(f"{claim_id}: registered before as {earlier} ({fate})")
        job = attempt_job(root, claim_id)
        if not attest(job) and not measured(job):
            out.not_examined.append(f"{claim_id}: registered, nothing measured")
            return
        _attempt(root, job, rows, out)
    except NothingThere as error:
        out.not_examined.append(error.sentence)
    except ClaimsError as error:
        out.problems.append(error.sentence)


def _attempt(root: Path, job: Job, rows: Sequence[Row], out: Verification) -> None:
    claim_id = job.claim.id
    record = job.folder / "attempt.json"
    if not attest(job):
        if record.is_file():
            out.problems.append(
                f"{claim_id}: attempt.json is a record that the ledger never got; if a run was "
                f"killed there, claims run {claim_id} finishes it"
            )
            return
        out.not_examined.append(
            f"{claim_id}: attempt not complete ({len(measured(job))} of {len(job.replicates)})"
        )
    else:
        recorded = read_json(record).get("files", {})
        for path in sorted((job.folder / "cells").iterdir()):
            if f"cells/{path.name}" not in recorded:
                out.problems.append(f"{claim_id}: cells/{path.name} belongs to no record")
    verdict = judge_job(job)
    cells = len(list((job.folder / "cells").glob("*.parquet")))
    out.examined.append(f"{claim_id}: {cells} cells agree with their digests")
    published = job.folder / "verdict.json"
    if not published.is_file():
        out.not_examined.append(f"{claim_id}: no published verdict")
        return
    if read_json(published).get("judged_by") != verdict.judged_by:
        out.notes.append(
            f"{claim_id}: the words of verdict.json were rendered under another evaluator; "
            "outcomes and numbers were compared, words were not"
        )
    for name, was, now in changed(read_json(published), verdict.as_json()):
        out.problems.append(
            f"{claim_id}: verdict.json says {name} = {was}, the measurements say {now}"
        )
    out.examined.append(f"{claim_id}: verdict recomputed: {verdict.status.name}")


PROSE = ("sentence", "got", "needed", "scope", "note", "label")
"""Words rendered from numbers: a later evaluator may render the same numbers in other words."""


def changed(published: Any, computed: Any) -> list[tuple[str, Any, Any]]:
    """Leaves at which a published verdict differs from the one computed now.

    Under the evaluator that published it every leaf counts. Under another one ``judged_by``
    differs, which is said elsewhere, and rendered words may: outcomes and numbers may not.
    """
    same = published.get("judged_by") == computed.get("judged_by")
    return differing(published, computed, ("judged_by",) if same else ("judged_by", *PROSE))


def differing(
    published: Any, computed: Any, free: Sequence[str] = (), path: str = ""
) -> list[tuple[str, Any, Any]]:
    """Leaves at which two JSON values differ, keys in ``free`` left out; numbers within 1e-9
    relative agree."""
    if isinstance(published, dict) and isinstance(computed, dict):
        out = []
        for key in sorted({*published, *computed} - set(free)):
            place = f"{path}.{key}" if path else str(key)
            out += differing(published.get(key), computed.get(key), free, place)
        return out
    if isinstance(published, list) and isinstance(computed, list):
        if len(published) != len(computed):
            return [(path, f"{len(published)} entries", f"{len(computed)} entries")]
        return [
            d
            for n, (a, b) in enumerate(zip(published, computed, strict=True))
            for d in differing(a, b, free, f"{path}[{n}]")
        ]
    if isinstance(published, float | int) and isinstance(computed, float | int):
        near = abs(published - computed) <= 1e-9 * max(abs(published), abs(computed), 1e-12)
        if near and isinstance(published, bool) == isinstance(computed, bool):
            return []
    return [] if published == computed else [(path, published, computed)]


def _unreported(root: Path, known: Sequence[str], rows: Sequence[Row], out: Verification) -> None:
    """Claims that the ledger has registered and the workspace has no more."""
    registered = {
        str(name) for row in rows if row.kind == "registration" for name in row.body["claims"]
    }
    for name in sorted(registered - set(known)):
        out.problems.append(f"{name}: registered on the ledger, but its claim and lock are gone")
