"""What the ledger's registrations say of themselves, for a sceptic: locks repeated, promises kept.

Locking again gives other seeds. Each lock of a claim stays on the ledger, so whoever locks until
the seeds suit leaves a row for every draw; here they are listed, with what came of each.

Not covered: the chain itself (``harness.lock.ledger``); locks made on another ledger and thrown
away, which no ledger can show: only a promise of public randomness, or an anchor before the first
attempt, speaks against them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.digest import short
from harness.errors import ClaimsError
from harness.fields import good_id
from harness.lock.beacon import CLOCK_WITHIN, published_at, time_of
from harness.lock.chain import FILE, Row
from harness.lock.findings import Findings
from harness.lock.randomness import KIND, kept, promise_of, read_kept, rows_of
from harness.lock.record import registrations


def examine_registrations(rows: Sequence[Row]) -> Findings:
    """Every claim that was registered more than once, with each registration, its reason, whether
    attempts preceded it, and whether it was attempted."""
    out = Findings()
    known = registrations(rows)
    names = sorted({name for row in known for name in _claims(row)})
    if known:
        count = f"{len(known)} registration{'s' if len(known) > 1 else ''}"
        out.examined.append(f"{count} of {len(names)} claims, looked through for repeated locks")
    bare = [row for row in known if "conftest" not in _part(row, "content")]
    if bare:
        numbers = ", ".join(str(row.seq) for row in bare)
        out.notes.append(
            f"code that pytest loads beside the claims is not bound by the registrations of row "
            f"{numbers}: they are from before it was, or were written by hand"
        )
    for name in names:
        mine = registrations(rows, name)
        if len(mine) < 2:
            continue
        told = [_told(rows, name, row) for row in mine]
        out.notes.append(f"{name}: registered {len(mine)} times: {'; '.join(told)}")
    return out


def _part(row: Row, name: str) -> dict[str, Any]:
    """A mapping of a row's body; empty where a row that somebody made up has something else."""
    value = row.body.get(name)
    return value if isinstance(value, dict) else {}


def _claims(row: Row) -> tuple[str, ...]:
    return tuple(name for name in _part(row, "claims") if good_id(name))


def _told(rows: Sequence[Row], name: str, row: Row) -> str:
    started = [r for r in rows if r.kind == "attempt-started" and r.body.get("claim") == name]
    before = [r for r in started if r.seq < row.seq]
    parts = [f"row {row.seq}, {row.body.get('registration')}"]
    reason = " ".join(str(row.body.get("reason") or "").split())
    if reason:
        parts.append(f'reason "{reason}"')
    attempts = f"after {len(before)} attempt{'s' if len(before) > 1 else ''}"
    parts.append(f"{attempts} had begun" if before else "before any attempt")
    tried = any(r.body.get("registration") == row.body.get("registration") for r in started)
    parts.append("attempted" if tried else "never attempted")
    return ", ".join(parts)


def examine_randomness(root: Path, rows: Sequence[Row]) -> Findings:
    """Every promise of public randomness, kept or not, and every row that keeps one.

    A row has to agree with the promise and with its file, be the only one, and come before the
    first attempt of its registration.
    """
    out = Findings()
    known = {str(row.body.get("registration")): row for row in registrations(rows)}
    for row in rows:
        if row.kind == KIND and str(row.body.get("registration")) not in known:
            out.problems.append(f"{FILE}:{row.seq}: randomness for no registration")
    for name, registration in known.items():
        promise = promise_of(registration)
        if promise or rows_of(rows, KIND, name):
            _promise(root, rows, registration, out)
    return out


def _promise(root: Path, rows: Sequence[Row], registration: Row, out: Findings) -> None:
    name, promise = str(registration.body.get("registration")), promise_of(registration)
    where = f"registration {short(name)}"
    try:
        row = kept(rows, name)
        if row is None:
            if rows_of(rows, "attempt-started", name) or _measured(root, registration):
                out.problems.append(f"{where} promised {promise}, and was measured without it")
            else:
                out.not_examined.append(f"{where} waits for {promise}: nothing can be measured yet")
            return
        pulse = read_kept(root, row)
    except ClaimsError as error:
        out.problems.append(f"{where}: {error.sentence}")
        return
    out.examined.append(
        f"{where}: randomness {pulse.randomness[:16]}... of {promise} agrees with its file and "
        "with the promise, and came before any attempt"
    )
    if not pulse.signature:
        out.notes.append(f"{where}: {promise} is kept without a signature; look its value up")
    out.not_examined.append(
        f"{where}: whether {promise} published this value: compare it with the beacon's archive"
        + (", or check the kept signature with the chain's public key" if pulse.signature else "")
    )
    _dates(registration, row, pulse.published, where, out)


def _dates(registration: Row, row: Row, published: str, where: str, out: Findings) -> None:
    """Dates are no proof, and those that contradict the order are worth knowing."""
    promise = promise_of(registration)
    try:
        at = published_at(promise) or time_of(published)
        early, late = at < time_of(registration.time), at > time_of(row.time) + CLOCK_WITHIN
    except ValueError:
        early = late = True
    if early:
        out.notes.append(
            f"{where}: {promise} was published ({published}) before the lock is dated "
            f"({registration.time}), so its value may have been known"
        )
    if late:
        out.notes.append(
            f"{where}: {promise} was published ({published}) after the row that has its value is "
            f"dated ({row.time}), so the value may be made up"
        )


def _measured(root: Path, registration: Row) -> bool:
    """Whether measurements of a registration lie on the disk."""
    folder = short(str(registration.body.get("registration")))
    return any(
        next((root / "reports" / claim / folder).glob("*/replicate.*.json"), None) is not None
        for claim in _claims(registration)
    )
