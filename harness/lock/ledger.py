"""The ledger: one line for every registration and every attempt, chained by digests, never edited.

``claims/ledger.jsonl`` holds one row a line in canonical JSON (RFC 8785): ``seq`` (the line's
number, from 1), ``kind``, ``body``, ``time``, ``prev`` (the digest of the row before; empty for the
first) and ``digest`` (of the row without it). ``time`` is information: order is proved by the
chain, never by a clock. Appending holds a file lock and returns after fsync.

:func:`read` verifies all of it and names the first row that is wrong and how. A torn last line (a
kill or a full disk in the middle of an append) is told apart from an edit; :func:`recover` sets it
aside in ``ledger.torn`` and loses nothing.

Not covered: rows cut off at the end, and a history rebuilt by someone who holds every copy; both
need a witness outside the file (version control, a timestamp, a lock file that names its row).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import rfc8785
from filelock import FileLock

from harness.digest import PREFIX, canonical, digest
from harness.errors import ClaimsError, RecordBroken, UnknownName, nearest

FILE = "claims/ledger.jsonl"
TORN = "claims/ledger.torn"
KINDS = (
    "registration",
    "attempt-started",
    "attempt-finished",
    "attempt-interrupted",
    "amendment",
    "withdrawal",
    "anchor",
    "reproduction",
)
FIELDS = ("seq", "kind", "body", "time", "prev", "digest")
RESTORE = "Restore the ledger from version control: its rows are never edited"


@dataclass(frozen=True)
class Row:
    """One row; ``digest`` covers the others, ``prev`` is the digest of the row before."""

    seq: int
    kind: str
    body: Mapping[str, Any]
    time: str
    prev: str
    digest: str

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in FIELDS}


def ledger_path(root: Path) -> Path:
    return root / FILE


def read(root: Path) -> tuple[Row, ...]:
    """All rows, verified; none where there is no ledger yet.

    Raises :class:`RecordBroken` naming the first row that is edited, missing, repeated, out of
    order or torn.
    """
    path = ledger_path(root)
    if path.is_symlink():
        raise RecordBroken("the ledger is a symbolic link", where=FILE, fix="Put the file there")
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return ()
    rows, torn = _split(data)
    checked = _verify(rows)
    if torn:
        raise RecordBroken(
            f"the last line, row {len(rows) + 1}, is torn: it was being written when the process "
            "was killed or the disk was full",
            where=FILE,
            fix=f"Recover with harness.lock.ledger.recover: it moves the torn line to {TORN}",
        )
    return checked


def head(root: Path) -> str:
    """The digest of the last row; empty where there is none."""
    rows = read(root)
    return rows[-1].digest if rows else ""


def append(root: Path, kind: str, body: Mapping[str, Any]) -> Row:
    """Append a row and return it once it is on the disk.

    Concurrent writers queue. Raises :class:`RecordBroken` where the ledger is broken already,
    :class:`ClaimsError` for a body that canonical JSON cannot hold, :class:`UnknownName`.
    """
    with locked(root):
        return append_locked(root, kind, body)


def append_once(
    root: Path, kind: str, key: Mapping[str, Any], more: Mapping[str, Any] | None = None
) -> Row:
    """The row of this kind whose body holds ``key``; appended, with ``more``, if there is none.

    Workers who call this at the same time get the same row. Raises as :func:`append` does.
    """
    _known(kind)
    found = _find(read(root), kind, key)  # without waiting: most calls find the row
    if found is not None:
        return found
    with locked(root):
        rows = read(root)
        return _find(rows, kind, key) or append_locked(root, kind, {**key, **(more or {})}, rows)


def _known(kind: str) -> None:
    if kind not in KINDS:
        raise ClaimsError(f"no such kind of row: {kind!r}", fix=f"One of: {', '.join(KINDS)}")


def _find(rows: tuple[Row, ...], kind: str, key: Mapping[str, Any]) -> Row | None:
    for row in rows:
        if row.kind == kind and all(row.body.get(name) == value for name, value in key.items()):
            return row
    return None


def locked(root: Path) -> FileLock:
    """The lock under which the ledger is written; reentrant in a process only through one object."""
    folder = root / ".cache" / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / "ledger.lock", timeout=120)


def append_locked(root: Path, kind: str, body: Mapping[str, Any]) -> Row:
    """As :func:`append`, for a caller that holds :func:`locked`."""
    if kind not in KINDS:
        raise UnknownName(f"no kind of row {kind!r}", fix=f"Nearest kinds: {nearest(kind, KINDS)}")
    rows = read(root)
    content = {
        "seq": len(rows) + 1,
        "kind": kind,
        "body": dict(body),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "prev": rows[-1].digest if rows else "",
    }
    try:
        line = canonical({**content, "digest": digest(content)}) + b"\n"
    except rfc8785.CanonicalizationError as error:
        raise ClaimsError(
            f"a {kind} row cannot be written: {error}", where=FILE, fix="Use finite numbers"
        ) from None
    path = ledger_path(root)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = not path.exists()
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    try:
        before = os.fstat(handle).st_size
        try:
            _write_all(handle, line)
            os.fsync(handle)
        except OSError as error:
            os.ftruncate(handle, before)
            words = os.strerror(error.errno or 0).lower()
            raise ClaimsError(
                f"the ledger cannot be written: {words}", where=FILE, fix="Make room and repeat"
            ) from None
    finally:
        os.close(handle)
    if new:
        _sync_folder(path.parent)
    return _row(json.loads(line))


def recover(root: Path) -> bool:
    """Set a torn last line aside in ``ledger.torn``; False if there was none.

    Every whole row stays, and the torn bytes are kept. A last line that is whole but for its line
    break becomes a row again. Raises :class:`RecordBroken` if anything before is broken.
    """
    with locked(root):
        path = ledger_path(root)
        data = path.read_bytes() if path.exists() else b""
        rows, torn = _split(data)
        _verify(rows)
        if not torn:
            return False
        if _whole(rows, torn):
            with path.open("ab") as out:
                out.write(b"\n")
                out.flush()
                os.fsync(out.fileno())
            return True
        with (root / TORN).open("ab") as aside:
            aside.write(torn + b"\n")
            aside.flush()
            os.fsync(aside.fileno())
        _sync_folder(path.parent)
        with path.open("r+b") as out:
            out.truncate(len(data) - len(torn))
            out.flush()
            os.fsync(out.fileno())
        return True


def _whole(rows: list[bytes], last: bytes) -> bool:
    try:
        _verify([*rows, last])
    except RecordBroken:
        return False
    return True


def _write_all(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _split(data: bytes) -> tuple[list[bytes], bytes]:
    """Whole lines, and what follows the last line break."""
    *lines, rest = data.split(b"\n")
    return lines, rest


def _row(value: Mapping[str, Any]) -> Row:
    return Row(**{name: value[name] for name in FIELDS})


def _broken(number: int, what: str) -> RecordBroken:
    return RecordBroken(f"row {number} {what}", where=FILE, fix=RESTORE)


def _verify(lines: list[bytes]) -> tuple[Row, ...]:
    """The rows of whole lines. Raises :class:`RecordBroken` for the first that is wrong."""
    rows: list[Row] = []
    for number, line in enumerate(lines, 1):
        row = _parsed(number, line)
        content = {name: getattr(row, name) for name in FIELDS if name != "digest"}
        if digest(content) != row.digest:
            raise _broken(number, "was edited: its content is not what its digest says")
        if row.seq != number:
            _misplaced(number, row, lines)
        prev = rows[-1].digest if rows else ""
        if row.prev != prev:
            raise _broken(
                number,
                f"does not follow row {number - 1}: one of them was replaced"
                if rows
                else "is not a first row: it follows another",
            )
        rows.append(row)
    return tuple(rows)


def _parsed(number: int, line: bytes) -> Row:
    try:
        value = json.loads(line)
        if canonical(value) != line:
            raise _broken(number, "was edited: it is not in canonical form")
    except (ValueError, RecursionError, rfc8785.CanonicalizationError):
        raise _broken(number, "was edited: it is not JSON") from None
    types = {"seq": int, "kind": str, "body": dict, "time": str, "prev": str, "digest": str}
    if not isinstance(value, dict) or set(value) != set(FIELDS):
        raise _broken(number, "was edited: its fields are not those of a row")
    if any(type(value[name]) is not kind for name, kind in types.items()):
        raise _broken(number, "was edited: a field has the wrong type")
    if value["kind"] not in KINDS or not value["digest"].startswith(PREFIX):
        raise _broken(number, "was edited: its kind or digest is none of ours")
    return _row(value)


def _misplaced(number: int, row: Row, lines: list[bytes]) -> None:
    """Say how the row that should have ``number`` was lost; always raises."""
    if row.seq < number:
        raise _broken(number, f"is row {row.seq} once more: repeated, or a second history")
    later = (_sequence(line) for line in lines[number:])
    if number in later:
        raise _broken(number, f"stands out of order: row {row.seq} is in its place")
    missing = f"rows {number} to {row.seq - 1} are" if row.seq - 1 > number else f"row {number} is"
    raise RecordBroken(f"{missing} missing", where=FILE, fix=RESTORE)


def _sequence(line: bytes) -> int:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return 0
    return value.get("seq", 0) if isinstance(value, dict) else 0
