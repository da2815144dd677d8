"""The ledger's rows and their chain: from bytes to verified rows, or to the first that is wrong.

Pure functions of the file's bytes. Nothing here is mended, and no clock is asked.

Rows and the file are bounded, so that a ledger from a stranger is refused rather than endless.

Not covered: reading and writing the file (``harness.lock.ledger``); what a row's body means.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from harness.digest import canonical, digest
from harness.errors import RecordBroken
from harness.lock.bodies import fault
from harness.strictjson import NotJson
from harness.strictjson import parse as parse_json

FILE = "claims/ledger.jsonl"
GENESIS = digest("causal-claims/ledger/1")
"""What the first row names as the row before it; it says which format the rows have."""
KINDS = (
    "registration",
    "attempt-started",
    "attempt-finished",
    "attempt-interrupted",
    "amendment",
    "withdrawal",
    "anchor",
    "reproduction",
    "recovery",
    "randomness",
)
FIELDS: Mapping[str, type] = {
    "seq": int,
    "kind": str,
    "body": dict,
    "time": str,
    "prev": str,
    "digest": str,
}
MOST_BYTES = 64 << 20
"""Of the whole file."""
MOST_ROW = 8 << 20
"""Bytes of a row."""
MOST_ROWS = 20_000
RESTORE = "Restore the ledger from version control: its rows are never edited"


@dataclass(frozen=True)
class Row:
    """One row; ``digest`` covers the others, ``prev`` is the digest of the row before."""

    seq: int
    kind: str
    body: dict[str, Any]
    time: str
    prev: str
    digest: str

    @classmethod
    def make(cls, seq: int, kind: str, body: Mapping[str, Any], time: str, prev: str) -> Row:
        """A row with its digest. Raises ``ValueError`` for a body without canonical form."""
        content = {"seq": seq, "kind": kind, "body": dict(body), "time": time, "prev": prev}
        return cls(seq, kind, dict(body), time, prev, digest(content))

    def __hash__(self) -> int:
        return hash(self.digest)

    def as_json(self) -> dict[str, Any]:
        """The row as it stands in the file."""
        return {name: getattr(self, name) for name in FIELDS}


def line_of(row: Row) -> bytes:
    """The row's line, with its line break."""
    return canonical(row.as_json()) + b"\n"


def composed(line: bytes) -> bool:
    """Whether each accented letter is one character (NFC): no two rows that look alike differ."""
    return unicodedata.is_normalized("NFC", line.decode())


@lru_cache(maxsize=8)
def parse(data: bytes) -> tuple[tuple[Row, ...], bytes]:
    """The verified rows, and what follows the last line break (a torn line, or nothing).

    Raises :class:`RecordBroken` for the first row that is wrong.
    """
    *lines, torn = data.split(b"\n")
    if len(lines) > MOST_ROWS:
        raise _broken(MOST_ROWS + 1, f"is one of {len(lines)}; a ledger has at most {MOST_ROWS}")
    rows: list[Row] = []
    for number, line in enumerate(lines, 1):
        row = row_of(number, line)
        if row.seq != number:
            raise _misplaced(number, row, lines)
        if row.prev != (rows[-1].digest if rows else GENESIS):
            words = f"does not follow row {number - 1}: one of them was replaced"
            raise _broken(number, words if rows else "is not the first row of a ledger")
        rows.append(row)
    return tuple(rows), torn


def row_of(number: int, line: bytes) -> Row:
    """The row that a line (without its break) holds. Raises :class:`RecordBroken`."""
    try:
        value = parse_json(line, MOST_ROW)
        form = canonical(value)
        if not composed(form):
            raise ValueError("text with accents written as letters of their own, not in NFC")
    except ValueError as error:
        raise _broken(number, f"was edited: it is not JSON with one meaning ({error})") from error
    if form != line:
        raise _broken(number, "was edited: it is not in canonical form")
    if not isinstance(value, dict) or set(value) != set(FIELDS):
        raise _broken(number, "was edited: its fields are not those of a row")
    if any(type(value[name]) is not kind for name, kind in FIELDS.items()):
        raise _broken(number, "was edited: a field has the wrong type")
    claimed = value.pop("digest")
    if digest(value) != claimed:
        raise _broken(number, "was edited: it does not say what its digest says")
    if value["kind"] not in KINDS:
        raise _broken(number, f"has a kind that this version does not know, {value['kind']!r}")
    if words := fault(value["kind"], value["body"]):
        raise _broken(number, f"has no body of its kind, {value['kind']}: {words}")
    return Row(**value, digest=claimed)


def _misplaced(number: int, row: Row, lines: Sequence[bytes]) -> RecordBroken:
    """How the row that should have ``number`` was lost."""
    if row.seq < number:
        return _broken(number, f"is row {row.seq} once more: repeated, or a second history")
    if number in (_sequence(line) for line in lines[number:]):
        return _broken(number, f"stands out of order: row {row.seq} is in its place")
    missing = f"rows {number} to {row.seq - 1} are" if row.seq - 1 > number else f"row {number} is"
    return RecordBroken(f"{missing} missing", where=f"{FILE}:{number}", fix=RESTORE)


def _sequence(line: bytes) -> int:
    try:
        value = parse_json(line, MOST_ROW)
    except NotJson:
        return 0
    return value.get("seq", 0) if isinstance(value, dict) else 0


def _broken(number: int, what: str) -> RecordBroken:
    return RecordBroken(f"row {number} {what}", where=f"{FILE}:{number}", fix=RESTORE)
