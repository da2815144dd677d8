"""The ledger: one line for every registration and every attempt, chained by digests, never edited.

``claims/ledger.jsonl`` holds one row a line in canonical JSON (RFC 8785): ``seq`` (the line's
number, from 1), ``kind``, ``body``, ``time``, ``prev`` (the digest of the row before; of the first,
the digest of the format's name) and ``digest`` (of the row without it). ``time`` is information:
order is proved by the chain, never by a clock. Appending holds a file lock and returns after fsync.

:func:`read` verifies all of it (``harness.lock.chain``) and names the first row that is wrong and
how; rows cut off at the end are found by the head witness (``harness.lock.witness``). A torn last
line (a kill or a full disk in the middle of an append) is told apart from an edit; :func:`recover`
sets it aside and loses nothing.

Not covered: a history rebuilt by someone who holds every copy, the witness included; that needs a
witness elsewhere (``harness.lock.history``, ``harness.lock.anchors``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from harness.digest import digest_bytes, short, write_atomic
from harness.errors import ClaimsError, RecordBroken, UnknownName, nearest
from harness.lock import witness
from harness.lock.chain import (
    FILE,
    GENESIS,
    KINDS,
    MOST_BYTES,
    MOST_ROWS,
    RESTORE,
    Row,
    composed,
    line_of,
    parse,
    row_of,
)
from harness.paths import Missing, inside, read_inside

__all__ = ["GENESIS", "KINDS", "Row", "append", "append_once", "head", "ledger_path", "locked"]
__all__ += ["append_locked", "as_of", "read", "recover"]

PATIENCE_S = 120.0
"""How long a writer waits for the others."""


_AS_OF: ContextVar[int | None] = ContextVar("as_of", default=None)


@contextmanager
def as_of(row: int) -> Iterator[None]:
    """Inside, :func:`read` gives the rows up to this one, and nothing can be appended."""
    token = _AS_OF.set(row)
    try:
        yield
    finally:
        _AS_OF.reset(token)


def ledger_path(root: Path) -> Path:
    return root / FILE


def head(root: Path) -> str:
    """What the next row will name as the row before it."""
    return _head(read(root))


def read(root: Path) -> tuple[Row, ...]:
    """All rows, verified; none where there is no ledger yet.

    Raises :class:`RecordBroken` naming the first row that is edited, missing, repeated, out of
    order or torn, and what to do.
    """
    seen = witness.load(root)  # before the ledger, which may grow while it is read
    rows, torn = parse(_bytes(root))
    witness.require(rows, seen)
    if torn:
        raise RecordBroken(
            f"the last line, row {len(rows) + 1}, is torn: it was being written when the process "
            "was killed or the disk was full",
            where=f"{FILE}:{len(rows) + 1}",
            fix="Set it aside, losing nothing, with: claims recover",
        )
    return rows[: _AS_OF.get()]


def append(root: Path, kind: str, body: Mapping[str, Any]) -> Row:
    """Write one row behind the last and return it once it is on the disk.

    Concurrent writers queue. The whole chain is read first: nothing is appended to a broken ledger.
    Raises :class:`RecordBroken` as :func:`read` does, :class:`ClaimsError` for a body that JSON
    cannot hold and a ledger that is full, that or ``OSError`` for a disk that is,
    :class:`UnknownName` for a kind that does not exist.
    """
    with locked(root):
        return append_locked(root, kind, body)


def append_once(
    root: Path, kind: str, key: Mapping[str, Any], more: Mapping[str, Any] | None = None
) -> Row:
    """The row of this kind whose body holds ``key``; appended, with ``more``, if there is none.

    Workers who call this at the same time get the same row. Raises as :func:`append` does.
    """
    found = _find(read(root), kind, key)  # without waiting: most calls find the row
    if found is not None:
        return found
    with locked(root):
        found = _find(read(root), kind, key)
        return found or append_locked(root, kind, {**key, **(more or {})})


def locked(root: Path) -> FileLock:
    """The file lock of all who write a workspace's ledger and lock files, to be entered with
    ``with``. Raises :class:`ClaimsError` on entry if another holds it for two minutes."""
    folder = inside(root, ".cache/locks")
    folder.mkdir(parents=True, exist_ok=True)
    return _Patient(folder / "ledger.lock", timeout=PATIENCE_S)


class _Patient(FileLock):
    def __enter__(self) -> _Patient:
        try:
            self.acquire()
        except Timeout as error:
            raise ClaimsError(
                f"another process has been writing the ledger for {PATIENCE_S:.0f} s",
                where=FILE,
                fix="Wait for it, or end it; its lock goes with it",
            ) from error
        return self


def append_locked(root: Path, kind: str, body: Mapping[str, Any]) -> Row:
    """As :func:`append`, for a caller that holds :func:`locked`."""
    if kind not in KINDS:
        raise UnknownName(f"no kind of row {kind!r}", fix=f"Nearest kinds: {nearest(kind, KINDS)}")
    if _AS_OF.get() is not None:
        raise RuntimeError("nothing is appended to a ledger as it was")
    rows = read(root)
    line = _next(rows, kind, body)
    row = row_of(len(rows) + 1, line.removesuffix(b"\n"))
    with witness.drafted(root, row) as put:
        _append_bytes(ledger_path(root), line)
        with suppress(OSError):  # the row stands, and a witness may lag
            put()
    return row


def _append_bytes(path: Path, line: bytes) -> None:
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
            ) from error
    finally:
        os.close(handle)
    if new:
        _sync_folder(path.parent)


def recover(root: Path) -> tuple[str, ...]:
    """Mend what a kill or a full disk leaves behind; a sentence for each thing mended.

    A torn last line is set aside: every whole row stays, the torn bytes go to
    ``claims/ledger.torn-<digest>``. A head witness that is missing or cannot be read is written
    again. A row of kind ``recovery`` says either. Raises :class:`RecordBroken` where anything else
    is wrong, rows that the witness has seen and the ledger lacks among it: that is never mended.
    """
    with locked(root):
        data = _bytes(root)
        rows, torn = parse(data)
        lost = ""
        try:
            witness.require(rows, witness.load(root))
        except RecordBroken as error:
            if error.where != witness.WITNESS:
                raise
            lost = error.what
        said = [f"{witness.WITNESS} was written again: {lost}"] if lost else []
        body: dict[str, Any] = {"witness": lost} if lost else {}
        if torn:
            name = digest_bytes(torn)
            aside = root / "claims" / f"ledger.torn-{short(name)}"
            body |= {"torn": name, "bytes": len(torn), "file": f"claims/{aside.name}"}
            said.append(f"the torn line after row {len(rows)} was set aside: claims/{aside.name}")
            # aside first, then both changes in one: a kill in between leaves the line to recover
            write_atomic(aside, torn)
        if body:
            note = _next(rows, "recovery", body)
            write_atomic(ledger_path(root), data[: len(data) - len(torn)] + note)
        if body or rows:
            witness.write(root, parse(_bytes(root))[0][-1])
        return tuple(said)


def _head(rows: tuple[Row, ...]) -> str:
    return rows[-1].digest if rows else GENESIS


def _next(rows: tuple[Row, ...], kind: str, body: Mapping[str, Any]) -> bytes:
    """The line to append behind ``rows``, tried: it reads back as a row."""
    if len(rows) >= MOST_ROWS:  # one more, and nobody could read any of them
        raise ClaimsError(
            f"the ledger is full: it has {len(rows)} rows",
            where=FILE,
            fix="Go on in a new workspace; what stands in this one stays readable",
        )
    time = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    try:
        line = line_of(Row.make(len(rows) + 1, kind, body, time, _head(rows)))
    except ValueError as error:  # rfc8785 refuses what has no single meaning
        raise ClaimsError(
            f"a row of kind {kind} cannot be written: {error}",
            where=FILE,
            fix="Use finite numbers and whole characters",
        ) from error
    if not composed(line):
        raise ClaimsError(
            f"a row of kind {kind} cannot be written: text in it is not in Unicode's composed form",
            where=FILE,
            fix="Write accented letters as one character each (NFC), as most keyboards do",
        )
    try:
        row_of(len(rows) + 1, line.removesuffix(b"\n"))
    except RecordBroken as error:  # nobody has edited it yet
        words = error.what.partition(" was edited: ")[2] or error.what
        raise ClaimsError(
            f"a row of kind {kind} cannot be written: {words}",
            where=FILE,
            fix="Write less, or what such a row holds",
        ) from error
    return line


def _find(rows: tuple[Row, ...], kind: str, key: Mapping[str, Any]) -> Row | None:
    for row in rows:
        if row.kind == kind and all(row.body.get(name) == value for name, value in key.items()):
            return row
    return None


def _bytes(root: Path) -> bytes:
    try:
        return read_inside(root, FILE, MOST_BYTES)
    except Missing:
        return b""
    except ClaimsError as error:
        raise RecordBroken(
            f"the ledger cannot be read: {error.what}", where=FILE, fix=RESTORE
        ) from error


def _write_all(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
