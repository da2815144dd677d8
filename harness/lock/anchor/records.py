"""What an anchor is: an outside witness to the ledger as it stood at one row.

An anchor covers the digest of one row and with it, through the chain, every row up to it. What the
witness stamped or signed is the text of that digest as it stands in the ledger, ``sha256:`` and 64
hexadecimal digits, 71 bytes, no line break. The witness's answer is a file under
``claims/anchors/``; a ledger row of kind ``anchor`` names it.

Not covered: obtaining one (``harness.lock.anchor.make``), judging one
(``harness.lock.anchor.examine``).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.digest import short
from harness.errors import RecordBroken
from harness.lock.chain import FILE, RESTORE, Row

FOLDER = "claims/anchors"
LARGEST = 64 * 1024
"""Bytes of the largest token or signature that is read."""
NAMESPACE = "causal-claims"
"""The SSH namespace: a signature made for anything else is no anchor."""
RFC3161, SSH = "rfc3161", "ssh"
SUFFIXES = {RFC3161: ".tsr", SSH: ".sig"}
IMPRINTS = ("sha256", "sha384", "sha512")
"""Hashes under which a time-stamp may cover a digest."""

REBUILT = "the ledger was rebuilt after it was anchored, or rows were cut off"

_FILE = re.compile(rf"{FOLDER}/[A-Za-z0-9][A-Za-z0-9._-]*")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_SHOWN = 300


@dataclass(frozen=True)
class AnchorTrust:
    """Whom the verifier trusts, named by the verifier.

    ``tsa_roots``: files with root certificates of time-stamping authorities (PEM or DER).
    ``allowed_signers``: a file of SSH keys, in the form that ssh-keygen(1) gives them.
    """

    tsa_roots: tuple[Path, ...] = ()
    allowed_signers: Path | None = None


@dataclass(frozen=True)
class Anchor:
    """One anchor whose file, digest and signature agree with its row.

    ``head`` is the digest that it covers, of row ``seq``. ``stated_time`` (UTC, to the second) is
    what the authority states; an SSH signature states none. ``by`` is the subject of the
    authority's certificate, or the SSH principal and key. ``trusted`` is true only where somebody
    whom the verifier named vouches for it. ``registrations`` are those it covers.
    """

    type: str
    head: str
    seq: int
    stated_time: str | None
    by: str
    trusted: bool
    file: str
    registrations: tuple[str, ...] = ()

    def covers(self, seq: int) -> bool:
        """Whether the row with this number existed when the anchor was made."""
        return seq <= self.seq

    @property
    def sentence(self) -> str:
        """What the anchor says, and what it does not."""
        count = len(self.registrations)
        many = "no registration" if not count else "1 registration" if count == 1 else ""
        rows = f"the ledger up to row {self.seq} ({many or f'{count} registrations'})"
        if self.type == RFC3161 and self.trusted:
            return (
                f"{rows} existed by {self.stated_time}, attested by {self.by}. This does not show "
                "that nothing had been measured before: for that speak the seeds, which are "
                "derived from each registration's digest"
            )
        if self.type == RFC3161:
            return (
                f"a token states that {rows} existed by {self.stated_time}, but nobody whom the "
                f"verifier named vouches for its certificate ({self.by}): anyone can make such a "
                "token"
            )
        if self.trusted:
            return (
                f"{rows} was signed by {self.by}, who states no time: the signer has seen this "
                "history, and it cannot be rebuilt without the signer"
            )
        return (
            f"{rows} was signed by {self.by}, whom the verifier did not name: anyone can make such "
            "a signature"
        )

    def as_json(self) -> dict[str, Any]:
        """For reports and ``--json``."""
        return {
            **self.__dict__,
            "registrations": list(self.registrations),
            "sentence": self.sentence,
        }


@dataclass(frozen=True)
class Entry:
    """What a ledger row of kind ``anchor`` says. ``states`` is its time (RFC 3161) or the
    fingerprint of its key (SSH), which the file must bear out."""

    row: int
    type: str
    head: str
    seq: int
    file: str
    digest: str
    states: str


def entry_of(row: Row) -> Entry:
    """Read an anchor row. Raises :class:`RecordBroken` where it lacks a part."""
    body = row.body
    kind = body.get("type")
    named = "stated_time" if kind == RFC3161 else "key"
    texts = [body.get(name) for name in ("head", "file", "digest", named)]
    seq = body.get("seq")
    if kind not in SUFFIXES or type(seq) is not int or not all(isinstance(t, str) for t in texts):
        raise broken(row.seq, "is not an anchor as this version writes it")
    head, file, digest, states = map(str, texts)
    if not _DIGEST.fullmatch(head) or not _DIGEST.fullmatch(digest):
        raise broken(row.seq, "names something that is no digest")
    if not _FILE.fullmatch(file) or not file.endswith(SUFFIXES[kind]):
        raise broken(row.seq, f"names a file that is not {FOLDER}/*{SUFFIXES[kind]}")
    return Entry(row.seq, kind, head, seq, file, digest, clean(states))


def broken(seq: int, what: str) -> RecordBroken:
    """The error for an anchor row that cannot be what was written."""
    return RecordBroken(f"anchor row {seq} {what}", where=f"{FILE}:{seq}", fix=RESTORE)


def stamped(head: str) -> bytes:
    """The bytes that are stamped or signed for a row's digest."""
    return head.encode("ascii")


def imprint(head: str, algorithm: str) -> bytes:
    """The hash of :func:`stamped`, as a time-stamp token holds it; ``algorithm`` of IMPRINTS."""
    return hashlib.new(algorithm, stamped(head)).digest()


def file_name(head: str, number: int, kind: str) -> str:
    """Where the ``number``-th anchor of a type over a head is stored."""
    return f"{FOLDER}/{short(head)}.{number}{SUFFIXES[kind]}"


def clean(text: str) -> str:
    """Text out of a token, safe to print: strangers wrote it."""
    shown = "".join(c if c.isprintable() else "?" for c in text)
    return shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "..."
