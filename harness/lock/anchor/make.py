"""Making anchors: a time-stamp from an authority, an SSH signature, or one obtained elsewhere.

The witness is asked without holding the ledger's lock, and what it answers is judged before a byte
is written; then, under the lock, the file is written and its row appended. Rows that others append
meanwhile do no harm: an anchor covers the row that was the last when the witness was asked. A kill
between file and row leaves a file that no row names, which verification mentions.

Not covered: judging (``judge``), the network (``authority``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.digest import digest_bytes, write_atomic
from harness.errors import ClaimsError, NothingThere, RecordBroken
from harness.lock.anchor import sshsig
from harness.lock.anchor.authority import PATIENCE_S, ask, check_url
from harness.lock.anchor.der import response_of
from harness.lock.anchor.judge import NAME_ROOT, NAME_SIGNER, by_signature, by_token, covered_by
from harness.lock.anchor.records import (
    LARGEST,
    RFC3161,
    SSH,
    Anchor,
    AnchorTrust,
    Entry,
    file_name,
    stamped,
)
from harness.lock.anchor.token import Token, read_tokens
from harness.lock.anchor.trust import load_roots, load_signers, read_named
from harness.lock.chain import FILE, RESTORE, Row
from harness.lock.ledger import append_locked, locked, read
from harness.paths import inside

SEQUENCE = b"\x30"


@dataclass(frozen=True)
class Anchored:
    """The row that was appended, and the anchor that it is to the one who made it."""

    row: Row
    anchor: Anchor


def stamp(
    root: Path, url: str, trust: AnchorTrust | None = None, patience: float = PATIENCE_S
) -> Anchored:
    """Ask a time-stamping authority for a token over the ledger's head, and record it.

    The request has a SHA-512 imprint, a nonce and asks for the certificate. Raises
    :class:`ClaimsError` for whatever the network or the authority does (nothing is written then),
    and, where ``trust`` names roots, for a token that does not lead to one of them;
    :class:`NothingThere` for an empty ledger.
    """
    from rfc3161_client import TimestampRequestBuilder

    check_url(url)
    roots = load_roots(trust or AnchorTrust())
    rows = _rows(root)
    request = TimestampRequestBuilder().data(stamped(rows[-1].digest)).build()
    data = ask(url, request.as_bytes(), patience)
    token = read_tokens([data], roots)[0]
    _acceptable(token, bool(roots), url)
    if token.nonce != str(request.nonce):
        raise _refused("is an answer to another request: its nonce is not ours", url)
    if not token.covers(rows[-1].digest):
        raise _refused("is over something else than was sent", url)
    more = {"authority": url, "stated_time": token.time}
    return _record(root, rows[-1], RFC3161, data, more, lambda e, c: by_token(e, token, c))


def sign(root: Path, key: Path, trust: AnchorTrust | None = None) -> Anchored:
    """Sign the ledger's head with an SSH key, and record it.

    Raises :class:`ClaimsError` where ``ssh-keygen`` is missing or does not sign, and, where
    ``trust`` names signers, for a key that is not theirs; :class:`NothingThere` for an empty
    ledger.
    """
    signers = load_signers(trust or AnchorTrust())
    rows = _rows(root)
    data = sshsig.sign(stamped(rows[-1].digest), key)
    return _signature(root, rows[-1], data, signers, str(key))


def adopt(root: Path, path: Path, trust: AnchorTrust | None = None) -> Anchored:
    """Record a token or a signature that was obtained elsewhere, over the head or an earlier row.

    What it is is seen from its bytes. Raises :class:`ClaimsError` for one that covers no row of
    this ledger, does not hold, or is not vouched for by those whom ``trust`` names.
    """
    trust = trust or AnchorTrust()
    rows = _rows(root)
    data = read_named(path, LARGEST)
    if data.strip().startswith(sshsig.BEGIN):
        return _signature(root, _signed_row(rows, data, path), data, load_signers(trust), str(path))
    if not data.startswith(SEQUENCE):
        raise ClaimsError(
            "is neither a time-stamp (DER) nor an SSH signature",
            where=str(path),
            fix="Name the answer of an authority (.tsr) or what ssh-keygen -Y sign wrote (.sig)",
        )
    roots = load_roots(trust)
    token = read_tokens([data], roots)[0]
    _acceptable(token, bool(roots), str(path))
    row = next((row for row in reversed(rows) if token.covers(row.digest)), None)
    if row is None:
        raise _covers_nothing(path)
    whole = response_of(data)  # stored as a response, which every reader of tokens knows
    more = {"stated_time": token.time}
    return _record(root, row, RFC3161, whole, more, lambda e, c: by_token(e, token, c))


def _signature(root: Path, row: Row, data: bytes, signers: bytes | None, where: str) -> Anchored:
    said = sshsig.parse(data)
    checked = sshsig.check(stamped(row.digest), data, signers)
    if not checked.key:
        raise ClaimsError(f"made no good signature: {checked.why}", where=where)
    if signers is not None and not checked.principal:
        fix = f"Use a key that they hold, or {NAME_SIGNER}"
        what = f"is not a key of the allowed signers: {checked.why}"
        raise ClaimsError(what, where=where, fix=fix)
    more = {"key": checked.key, "public_key": said.public_key}
    return _record(root, row, SSH, data, more, lambda e, c: by_signature(e, data, signers, c)[0])


def _record(
    root: Path, row: Row, kind: str, data: bytes, more: dict[str, Any], judge: Any
) -> Anchored:
    """Write the file and the row, in that order, or neither."""
    with locked(root):
        rows = read(root)
        if len(rows) < row.seq or rows[row.seq - 1].digest != row.digest:
            raise RecordBroken(
                "the ledger was replaced while the witness was asked", where=FILE, fix=RESTORE
            )
        name = digest_bytes(data)
        for one in rows:
            if one.kind == "anchor" and one.body.get("digest") == name:
                raise ClaimsError(f"this anchor is on the ledger already, row {one.seq}")
        file, path = _free(root, row.digest, kind)
        states = str(more["stated_time" if kind == RFC3161 else "key"])
        entry = Entry(len(rows) + 1, kind, row.digest, row.seq, file, name, states)
        anchor = judge(entry, covered_by(rows, row.seq))
        body = {"type": kind, "head": row.digest, "seq": row.seq, "file": file, "digest": name}
        write_atomic(path, data)
        try:
            return Anchored(append_locked(root, "anchor", {**body, **more}), anchor)
        except ClaimsError:
            path.unlink()
            raise


def _free(root: Path, head: str, kind: str) -> tuple[str, Path]:
    """The first name that no file has yet, and its path."""
    number = 1
    while True:
        file = file_name(head, number, kind)
        path = inside(root, file)
        if not path.exists():
            return file, path
        number += 1


def _rows(root: Path) -> tuple[Row, ...]:
    rows = read(root)
    if not rows:
        raise NothingThere(
            "nothing is on the ledger to anchor", where=FILE, fix="Register first: claims lock"
        )
    return rows


def _acceptable(token: Token, named: bool, where: str) -> None:
    """Refuse what would not stand when it is verified."""
    if token.wrong:
        raise _refused(token.wrong, where)
    if token.agrees is None:
        raise _refused(f"has a signature that is checked only with a root: {NAME_ROOT}", where)
    if named and not token.vouched:
        raise _refused(f"does not lead to a root that you named: {token.why}", where)


def _refused(what: str, where: str) -> ClaimsError:
    return ClaimsError(
        f"the answer {what}", where=where, fix="Nothing was written. Name another authority"
    )


def _signed_row(rows: Sequence[Row], data: bytes, path: Path) -> Row:
    """The last row that a signature covers: it does not say which, so that each is tried."""
    try:
        said = sshsig.parse(data)
    except ValueError as error:
        raise ClaimsError(
            f"cannot be read as an SSH signature: {error}", where=str(path), fix="Make it again"
        ) from error
    if said.namespace != sshsig.NAMESPACE:
        raise ClaimsError(
            f"is for the namespace {said.namespace!r}",
            where=str(path),
            fix=f"Sign with: ssh-keygen -Y sign -n {sshsig.NAMESPACE}",
        )
    for row in reversed(rows):
        if sshsig.check(stamped(row.digest), data).key:
            return row
    raise _covers_nothing(path)


def _covers_nothing(path: Path) -> ClaimsError:
    return ClaimsError(
        "covers no row of this ledger",
        where=str(path),
        fix="Stamp or sign the digest of the ledger's last row (71 bytes, no line break); if that "
        "is what it was, the ledger was rebuilt since",
    )
