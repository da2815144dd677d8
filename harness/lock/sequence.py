"""Rows against each other: nothing on a ledger may speak of what was not there before it.

The chain proves that rows were not moved; it does not prove that they make sense. Here every row
about an attempt, a withdrawal or a reproduction has to name a registration that stands above it, an
attempt starts before it finishes and finishes once, and a registration binds the head that was
there when it was made.

Not covered: whether files agree with the rows (``harness.measure.attest``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.lock.chain import GENESIS, Row
from harness.lock.findings import Findings
from harness.lock.record import REGISTERING

FIRST = "a1"
"""The only attempt of a registration: another one needs an amendment."""
ABOUT = ("attempt-started", "attempt-finished", "attempt-interrupted", "withdrawal", "reproduction")


def examine_rows(rows: Sequence[Row]) -> Findings:
    """Whether the rows make sense in their order."""
    out = Findings()
    known: dict[str, frozenset[str]] = {}
    started: set[tuple[str, ...]] = set()
    finished: set[tuple[str, ...]] = set()
    for row in rows:
        at, body = f"ledger row {row.seq} ({row.kind})", row.body
        if row.kind in REGISTERING:
            claims = body.get("claims")
            names = frozenset(claims) if isinstance(claims, Mapping) else frozenset()
            if body.get("registration") in known:
                out.problems.append(f"{at} repeats an earlier registration")
            known[str(body.get("registration"))] = names
            content = body.get("content")
            bound = content.get("previous") if isinstance(content, Mapping) else None
            if bound != row.prev:
                out.problems.append(f"{at} was made for another place in the ledger")
        elif row.kind in ABOUT:
            claim, registration = str(body.get("claim")), str(body.get("registration"))
            if claim not in known.get(registration, ()):
                out.problems.append(f"{at} speaks of {claim}, which no row above it registers so")
            key = (claim, registration, str(body.get("attempt")))
            if row.kind.startswith("attempt-") and body.get("attempt") != FIRST:
                out.problems.append(f"{at} is of another attempt than the one there may be")
            if row.kind == "attempt-started":
                if key in started:
                    out.problems.append(f"{at} starts an attempt that had started")
                started.add(key)
            elif row.kind.startswith("attempt-") and key not in started:
                out.problems.append(f"{at} ends an attempt that never started")
            elif row.kind.startswith("attempt-") and key in finished:
                out.problems.append(f"{at} speaks of an attempt that had finished")
            if row.kind == "attempt-finished":
                finished.add(key)
    if rows and rows[0].prev != GENESIS:
        out.problems.append("the first row does not begin a ledger")
    if not out.problems:
        out.examined.append(f"order: all {len(rows)} rows speak only of what stands above them")
    return out
