"""The ledger's rows and their chain: from bytes to verified rows, or to the first that is wrong.

Pure functions of the file's bytes. Nothing here is mended, and no clock is asked.

Not covered: reading and writing the file (``harness.lock.ledger``); what a row's body means.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from harness.digest import canonical, digest
from harness.errors import RecordBroken

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


@lru_cache(maxsize=8)
def parse(data: bytes) -> tuple[tuple[Row, ...], bytes]:
    """The verified rows, and what follows the last line break (a torn line, or nothing).

    Raises :class:`RecordBroken` for the first row that is wrong.
    """
    *lines, torn = data.split(b"\n")
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
        value = json.loads(line, object_pairs_hook=_once, parse_int=_number)
        form = canonical(value)
        if not unicodedata.is_normalized("NFC", form.decode()):
            raise ValueError("text with accents written as letters of their own, not in NFC")
    except (ValueError, RecursionError) as error:
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
        value = json.loads(line)
    except (ValueError, RecursionError):
        return 0
    return value.get("seq", 0) if isinstance(value, dict) else 0


def _broken(number: int, what: str) -> RecordBroken:
    return RecordBroken(f"row {number} {what}", where=f"{FILE}:{number}", fix=RESTORE)


def _number(digits: str) -> int | float:
    # in canonical form a large float has neither point nor exponent: 2.0**60 is written 1152921...
    return int(digits) if len(digits) < 16 or abs(float(digits)) < 2**53 else float(digits)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("a key stands twice")
    return value
