"""Amendments: a new version of a locked claim, which says for ever what it changed.

An amendment registers as a lock does (new digest, new seeds, hence fresh replicates) under a row of
kind ``amendment`` that adds three things: which registration each claim had, what changed field by
field (``harness.lock.changes``), and whether any attempt of an earlier version had begun. Where one
had, the new version has seen an outcome: its verdict is DEVIATED, whatever its criteria come to.

What the row says of itself is for readers; whoever judges takes it from the chain
(:func:`deviations`), so that a row cannot talk its way out.

Not covered: withdrawing (``harness.lock.withdraw``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.digest import short
from harness.lock.chain import Row
from harness.lock.changes import Change, changes, overall
from harness.lock.record import attempted, lock_from, registrations


@dataclass(frozen=True)
class Version:
    """One registration of a claim: its place among the claim's (from 1), its row, what it changed
    against the one before, and whether an attempt of it has begun."""

    number: int
    row: Row
    changed: tuple[Change, ...]
    attempted: bool

    @property
    def registration(self) -> str:
        return str(self.row.body["registration"])

    @property
    def reason(self) -> str:
        return str(self.row.body.get("reason") or "")

    @property
    def effect(self) -> str:
        """stricter, looser or neutral; empty for the first version."""
        return overall(self.changed) if self.number > 1 else ""


def versions(rows: Sequence[Row], claim_id: str) -> tuple[Version, ...]:
    """Every registration of a claim, in order.

    Raises :class:`harness.errors.RecordBroken` where a registration is not whole.
    """
    found: list[Version] = []
    before: dict[str, Any] | None = None
    for number, row in enumerate(registrations(rows, claim_id), 1):
        lock = lock_from(row, claim_id)
        value = lock.as_json()
        diff = changes(before, value) if before is not None else ()
        found.append(Version(number, row, diff, attempted(rows, claim_id, lock.registration)))
        before = value
    return tuple(found)


def as_amendment(rows: Sequence[Row], body: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Kind and body of the row that registers ``body``: an amendment where a claim of it was
    registered before."""
    earlier = {name: registrations(rows, name) for name in body["claims"]}
    if not any(earlier.values()):
        return "registration", dict(body)
    new = Row.make(len(rows) + 1, "amendment", body, "", "")
    supersedes, changed, seen = {}, {}, {}
    for name, before in earlier.items():
        if not before:
            continue
        old = lock_from(before[-1], name)
        supersedes[name] = old.registration
        found = changes(old.as_json(), lock_from(new, name).as_json())
        changed[name] = [change.as_json() for change in found]
        seen[name] = any(attempted(rows, name, str(r.body["registration"])) for r in before)
    return "amendment", {
        **body,
        "supersedes": supersedes,
        "changes": changed,
        "attempted": seen,
    }


def deviations(rows: Sequence[Row], claim_id: str, registration: str) -> tuple[str, ...]:
    """Why a registration of a claim cannot have a clean verdict: attempts of earlier versions."""
    out = []
    for number, row in enumerate(registrations(rows, claim_id), 1):
        digest = str(row.body["registration"])
        if digest == registration:
            break
        begun = next((r.seq for r in rows if attempted([r], claim_id, digest)), None)
        if begun is not None:
            out.append(
                f"registered after an attempt of version {number} ({short(digest)}) had begun "
                f"(ledger row {begun})"
            )
    return tuple(out)
