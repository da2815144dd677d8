"""The lock and the ledger as a page shows them: what was bound, when it was said to be, what ran.

What is bound is shown field by field whatever the fields are: a digest as a digest, a group of
digests as a count with the list behind it. Every registration and attempt on the ledger is listed,
so that locking again, or trying again, shows.

Not covered: checking any of it (``claims verify``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.digest import PREFIX, digest, short
from harness.lock.pilot import in_words
from harness.report.figure import Table
from harness.report.records import ReportInput
from harness.report.words import NONE, humane, listing

DATES = ("date", "dated", "locked_at", "created", "recorded", "recorded_at", "at", "time", "when")
ABOUT = ("schema", "claim_id", "registration", "members", "yaml")
"""Fields of a lock that say what it is, and bind nothing more."""
WHOLE = {"claim": "claim, in canonical form", "recipe": "recipe, in canonical form"}
INFORMATION = {"yaml": "claim file's bytes (information)"}
"""Fields of a lock that are kept and do not bind."""
PILOT = "pilot (information)"


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
    registrations: int
    attempts: int
    amended: tuple[str, ...]
    deviations: tuple[str, ...]
    waivers: tuple[tuple[str, str], ...]
    anchors: tuple[str, ...]
    reproductions: tuple[str, ...]


def lock_view(report: ReportInput) -> LockView:
    """The record as it is shown."""
    lock, verdict = report.lock or {}, report.verdict
    events = [_event(row) for row in report.ledger]
    waivers = lock.get("waivers") or report.claim.get("waivers") or {}
    registration = str(verdict.get("registration") or lock.get("registration") or "")
    stated = [e.date for e in events if e.date and e.registration == registration]
    amended = [*_words(verdict.get("amended")), *(e.what for e in events if "amend" in e.kind)]
    return LockView(
        registration=registration,
        date=_first(lock, DATES) or next(iter(stated), ""),
        bound=tuple(_bound(lock)),
        seeds=_by_replicate(report.replicates, "seeds"),
        models=_by_replicate(report.replicates, "models"),
        ledger=_ledger(events),
        registrations=sum(e.kind in ("registration", "amendment") for e in events),
        attempts=len({(e.registration, e.attempt) for e in events if e.kind.startswith("attempt")}),
        amended=tuple(dict.fromkeys(amended)),
        deviations=_words(verdict.get("deviations")),
        waivers=tuple((str(k), listing(v)) for k, v in waivers.items()),
        anchors=tuple(_anchor(a) for a in report.anchors),
        reproductions=tuple(
            _reproduction(row) for row in report.ledger if row.get("kind") == "reproduction"
        ),
    )


@dataclass(frozen=True)
class _Event:
    number: str
    kind: str
    date: str
    what: str
    registration: str
    attempt: str
    digest: str


def _event(row: Mapping[str, Any]) -> _Event:
    """A ledger row, whichever names its fields have; the body's own fields become words."""
    body = row.get("body") if isinstance(row.get("body"), Mapping) else row
    assert isinstance(body, Mapping)
    both = {**row, **body}
    kind = str(row.get("kind") or row.get("event") or row.get("type") or "")
    parts = []
    for key in ("registration", "attempt", "reason", "successor", "measured", "replicates"):
        if both.get(key):
            value = both[key]
            text = short(value) if _is_digest(value) else listing(value)
            parts.append(f"{key} {text}")
    for key in ("supersedes", "changes"):  # by claim; what changed has a table of its own
        if isinstance(both.get(key), Mapping):
            parts += [f"{key} {name} {_count(value)}" for name, value in both[key].items()]
    if isinstance(both.get("claims"), (Mapping, list, tuple)):
        parts.append(f"claims {', '.join(map(str, both['claims']))}")
    return _Event(
        number=_first(row, ("number", "seq", "sequence", "index", "n")),
        kind=kind,
        date=_first(both, DATES),
        what="; ".join(parts) or NONE,
        registration=str(both.get("registration") or ""),
        attempt=str(both.get("attempt") or ""),
        digest=_first(row, ("digest", "hash", "entry")),
    )


def _anchor(body: Mapping[str, Any]) -> str:
    """What the ledger says of an anchor; whether it holds is for the reader to check."""
    by = listing(body.get("authority") or body.get("key") or "an outside witness")
    time = f", which states {body['stated_time']}" if body.get("stated_time") else ""
    kind = {"rfc3161": "time-stamp", "ssh": "SSH signature"}.get(str(body.get("type")), "anchor")
    return (
        f"{kind} over ledger row {body.get('seq')} by {by}{time} ({body.get('file')}); "
        "claims verify checks it against authorities and keys that you name"
    )


def _reproduction(row: Mapping[str, Any]) -> str:
    """What the ledger says came of measuring the plan anew; anyone may do that again."""
    body = row["body"]
    cpu = body["machine"].get("cpu") if isinstance(body.get("machine"), Mapping) else None
    same = f"; {listing(body['same_models'])}" if body.get("same_models") else ""
    on = f" on {listing(cpu)}" if cpu else ""
    return (
        f"{listing(body.get('reproduced'))} where {listing(body.get('published'))} is published"
        f"{on} (ledger row {row.get('seq')}){same}"
    )


def _count(value: Any) -> str:
    if isinstance(value, list):
        return f"{len(value)} field{'s' if len(value) != 1 else ''}"
    return short(value) if _is_digest(value) else listing(value)


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
    for key, value in lock.items():
        if key in WHOLE:  # shown elsewhere on the page; here by digest
            found.append(Bound(WHOLE[key], "1", digest(value), ()))
        elif key not in ABOUT and value:
            found.append(_one(key, value))
    if isinstance(lock.get("members"), Mapping) and len(lock["members"]) > 1:
        found.append(_one("claims registered together", lock["members"]))
    found += [_one(text, lock[key]) for key, text in INFORMATION.items() if lock.get(key)]
    pilot = lock.get("pilot")
    if isinstance(pilot, Mapping):
        count = f"exploration of {pilot.get('replicates')} replicate(s)"
        found.append(Bound(PILOT, count, str(pilot.get("evidence")), ()))
    elif pilot:
        found.append(Bound(PILOT, in_words(pilot), "", ()))
    return found


def _one(key: str, value: Any) -> Bound:
    if not isinstance(value, Mapping):
        if _is_digest(value):
            return Bound(humane(key), "1", value, ())
        return Bound(humane(key), listing(value), "", ())
    leaves = tuple(_leaves(value))
    digests = sum(leaf[1].startswith(PREFIX) for leaf in leaves)
    words = f"{digests} digests" if digests else f"{len(leaves)} entries"
    return Bound(humane(key), words, digest(value), leaves)


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
