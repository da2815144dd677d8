"""Public randomness on the ledger: one row for a registration that promised a beacon.

The row (kind ``randomness``) holds the value, the promise it keeps, and the file it was read from,
``claims/randomness/<registration>.json``, with its digest. It comes before the first attempt, and
there is one: a second value is refused. The confirmatory seeds of such a registration are keyed by
its digest and the value (``harness.plan.seeds``).

Not covered: whether the beacon published this value (look it up: the row says where); promises
(``harness.lock.beacon``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.digest import PREFIX, digest_bytes, short, write_atomic
from harness.errors import ClaimsError, OutOfOrder, RecordBroken, UnknownName
from harness.lock.beacon import (
    CLOCK_WITHIN,
    HEX,
    MOST_BYTES,
    Pulse,
    published_at,
    read_pulse,
)
from harness.lock.chain import FILE, RESTORE, Row
from harness.lock.ledger import append_locked, locked, read
from harness.lock.record import registrations
from harness.paths import read_inside

KIND = "randomness"
FOLDER = "claims/randomness"


def promise_of(registration: Row) -> str:
    """The beacon that a registration promised; empty if it promised none."""
    content = registration.body.get("content")
    return str(content.get("beacon", "")) if isinstance(content, dict) else ""


def file_of(registration: str) -> str:
    """Where the pulse of a registration is kept."""
    return f"{FOLDER}/{short(registration)}.json"


def kept(rows: Sequence[Row], registration: str) -> Row | None:
    """The row by which a registration's promise was kept; None if it is not kept yet.

    Raises :class:`RecordBroken` where the ledger has several, or one that cannot count: for another
    promise, without a value, or behind the start of an attempt.
    """
    mine = rows_of(rows, KIND, registration)
    if not mine:
        return None
    fault = _fault(rows, registration, mine)
    if fault:
        raise RecordBroken(fault, where=f"{FILE}:{mine[-1].seq}", fix=RESTORE)
    return mine[0]


def rows_of(rows: Sequence[Row], kind: str, registration: str) -> tuple[Row, ...]:
    """The rows of a kind that speak of a registration."""
    return tuple(
        row for row in rows if row.kind == kind and row.body.get("registration") == registration
    )


def _fault(rows: Sequence[Row], registration: str, mine: Sequence[Row]) -> str:
    known = [r for r in registrations(rows) if r.body.get("registration") == registration]
    promise = promise_of(known[0]) if known else ""
    started = rows_of(rows, "attempt-started", registration)
    name = short(registration)
    if not known or mine[0].seq < known[0].seq:
        return f"randomness for {name}, which was not registered before"
    if not promise:
        return f"randomness for {name}, which promised no beacon"
    if len(mine) > 1:
        return f"{len(mine)} values of randomness for {name}: one is promised"
    if mine[0].body.get("beacon") != promise:
        return f"randomness of {mine[0].body.get('beacon')!r}, where {name} promised {promise!r}"
    if not HEX.fullmatch(str(mine[0].body.get(KIND))):
        return f"randomness for {name} without a value of 128 bits or more"
    if started and started[0].seq < mine[0].seq:
        return f"randomness for {name} after its attempt began (row {started[0].seq})"
    return ""


def named(rows: Sequence[Row], word: str) -> Row:
    """The registration that ``word`` names: its digest, at least 12 digits of it, or a claim whose
    last registration it is. Raises :class:`UnknownName`."""
    found = registrations(rows, word)
    if not found:
        digits = word.removeprefix(PREFIX)
        found = tuple(
            row
            for row in registrations(rows)
            if len(digits) >= 12 and short(str(row.body.get("registration")), 64).startswith(digits)
        )
    if not found:
        raise UnknownName(
            f"the ledger has no registration {word!r}",
            where=FILE,
            fix="Name a registered claim, or the digest that claims lock printed",
        )
    return found[-1]


def add_randomness(
    root: Path, word: str, data: bytes, file: str, now: datetime | None = None
) -> tuple[Row, Pulse]:
    """Keep the promise of the registration that ``word`` names with the pulse in ``data``.

    Keeps the bytes under :func:`file_of` and appends the row; with the same value once more nothing
    changes. Raises :class:`ClaimsError` for a pulse that is none, or is not the promised one, for a
    registration that promised none or has another value, and :class:`OutOfOrder` for one whose
    attempt has begun.
    """
    pulse = read_pulse(data, file)
    at = published_at(pulse.beacon)
    if at is not None and at > (now or datetime.now(UTC)) + CLOCK_WITHIN:
        raise ClaimsError(
            f"{pulse.beacon} is not published before {at.isoformat(timespec='seconds')}",
            where=file,
            fix="Wait for the pulse; a value that is made up does not verify",
        )
    with locked(root):
        rows = read(root)
        row = named(rows, word)
        registration = str(row.body["registration"])
        promise = promise_of(row)
        if not promise:
            raise ClaimsError(
                "promised no beacon, so its seeds are what they are",
                where=short(registration),
                fix="A promise is made when locking: claims lock ID --beacon TEXT",
            )
        if pulse.beacon != promise:
            raise ClaimsError(
                f"{pulse.beacon!r} is not the promised {promise!r}",
                where=file,
                fix="Give the pulse that was promised",
            )
        place = root / file_of(registration)
        before = kept(rows, registration)
        if before is not None:
            if before.body[KIND] != pulse.randomness:
                raise ClaimsError(
                    f"has its randomness already, {before.body[KIND][:16]}... (row {before.seq})",
                    where=short(registration),
                    fix="A promise is kept once; lock again to promise another pulse",
                )
            if not place.exists() and before.body.get("digest") == pulse.digest:
                write_atomic(place, data)
            return before, pulse
        if rows_of(rows, "attempt-started", registration):
            raise OutOfOrder(
                "its attempt has begun, so its seeds are drawn",
                where=short(registration),
                fix="Lock again; randomness comes between locking and running",
            )
        write_atomic(place, data)  # first: a kill in between leaves a file that the next call keeps
        body: dict[str, Any] = {"registration": registration, **pulse.as_json()}
        return append_locked(root, KIND, {**body, "file": file_of(registration)}), pulse


def read_kept(root: Path, row: Row) -> Pulse:
    """The pulse that a row of the ledger names, from its file.

    Raises :class:`ClaimsError` if the file is missing, or does not say what the row says.
    """
    file = file_of(str(row.body.get("registration")))
    data = read_inside(root, file, MOST_BYTES)
    if digest_bytes(data) != row.body.get("digest") or row.body.get("file") != file:
        raise RecordBroken(
            "not the file that the ledger's row was made from", where=file, fix="Restore it"
        )
    pulse = read_pulse(data, file)
    differing = [name for name, value in pulse.as_json().items() if row.body.get(name) != value]
    if differing:
        raise RecordBroken(
            f"does not say what row {row.seq} says of {', '.join(differing)}",
            where=file,
            fix=RESTORE,
        )
    return pulse
