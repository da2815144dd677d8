"""How one version of the ledger follows from another: by growing, or by what else was done to it.

Pure functions of the versions' bytes. A ledger grows by whole lines behind its last; a torn last
line may be completed, or set aside by a row of kind ``recovery`` that names its digest.

Not covered: whether a version is a chain in itself (``harness.lock.chain``); a version that today's
verified ledger extends is one.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile

from harness.digest import digest_bytes
from harness.errors import RecordBroken
from harness.lock.chain import Row, row_of


@dataclass(frozen=True)
class Version:
    """One version beside today's ledger: its whole rows, and how many of the first agree."""

    rows: int
    shared: int
    torn: bool

    @property
    def grew(self) -> bool:
        """Whether today's ledger begins with this version, which ends with a whole row."""
        return self.shared == self.rows and not self.torn


def version(data: bytes, today: bytes) -> Version:
    """A version of the ledger, compared with today's."""
    rows, torn = data.count(b"\n"), bool(data) and not data.endswith(b"\n")
    if today.startswith(data):
        return Version(rows, rows, torn)
    return Version(rows, _shared(_lines(data)[0], _lines(today)[0]), torn)


def extends(later: bytes, earlier: bytes) -> bool:
    """Whether the ledger only grew, from ``earlier`` to ``later``."""
    if later.startswith(earlier):
        return True
    rows, torn = _lines(earlier)
    after, _ = _lines(later)
    if not torn or after[: len(rows)] != rows or len(after) <= len(rows):
        return False
    try:
        row = row_of(len(rows) + 1, after[len(rows)])
    except RecordBroken:
        return False
    return row.kind == "recovery" and row.body.get("torn") == digest_bytes(torn)


def happened(later: bytes, earlier: bytes) -> str:
    """What was done to ``earlier`` where ``later`` does not extend it; the first row is named."""
    before, _ = _lines(earlier)
    after, _ = _lines(later)
    same = _shared(after, before)
    first = same + 1
    if same == len(before):
        return f"replaces the torn line behind row {same} without a recovery row"
    if same == len(after):
        last = len(before)
        return f"drops row {first}" if first == last else f"drops rows {first} to {last}"
    if before[same] in after[same:]:
        return f"moves rows, the first is row {first}"
    if after[same] in before[first:]:
        return f"drops row {first} from among the rows"
    return f"rewrites row {first}"


def forked(one: bytes, other: bytes) -> int | None:
    """The last row that two versions share where both went on alone; None where one extends the
    other."""
    if extends(one, other) or extends(other, one):
        return None
    return _shared(_lines(one)[0], _lines(other)[0])


def rows_in(data: bytes) -> tuple[Row, ...]:
    """The lines that are rows, in whatever order and chained or not."""
    found = []
    for number, line in enumerate(_lines(data)[0], 1):
        with suppress(RecordBroken):
            found.append(row_of(number, line))
    return tuple(found)


def _lines(data: bytes) -> tuple[list[bytes], bytes]:
    """The whole lines without their breaks, and what follows the last of them."""
    *rows, torn = data.split(b"\n")
    return rows, torn


def _shared(one: list[bytes], other: list[bytes]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
