"""Lock files: read, checked against the ledger, made again where a kill left them out.

A lock is valid only as part of a registration that stands on the ledger; the ledger decides, the
file follows. A file that is missing is made again from the ledger's row; one that says anything
else is refused.

Not covered: making a registration (``harness.lock.register``); whether the workspace still is what
was locked (``harness.lock.compare``).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.digest import short, write_atomic
from harness.errors import ClaimsError, OutOfOrder, RecordBroken
from harness.lock.leaves import differing
from harness.lock.ledger import Row, read
from harness.lock.record import Lock, lock_from, lock_path, registrations
from harness.paths import read_inside
from harness.shown import visible
from harness.strictjson import MOST_BYTES, NotJson, parse_object

SHOWN = 4


def is_registered(root: Path, claim_id: str) -> bool:
    """Whether the claim has a lock, by its file or by the ledger alone.

    Ask this rather than whether the file exists: removing a lock file does not unlock a claim.
    Raises :class:`RecordBroken` as ``ledger.read`` does where there is no file.
    """
    return _exists(lock_path(root, claim_id)) or bool(registrations(read(root), claim_id))


def load_lock(root: Path, claim_id: str) -> Lock:
    """The claim's current lock, which is that of its last registration on the ledger.

    Writes nothing. Raises :class:`OutOfOrder` for a claim that was never registered,
    :class:`RecordBroken` where ledger or lock file are not what was registered.
    """
    rows = registrations(read(root), claim_id)
    path = lock_path(root, claim_id)
    if not rows:
        if path.exists():
            raise RecordBroken(
                "a lock of which the ledger knows nothing",
                where=_shown(claim_id),
                fix="Restore claims/ledger.jsonl from version control; a lock without its "
                "registration locks nothing",
            )
        raise OutOfOrder(
            "not registered", where=claim_id, fix=f"Register it with: claims lock {claim_id}"
        )
    lock = lock_from(rows[-1], claim_id)
    if path.exists() or path.is_symlink():
        _check(_value(root, claim_id), lock, rows)
    return lock


def restore(root: Path, rows: tuple[Row, ...]) -> tuple[str, ...]:
    """Write the lock files that a kill left out; their claims' ids.

    Those are missing beside their registration, or still say, byte for byte, what an earlier
    registration said. The caller holds ``ledger.locked``. A file that says anything else is left
    alone.
    """
    made = []
    names = dict.fromkeys(str(n) for row in registrations(rows) for n in row.body["claims"])
    for name in names:
        path = lock_path(root, name)
        *earlier, last = registrations(rows, name)
        if path.is_symlink() or (path.exists() and not _stale(path, name, earlier)):
            continue
        write_atomic(path, lock_from(last, name).as_bytes())
        made.append(name)
    return tuple(made)


def _stale(path: Path, name: str, earlier: Sequence[Row]) -> bool:
    """Whether a lock file is the one of an earlier registration, as it was written then."""
    data = path.read_bytes() if earlier else b""
    return any(data == lock_from(row, name).as_bytes() for row in earlier)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name longer than names may be
        return False


def _check(value: dict[str, Any], lock: Lock, rows: tuple[Row, ...]) -> None:
    where = _shown(lock.claim_id)
    fix = f"Restore {where} from version control, or make it again from the ledger: claims recover"
    found = value.get("registration")
    if found != lock.registration:
        known = found in [row.body["registration"] for row in rows]
        raise RecordBroken(
            f"{'an earlier' if known else 'not a'} registration of this claim: locked "
            f"{short(lock.registration)} / found {short(str(found))}",
            where=where,
            fix=fix,
        )
    changes = [
        f"{path.lstrip('.')}: locked {a!r:.80} / found {b!r:.80}"
        for path, a, b in differing(lock.as_json(), value, "")
    ]
    if changes:
        more = f"; and {len(changes) - SHOWN} more" if len(changes) > SHOWN else ""
        said = visible("; ".join(changes[:SHOWN]) + more)
        raise RecordBroken(f"edited: {said}", where=where, fix=fix)


def _value(root: Path, claim_id: str) -> dict[str, Any]:
    try:
        return parse_object(read_inside(root, _shown(claim_id), MOST_BYTES))
    except (NotJson, ClaimsError) as error:
        raise RecordBroken(
            f"not a readable lock ({error.what if isinstance(error, ClaimsError) else error})",
            where=_shown(claim_id),
            fix="Restore it from version control, or remove it and make it again from the ledger: "
            "claims recover",
        ) from error


def _shown(claim_id: str) -> str:
    return f"claims/{claim_id}.lock.json"
