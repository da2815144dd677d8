"""Examining a ledger's anchors, offline, for one who trusts neither author nor checkout.

For every ``anchor`` row: its file is there, is a regular file of the workspace and has the digest
that the row names; it covers a row of this very ledger; its signature holds. Whether anybody
vouches for that signature is decided by files that the verifier names (``AnchorTrust``), never by
anything in the workspace. Files in ``claims/anchors/`` that no row names are looked at too: a token
over a row that this ledger does not have is a trace of another history.

Not covered: revoked certificates and keys; an anchor whose row and file are both gone, which only
somebody who kept a copy can show (put the copy back into ``claims/anchors/`` and examine again).
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.digest import digest_bytes, short
from harness.errors import ClaimsError, RecordBroken
from harness.lock.anchor import sshsig
from harness.lock.anchor.judge import NAME_ROOT, NAME_SIGNER, by_signature, by_token, covered
from harness.lock.anchor.records import (
    FOLDER,
    LARGEST,
    REBUILT,
    RFC3161,
    SUFFIXES,
    Anchor,
    AnchorTrust,
    Entry,
    clean,
    entry_of,
)
from harness.lock.anchor.token import Token, read_tokens
from harness.lock.anchor.trust import inside as lies_inside
from harness.lock.anchor.trust import load_roots, load_signers
from harness.lock.chain import Row
from harness.lock.findings import Findings
from harness.paths import inside, read_inside

UNANCHORED = (
    "UNANCHORED: nobody whom you named vouches for any state of this ledger, so whoever holds "
    "every copy of it could have rebuilt it"
)
STRAYS_SHOWN = 20
_OURS = re.compile(r"([0-9a-f]{12})\.[0-9]+\.sig")


@dataclass
class _Case:
    """One anchor row with the file that it names, as far as it goes."""

    entry: Entry
    data: bytes
    covers: tuple[str, ...]


@dataclass
class _Examination:
    """What is known so far."""

    rows: Sequence[Row]
    signers: bytes | None
    roots: tuple[bytes, ...]
    found: Findings = field(default_factory=Findings)
    anchors: list[Anchor] = field(default_factory=list)


def examine_anchors(
    root: Path, rows: Sequence[Row], trust: AnchorTrust | None = None
) -> tuple[Findings, tuple[Anchor, ...]]:
    """What the anchors of a verified ledger are worth to a verifier with this trust.

    Problems are anchors that do not hold for anybody; anchors that hold and that nobody named by
    the verifier vouches for are notes, and not ``trusted``. Raises :class:`ClaimsError` only for
    files of ``trust`` that cannot be read; a state of the workspace never raises.
    """
    trust = trust or AnchorTrust()
    known = _Examination(rows, load_signers(trust), load_roots(trust))
    for path in lies_inside(root, trust):
        known.found.notes.append(
            f"{path} lies in the workspace: whoever wrote the workspace chose whom you trust"
        )
    cases = _cases(root, known)
    strays = _strays(root, rows, known.found)
    stamps = [c for c in cases if c.entry.type == RFC3161]
    loose = {name: data for name, data in strays.items() if name.endswith(SUFFIXES[RFC3161])}
    tokens = read_tokens([*(c.data for c in stamps), *loose.values()], known.roots)
    read = {c.entry.row: token for c, token in zip(stamps, tokens, strict=False)}
    for case in cases:
        _judge(case, read.get(case.entry.row), known)
    for name, token in zip(loose, tokens[len(stamps) :], strict=True):
        _stray_token(name, token, known)
    for name in strays.keys() - loose.keys():
        _stray_other(name, known)
    _summary(known)
    return known.found, tuple(known.anchors)


def _cases(root: Path, known: _Examination) -> list[_Case]:
    cases = []
    for row in known.rows:
        if row.kind != "anchor":
            continue
        try:
            entry = entry_of(row)
            covers = covered(entry, known.rows)
            data = read_inside(root, entry.file, LARGEST)
            if digest_bytes(data) != entry.digest:
                raise RecordBroken(
                    f"is not the file that anchor row {row.seq} names: its digest differs",
                    where=entry.file,
                    fix="Restore it from version control",
                )
        except ClaimsError as error:
            known.found.problems.append(f"anchor row {row.seq}: {error.sentence}")
        else:
            cases.append(_Case(entry, data, covers))
    return cases


def _judge(case: _Case, token: Token | None, known: _Examination) -> None:
    entry, found = case.entry, known.found
    if token is None and not sshsig.installed():
        found.not_examined.append(
            f"{entry.file}: an SSH signature, and ssh-keygen is not installed. {sshsig.INSTALL}"
        )
        return
    try:
        if token is None:
            anchor, checked = by_signature(entry, case.data, known.signers, case.covers)
            why, fix = checked.why, NAME_SIGNER
        else:
            anchor = by_token(entry, token, case.covers)
            why, fix = token.why or "no root was named", NAME_ROOT
    except RecordBroken as error:
        found.problems.append(f"anchor row {entry.row}: {error.sentence}")
        return
    except ClaimsError as error:  # ssh-keygen did not end
        found.not_examined.append(f"{entry.file}: {error.sentence}")
        return
    known.anchors.append(anchor)
    if anchor.trusted:
        found.examined.append(f"{entry.file}: {anchor.sentence}")
        return
    found.notes.append(f"{entry.file}: {anchor.sentence} ({why}); {fix}")
    if token is not None and token.agrees is None:
        found.not_examined.append(
            f"{entry.file}: its kind of signature is checked only together with a root; {NAME_ROOT}"
        )


def _strays(root: Path, rows: Sequence[Row], found: Findings) -> dict[str, bytes]:
    """The files of the anchors' folder that no row names, by name; unreadable ones become notes."""
    try:
        folder = inside(root, FOLDER)
        names = sorted(os.listdir(folder)) if folder.exists() else []
    except (ClaimsError, OSError) as error:
        found.problems.append(f"{FOLDER}: cannot be listed: {error}")
        return {}
    named = {str(row.body.get("file")) for row in rows if row.kind == "anchor"}
    loose = [name for name in names if f"{FOLDER}/{name}" not in named]
    strays = {}
    for name in loose[:STRAYS_SHOWN]:
        try:
            strays[name] = read_inside(root, f"{FOLDER}/{name}", LARGEST)
        except ClaimsError as error:
            found.notes.append(f"no anchor row names {FOLDER}/{clean(name)}: {error.what}")
    if len(loose) > STRAYS_SHOWN:
        more = len(loose) - STRAYS_SHOWN
        found.notes.append(f"{FOLDER}: {more} more files that no anchor row names")
    return strays


def _stray_token(name: str, token: Token, known: _Examination) -> None:
    name = clean(name)
    if token.wrong:
        known.found.notes.append(f"no anchor row names {FOLDER}/{name}, which {token.wrong}")
        return
    rows = [row.seq for row in known.rows if token.covers(row.digest)]
    if rows:
        known.found.notes.append(
            f"no anchor row names {FOLDER}/{name}, a token over row {rows[0]}: add it with "
            f"claims anchor --file {FOLDER}/{name}"
        )
        return
    who = "which you trust" if token.vouched else "for which nobody vouches"
    known.found.problems.append(
        f"{FOLDER}/{name} is a token of {token.time} by {token.signer}, {who}, over a row that "
        f"this ledger does not have: {REBUILT}"
    )


def _stray_other(name: str, known: _Examination) -> None:
    """A signature does not say what it is over; only the name that this tool gives it does."""
    name = clean(name)
    ours = _OURS.fullmatch(name)
    if ours and not any(short(row.digest) == ours.group(1) for row in known.rows):
        known.found.problems.append(
            f"{FOLDER}/{name} is named after a row that this ledger does not have: {REBUILT}"
        )
        return
    known.found.notes.append(f"no anchor row names {FOLDER}/{name}")


def _summary(known: _Examination) -> None:
    """What no trusted anchor covers."""
    if not known.rows:
        return
    trusted = [a.seq for a in known.anchors if a.trusted]
    if not trusted:
        known.found.notes.append(UNANCHORED)
        return
    later = [row.seq for row in known.rows if row.seq > max(trusted) and row.kind != "anchor"]
    if later:
        known.found.notes.append(
            f"ledger rows from {later[0]} on came after the last anchor that you trust "
            f"(over row {max(trusted)})"
        )
