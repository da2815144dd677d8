"""The head witness: a small file beside the ledger that has seen its last row.

The chain alone cannot show that rows were cut off at its end, because what is left is a whole
ledger. ``claims/ledger.head.json`` holds the number and the digest of the last row; it is put in
place after every append, so it may lag behind the ledger (a kill in between) and can never be
ahead of it. A witness that is ahead, or that has seen another row at its place, is a ledger that
was cut, rebuilt or forked.

Not covered: someone who rewrites the witness too; against that stand version control
(``harness.lock.history``) and outside anchors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from harness import atomic
from harness.digest import canonical
from harness.errors import ClaimsError, RecordBroken
from harness.lock.chain import FILE, RESTORE, Row
from harness.paths import read_inside
from harness.strictjson import parse_object

WITNESS = "claims/ledger.head.json"
SCHEMA = "causal-claims/ledger-head/1"
MOST_BYTES = 4096
MEND = "If no row is missing, write it again with: claims recover"


@dataclass(frozen=True)
class Witness:
    """What was last seen: the row's number and its digest."""

    seq: int
    head: str


def write(root: Path, row: Row) -> None:
    """Note that ``row`` is the last one. The caller holds the ledger's lock."""
    with drafted(root, row) as put:
        put()


def drafted(root: Path, row: Row) -> AbstractContextManager[Callable[[], None]]:
    """As :func:`write`, once what is yielded is called: a disk that is full refuses here."""
    value = {"schema": SCHEMA, "seq": row.seq, "head": row.digest}
    return atomic.drafted(root / WITNESS, canonical(value) + b"\n")


def load(root: Path) -> Witness | None:
    """The witness, or None where there is none.

    Raises :class:`RecordBroken` where the file is not one that :func:`write` wrote.
    """
    path = root / WITNESS
    if not path.exists() and not path.is_symlink():
        return None
    try:
        value = parse_object(read_inside(root, WITNESS, MOST_BYTES))
        if set(value) != {"schema", "seq", "head"}:
            raise ValueError("its fields are not those of a witness")
        seq, head = value["seq"], value["head"]
        if value["schema"] != SCHEMA or type(seq) is not int or not isinstance(head, str):
            raise ValueError("a field has the wrong type")
    except (ValueError, ClaimsError) as error:
        words = error.what if isinstance(error, ClaimsError) else str(error)
        raise RecordBroken(
            f"the head witness cannot be read ({words})", where=WITNESS, fix=MEND
        ) from error
    return Witness(seq, head)


def require(rows: Sequence[Row], witness: Witness | None) -> None:
    """Raise :class:`RecordBroken` unless the ledger is the one that the witness saw, or extends it.

    A ledger of one row may lack its witness: a kill came between the two.
    """
    if witness is None:
        if len(rows) > 1:
            raise RecordBroken(
                "the head witness is missing, so nothing shows whether rows were cut off",
                where=WITNESS,
                fix=f"Restore it from version control. {MEND}",
            )
        return
    if witness.seq > len(rows):
        first, last = len(rows) + 1, witness.seq
        lost = f"row {last} is" if first == last else f"rows {first} to {last} are"
        raise RecordBroken(
            f"{lost} missing at the end: the head witness has seen row {last}",
            where=f"{FILE}:{first}",
            fix=RESTORE,
        )
    if witness.seq < 1 or rows[witness.seq - 1].digest != witness.head:
        raise RecordBroken(
            f"row {witness.seq} is not the one that the head witness saw: the ledger was rebuilt, "
            "or is another branch of its history",
            where=f"{FILE}:{max(witness.seq, 1)}",
            fix=RESTORE,
        )
