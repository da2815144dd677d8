"""The lock and the ledger as a page shows them: what was bound, when it was said to be, what ran.

The lock is shown field by field whatever its fields are: a digest as a digest, a group of digests
as a count with the list behind it, an embedded value by its canonical digest.

Not covered: checking any of it (``claims verify``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.digest import PREFIX, digest, short
from harness.report.figure import Table
from harness.report.records import ReportInput
from harness.report.words import NONE, humane, listing

DATES = ("date", "dated", "locked_at", "created", "recorded", "recorded_at", "at", "time", "when")
NAMES = ("registration", "schema", "claim_id", "id", "waivers")
"""Fields of a lock with a place of their own on the page."""


@dataclass(frozen=True)
class Bound:
    """One thing the lock binds: how many parts, its digest, and the parts' list."""

    what: str
    count: str
    digest: str
    parts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class LockView:
    """The record of a claim."""

    registration: str
    date: str
    bound: tuple[Bound, ...]
    seeds: Table | None
    models: Table | None
    ledger: Table | None
    attempts: int
    amended: tuple[str, ...]
    deviations: tuple[str, ...]
    waivers: tuple[tuple[str, str], ...]
    anchors: tuple[str, ...]


def lock_view(report: ReportInput) -> LockView:
    """The record as it is shown."""
    lock, verdict = report.lock or {}, report.verdict
    events = [_event(row) for row in report.ledger]
    waivers = lock.get("waivers") or report.claim.get("waivers") or {}
    amended = [*_words(verdict.get("amended")), *(e.what for e in events if "amend" in e.kind)]
    return LockView(
        registration=str(verdict.get("registration") or lock.get("registration") or ""),
        date=_first(lock, DATES) or next((e.date for e in events if e.date), ""),
        bound=tuple(_bound(lock)),
        seeds=_by_replicate(report.replicates, "seeds"),
        models=_by_replicate(report.replicates, "models"),
        ledger=_ledger(events),
        attempts=len({e.attempt for e in events if e.attempt}),
        amended=tuple(dict.fromkeys(amended)),
        deviations=_words(verdict.get("deviations")),
        waivers=tuple((str(k), listing(v)) for k, v in waivers.items()),
        anchors=tuple(listing(a) for a in report.anchors),
    )


@dataclass(frozen=True)
class _Event:
    number: str
    kind: str
    date: str
    what: str
    attempt: str
    digest: str


def _event(row: Mapping[str, Any]) -> _Event:
    """A ledger row, whichever names its fields have; the body's own fields become words."""
    body = row.get("body") if isinstance(row.get("body"), Mapping) else row
    assert isinstance(body, Mapping)
    both = {**row, **body}
    kind = str(row.get("kind") or row.get("event") or row.get("type") or "")
    parts = []
    for key in ("registration", "attempt", "reason", "supersedes", "changes", "replicates"):
        if both.get(key):
            value = both[key]
            text = short(value) if _is_digest(value) else listing(value)
            parts.append(f"{key} {text}")
    if isinstance(both.get("claims"), (Mapping, list, tuple)):
        parts.append(f"claims {', '.join(map(str, both['claims']))}")
    attempt = str(both.get("attempt") or "")
    return _Event(
        number=_first(row, ("number", "seq", "sequence", "index", "n")),
        kind=kind,
        date=_first(both, DATES),
        what="; ".join(parts) or NONE,
        attempt=f"{both.get('registration', '')}/{attempt}" if attempt else "",
        digest=_first(row, ("digest", "hash", "entry")),
    )


def _ledger(events: Sequence[_Event]) -> Table | None:
    if not events:
        return None
    rows = tuple(
        (e.number or str(i + 1), humane(e.kind), e.what, e.date or NONE, short(e.digest) or NONE)
        for i, e in enumerate(events)
    )
    return Table(("row", "event", "about", "date as stated", "digest"), rows)


def _first(row: Mapping[str, Any], keys: Sequence[str]) -> str:
    return next((str(row[k]) for k in keys if row.get(k) not in (None, "")), "")


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(PREFIX)


def _words(values: Any) -> tuple[str, ...]:
    return tuple(listing(v) for v in values or ())


def _bound(lock: Mapping[str, Any]) -> list[Bound]:
    found = []
    for key, value in sorted(lock.items()):
        if key in NAMES or key in DATES or value in (None, "", [], {}):
            continue
        if _is_digest(value):
            found.append(Bound(humane(key), "1", value, ()))
        elif isinstance(value, Mapping):
            leaves = tuple(_leaves(value))
            files = [leaf for leaf in leaves if leaf[1].startswith(PREFIX)]
            words = f"{len(files)} digests" if files else f"{len(leaves)} entries"
            parts = leaves if files or key in ("packages", "settings") else ()
            found.append(Bound(humane(key), words, digest(value), parts))
        elif isinstance(value, (list, tuple)):
            found.append(Bound(humane(key), f"{len(value)} entries", digest(value), ()))
        else:
            found.append(Bound(humane(key), listing(value), "", ()))
    return found


def _leaves(value: Mapping[str, Any], path: str = "") -> list[tuple[str, str]]:
    found = []
    for key, inner in value.items():
        place = f"{path}{key}"
        if isinstance(inner, Mapping):
            found += _leaves(inner, f"{place} / ")
        else:
            found.append((place, listing(inner)))
    return found


def _by_replicate(records: Sequence[Mapping[str, Any]], key: str) -> Table | None:
    """A mapping kept in every replicate record, one row per replicate."""
    rows = [(f"r{r.get('replicate', '')}", r.get(key) or {}) for r in records]
    names = tuple(dict.fromkeys(name for _, row in rows for name in row))
    if not names:
        return None
    return Table(
        ("replicate", *(humane(str(n)) for n in names)),
        tuple((label, *(_shortened(row.get(n)) for n in names)) for label, row in rows),
    )


def _shortened(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return short(value) if _is_digest(value) else listing(value)
