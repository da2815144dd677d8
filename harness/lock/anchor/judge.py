"""From a row's words and a witness's answer to an anchor, or to the sentence that says why not.

The same rules judge an answer before it is written and every time that it is verified.

Not covered: where the words and the answer come from (``harness.lock.anchor.make``, ``examine``).
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.errors import RecordBroken
from harness.lock.anchor.records import NAMESPACE, REBUILT, Anchor, Entry, broken, stamped
from harness.lock.anchor.sshsig import Checked, check, parse
from harness.lock.anchor.token import Token
from harness.lock.chain import Row
from harness.lock.record import registrations

NAME_ROOT = "name the authority's root with --tsa-root if you trust it"
NAME_SIGNER = "name the signer's key with --allowed-signers if you trust it"


def covered(entry: Entry, rows: Sequence[Row]) -> tuple[str, ...]:
    """The registrations up to the row that an entry covers.

    Raises :class:`RecordBroken` where the ledger does not hold that row.
    """
    places = {row.digest: row.seq for row in rows}
    if entry.head not in places:
        raise broken(
            entry.row,
            f"covers a row {entry.seq} that is not in the ledger: {REBUILT}",
        )
    if places[entry.head] != entry.seq:
        raise broken(entry.row, f"says row {entry.seq} and covers row {places[entry.head]}")
    if entry.seq >= entry.row:
        raise broken(entry.row, "covers a row that was written after it")
    return covered_by(rows, entry.seq)


def covered_by(rows: Sequence[Row], seq: int) -> tuple[str, ...]:
    """The digests of the registrations up to a row."""
    return tuple(str(row.body.get("registration")) for row in registrations(rows) if row.seq <= seq)


def by_token(entry: Entry, token: Token, covers: tuple[str, ...]) -> Anchor:
    """The anchor that a token makes. Raises :class:`RecordBroken` where it makes none."""
    if token.wrong:
        raise _bad(entry, token.wrong)
    if not token.covers(entry.head):
        raise _bad(entry, "is a time-stamp over something else than the digest that its row names")
    if token.time != entry.states:
        raise _bad(entry, f"states {token.time}, its row says {entry.states}")
    return Anchor(
        type=entry.type,
        head=entry.head,
        seq=entry.seq,
        stated_time=token.time,
        by=token.signer,
        trusted=token.vouched,
        file=entry.file,
        registrations=covers,
    )


def by_signature(
    entry: Entry, data: bytes, signers: bytes | None, covers: tuple[str, ...]
) -> tuple[Anchor, Checked]:
    """The anchor that an SSH signature makes, and what ``ssh-keygen`` found.

    Raises :class:`RecordBroken` where it makes none, ``ClaimsError`` where ``ssh-keygen`` is
    missing.
    """
    checked = signed(entry, data, signers)
    if checked.key != entry.states:
        raise _bad(entry, f"is by the key {checked.key}, its row says {entry.states}")
    named = f"{checked.principal} (key {checked.key})" if checked.principal else checked.key
    anchor = Anchor(
        type=entry.type,
        head=entry.head,
        seq=entry.seq,
        stated_time=None,
        by=named,
        trusted=bool(checked.principal),
        file=entry.file,
        registrations=covers,
    )
    return anchor, checked


def signed(entry: Entry, data: bytes, signers: bytes | None) -> Checked:
    """What ``ssh-keygen`` says of a signature over the entry's head, which must be good.

    Raises :class:`RecordBroken` for one that is malformed, over something else or for another use.
    """
    try:
        said = parse(data)
    except ValueError as error:
        raise _bad(entry, f"cannot be read as an SSH signature: {error}") from error
    if said.namespace != NAMESPACE:
        raise _bad(entry, f"is for the namespace {said.namespace!r}, not {NAMESPACE!r}")
    checked = check(stamped(entry.head), data, signers)
    if not checked.key:
        raise _bad(entry, f"is no good signature over the digest that its row names: {checked.why}")
    return checked


def _bad(entry: Entry, what: str) -> RecordBroken:
    return RecordBroken(
        what,
        where=entry.file,
        fix="Restore the file from version control; if it was always so, it anchors nothing",
    )
