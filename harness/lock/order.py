"""Which commit first held a lock, the start of its attempt and its results, and in which order.

Pure functions of a :class:`Timeline` and of how much of today's ledger each commit held. Order is
ancestry: a commit comes before those that descend from it, and no date is asked.

Not covered: whether the ledger only grew (``harness.lock.history``). Ancestry orders commits and
not what they tell of: whoever makes all commits at the end can make them in the right order, so a
lock's commit needs a witness outside (a push that others saw, a timestamp).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from harness.digest import PREFIX, short
from harness.fields import good_id
from harness.lock.chain import Row
from harness.lock.findings import Findings
from harness.lock.record import registrations
from harness.lock.timeline import Results, Timeline

STARTED = "attempt-started"


class Order(Enum):
    """Where something stands beside its lock."""

    OPEN = "in no commit"
    AFTER = "in a commit that descends from the lock's"
    SAME = "in the commit of the lock"
    CUT = "where this clone's history is cut"
    OUTSIDE = "in a commit that does not descend from the lock's"


@dataclass(frozen=True)
class FirstCommits:
    """One claim of one registration. ``lock``, ``started`` and ``results`` are the first commits
    (full ids) that hold the registration's row, the row of its attempt's start, and any file of its
    results; empty where none does, several where branches did so side by side."""

    claim: str
    registration: str
    lock: tuple[str, ...]
    started: tuple[str, ...]
    results: tuple[str, ...]
    start: Order
    result: Order
    outside: tuple[str, ...] = ()
    """Those of ``results`` that do not descend from the lock's commit."""

    @property
    def proved(self) -> bool:
        """Whether git shows the lock before the attempt's start and before its first result."""
        return self.start is Order.AFTER and self.result is Order.AFTER


def locked(rows: Sequence[Row]) -> Iterator[tuple[Row, str, str]]:
    """Each registration's row, digest and claim. Rows without the shape of one are left out: no
    lock follows from them."""
    for row in registrations(rows):
        digest, claims = row.body.get("registration"), row.body.get("claims")
        if isinstance(digest, str) and digest.startswith(PREFIX) and isinstance(claims, dict):
            for claim in claims:
                if good_id(claim):
                    yield row, digest, claim


def first_commits(
    line: Timeline, rows: Sequence[Row], shared: Mapping[str, int]
) -> tuple[FirstCommits, ...]:
    """Every claim of every registration; ``shared`` is how many rows of today's ledger each commit
    holds."""
    below = _below(line, shared)
    holding = _holding(line, shared, below)
    results = _first_results(line)
    starts: dict[tuple[str, str], int] = {}
    for row in rows:
        if row.kind == STARTED:
            key = (str(row.body.get("registration")), str(row.body.get("claim")))
            starts.setdefault(key, row.seq)
    found = []
    for row, digest, claim in locked(rows):
        started = holding.get(starts.get((digest, claim), 0), ())
        first = results.get((claim, short(digest)), ())
        place = {c: _place(line, shared, below, row.seq, c) for c in (*started, *first)}
        found.append(
            FirstCommits(
                claim=claim,
                registration=digest,
                lock=tuple(holding.get(row.seq, ())),
                started=tuple(started),
                results=tuple(first),
                start=_worst(place[c] for c in started),
                result=_worst(place[c] for c in first),
                outside=tuple(c for c in first if place[c] is Order.OUTSIDE),
            )
        )
    return tuple(found)


def _below(line: Timeline, shared: Mapping[str, int]) -> dict[str, int]:
    """The most rows of today's ledger that any commit before each one holds."""
    below: dict[str, int] = {}
    for commit in line.order:
        before = line.parents[commit]
        below[commit] = max((max(shared[p], below[p]) for p in before), default=0)
    return below


def _holding(
    line: Timeline, shared: Mapping[str, int], below: Mapping[str, int]
) -> dict[int, list[str]]:
    """Row -> the first commits whose ledger holds it."""
    found: dict[int, list[str]] = {}
    for commit in line.order:
        for seq in range(below[commit] + 1, shared[commit] + 1):
            found.setdefault(seq, []).append(commit)
    return found


def _first_results(line: Timeline) -> dict[Results, list[str]]:
    """Results -> the commits that hold them and have none before them that does."""
    had: dict[str, frozenset[Results]] = {}
    first: dict[Results, list[str]] = {}
    for commit in line.order:
        before = [had[p] for p in line.parents[commit]]
        known = before[0].union(*before[1:]) if before else frozenset()
        new = line.held[commit].results - known
        for key in sorted(new):
            first.setdefault(key, []).append(commit)
        had[commit] = known | new if new else known
    return first


def _place(
    line: Timeline, shared: Mapping[str, int], below: Mapping[str, int], seq: int, commit: str
) -> Order:
    """Where a commit stands beside those that first held a row."""
    if below[commit] >= seq:
        return Order.AFTER
    if shared[commit] < seq:
        return Order.OUTSIDE
    return Order.CUT if commit in line.cut else Order.SAME


def _worst(orders: Iterator[Order]) -> Order:
    every = list(Order)
    return every[max((every.index(one) for one in orders), default=0)]


def said(first: FirstCommits, cut: frozenset[str], here: bool) -> Findings:
    """What is to say of one claim of one registration; ``cut`` is the timeline's, ``here`` says
    whether the workspace has results of it, committed or not."""
    out = Findings()
    lock, at = f"{first.claim}: lock {short(first.registration)}", names(first.lock)
    results, started = names(first.results), names(first.started)
    if first.result is Order.OUTSIDE:
        place = f"the lock's, {at}" if first.lock else "the lock's: it is in no commit"
        out.problems.append(
            f"{lock}: results were added in {names(first.outside)}, which does not descend from "
            f"the commit of {place}"
        )
    elif first.result is Order.CUT:
        out.not_examined.append(
            f"{lock}: its first result is in or before {results}, where this clone's history is cut"
        )
    elif first.result is Order.SAME:
        out.notes.append(
            f"{lock}: it and its first result came in one commit, {results}: git shows no order "
            "between them"
        )
    elif first.result is Order.AFTER:
        where = "in or before" if cut.intersection(first.lock) else "in"
        out.examined.append(f"{lock} committed {where} {at} before its first result in {results}")
    elif here:
        out.notes.append(f"{lock}: its results are not committed")
    if first.start is Order.OUTSIDE:
        out.problems.append(f"{lock}: its attempt began in {started}, which does not hold the lock")
    elif first.start is Order.SAME:
        out.notes.append(
            f"{lock}: it and the start of its attempt came in one commit, {started}: git shows no "
            "order between them"
        )
    return out


def name(commit: str) -> str:
    """A commit as sentences name it."""
    return commit[:12]


def names(commits: Sequence[str]) -> str:
    """The first three of some commits, and how many more there are."""
    more = f" and {len(commits) - 3} more" if len(commits) > 3 else ""
    return ", ".join(name(one) for one in commits[:3]) + more
