"""What git's history says about the record: the ledger only grew, locks came before results.

Checked over every commit that the checked-out one descends from: the ledger of each parent is what
the ledger of its child begins with; today's ledger begins with the committed one; a lock file is
not rewritten to a registration that the ledger lacks; and each lock's commit is a proper ancestor
of the first that holds its attempt's start and of the first that holds any of its results. Nothing
that the repository configures is read or run (``harness.lock.gitrun``).

Not covered: commits that the checked-out one does not descend from; when a commit was made, and
whether all of them were made at the end (``harness.lock.order``); what files of results hold.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from harness.digest import short
from harness.errors import RecordBroken
from harness.lock.chain import FILE, Row, line_of
from harness.lock.findings import Findings
from harness.lock.gitplace import Place, Unread, find
from harness.lock.gitread import Objects, reading
from harness.lock.growth import Version, extends, forked, happened, rows_in, version
from harness.lock.order import FirstCommits, Order, first_commits, locked, name, names, said
from harness.lock.timeline import timeline

__all__ = ["FirstCommits", "History", "Order", "examine_history", "history"]

RESTS = "the order of locks and results rests on the ledger's own chain"
SHOWN = 12
"""Sentences of one sort that are written out; the rest is counted."""
KEPT = 8
"""Versions of the ledger kept in memory."""
LOCK_LIMIT = 4 << 20
"""Bytes of the largest lock file that is taken for one."""


@dataclass(frozen=True)
class History:
    """What was found, and for each claim of each registration the commits that came first."""

    findings: Findings
    firsts: tuple[FirstCommits, ...] = ()


def examine_history(root: Path, rows: tuple[Row, ...]) -> Findings:
    """Examine the history of the workspace at ``root``; ``rows`` are its verified ledger's.

    Never raises for a state of the repository: what cannot be looked at is ``not_examined``.
    """
    return history(root, rows).findings


def history(root: Path, rows: tuple[Row, ...]) -> History:
    """As :func:`examine_history`, with the commits that came first, for a page to show."""
    findings = Findings(notes=_clock(rows))
    try:
        place = find(root)
        if place is None:
            raise Unread("the workspace is not in a git repository")
        with reading(place) as objects:
            return _History(root, rows, place, objects).examined(findings)
    except Unread as error:
        findings.not_examined.append(f"history: {error.what}; {RESTS}")
    except RecordBroken as error:
        findings.problems.append(f"history: {error.sentence}")
    return History(findings)


class _History:
    """One examination: the repository open, the ledger's versions compared with today's."""

    def __init__(self, root: Path, rows: Sequence[Row], place: Place, objects: Objects) -> None:
        self.rows, self.place = rows, place
        self.today = b"".join(line_of(row) for row in rows)
        self.read = lru_cache(maxsize=KEPT)(objects.file)
        self.wanted = {(claim, short(digest)) for _, digest, claim in locked(rows)}
        self.here = {(c, s) for c, s in self.wanted if _any(root / "reports" / c / s)}
        self.line = timeline(objects, place, self.wanted)
        ledgers = dict.fromkeys(one.ledger for one in self.line.held.values() if one.ledger)
        self.versions: dict[str, Version] = {
            ledger: version(self.read(ledger), self.today) for ledger in ledgers
        }

    def examined(self, out: Findings) -> History:
        line = self.line
        if not self.versions:
            raise Unread(f"{FILE} is in no commit")
        if self.place.masks:
            out.notes.append(
                "history: git itself shows another history than its commits hold "
                f"({', '.join(self.place.masks)}); the commits were examined"
            )
        if line.cut:
            out.not_examined.append(
                f"history: shallow, it is cut at {names(sorted(line.cut))}; before that {RESTS}"
            )
        self._moves(out)
        self._grew(out)
        self._today(out)
        self._locks(out)
        shared = {c: self._shared(c) for c in line.order}
        firsts = first_commits(line, self.rows, shared)
        for first in firsts:
            here = (first.claim, short(first.registration)) in self.here
            out.add(said(first, line.cut, here))
        return History(out, firsts)

    def _shared(self, commit: str) -> int:
        """How many of today's rows a commit's ledger holds."""
        ledger = self.line.held[commit].ledger
        return self.versions[ledger].shared if ledger else 0

    def _moves(self, out: Findings) -> None:
        notes = []
        for move in self.line.moves:
            if move.followed:
                words = f"moved the workspace from {move.before!a}, which was followed"
            else:
                words = f"removes another ledger, that of {move.before!a}, not examined"
            notes.append(f"history: commit {name(move.commit)} {words}")
        out.notes += _some(notes, "removed ledgers")

    def _grew(self, out: Findings) -> None:
        line, held = self.line, self.line.held
        changing, problems = 0, []
        for commit in line.order:
            after = held[commit].ledger
            before = {p: held[p].ledger for p in line.parents[commit]}
            changing += after not in before.values() if before else bool(after)
            wrong = [p for p, ledger in before.items() if not self._extends(after, ledger)]
            if wrong:
                problems.append(f"history: commit {name(commit)} {self._fault(commit, wrong)}")
        out.problems += _some(problems, "commits")
        if len(self.versions) > 1 and not problems:
            out.examined.append(
                f"history: {_count(len(line.order), 'commit')}, {changing} of them change the "
                "ledger, which only grew"
            )

    def _extends(self, after: str, before: str) -> bool:
        if not before or after == before:
            return True
        if not after:
            return False
        if self.versions[before].grew:
            return self.versions[after].shared >= self.versions[before].rows
        return extends(self.read(after), self.read(before))

    def _fault(self, commit: str, wrong: Sequence[str]) -> str:
        """What a commit did to the ledgers of the parents that its own does not extend."""
        held, parents = self.line.held, self.line.parents[commit]
        after = held[commit].ledger
        for one in wrong:
            for other in parents:
                if not held[other].ledger:
                    continue
                row = forked(self.read(held[one].ledger), self.read(held[other].ledger))
                if row is not None:
                    return (
                        f"merges a fork: after row {row} {name(one)} and {name(other)} each "
                        "went on alone"
                    )
        ledger = held[wrong[0]].ledger
        if not after:
            return f"deletes the ledger of {_count(self.versions[ledger].rows, 'row')}"
        beside = f" that {name(wrong[0])} holds" if len(parents) > 1 else ""
        return f"{happened(self.read(after), self.read(ledger))} of the ledger{beside}"

    def _today(self, out: Findings) -> None:
        head = self.line.held[self.line.head].ledger
        if not head:
            return  # a commit deleted it, and was named
        data, last = self.read(head), self.versions[head].rows
        if not extends(self.today, data):
            out.problems.append(
                f"history: the ledger here {happened(self.today, data)} of the one committed in "
                f"{name(self.line.head)}"
            )
        elif last < len(self.rows):
            words = f"rows {last + 1} to {len(self.rows)} are"
            if last + 1 == len(self.rows):
                words = f"row {last + 1} is"
            out.notes.append(f"history: {words} not committed yet")
        if len(self.versions) == 1 and not out.problems:
            rows = _count(last, "row")
            out.examined.append(
                f"history: the ledger here begins with the only one committed, of {rows}"
            )

    def _locks(self, out: Findings) -> None:
        line, held = self.line, self.line.held
        today = {(digest, claim): row.seq for row, digest, claim in locked(self.rows)}
        problems, notes = [], []
        for commit in line.order:
            for claim, lock in sorted(held[commit].locks.items()):
                before = [held[p].locks.get(claim) for p in line.parents[commit]]
                if lock in before or commit in line.cut:
                    continue
                key = (self._registration(lock), claim)
                seq = today.get(key)
                if (seq is not None and seq <= self._shared(commit)) or key in self._own(commit):
                    continue
                what = f"history: commit {name(commit)} has a lock of {claim!a}"
                if seq is not None and not any(before):
                    notes.append(f"{what} before the ledger has its row, row {seq}")
                elif not key[0]:
                    problems.append(f"{what} that cannot be read")
                else:
                    problems.append(
                        f"{what} to registration {short(key[0])!a}, which its ledger lacks"
                    )
        out.problems += _some(problems, "lock files")
        out.notes += _some(notes, "lock files")

    def _own(self, commit: str) -> set[tuple[str, str]]:
        """What is registered on a commit's ledger where that is not a beginning of today's."""
        ledger = self.line.held[commit].ledger
        if not ledger or self.versions[ledger].grew:
            return set()
        return {(digest, claim) for _, digest, claim in locked(rows_in(self.read(ledger)))}

    def _registration(self, lock: str) -> str:
        """The registration that a lock file names; empty where it cannot be read."""
        data = self.read(lock)
        try:
            value = json.loads(data) if len(data) <= LOCK_LIMIT else None
        except (ValueError, RecursionError):
            return ""
        found = value.get("registration") if isinstance(value, dict) else None
        return found if isinstance(found, str) else ""


def _clock(rows: Sequence[Row]) -> list[str]:
    """A note where a row is dated before the one it follows: the chain decides, not the clock."""
    back = [b.seq for a, b in pairwise(rows) if _time(b) < _time(a)]
    if not back:
        return []
    more = f", and {len(back) - 1} more times" if len(back) > 1 else ""
    return [
        f"ledger: the clock went back before row {back[0]}{more}; order is that of the chain, no "
        "date is used"
    ]


def _time(row: Row) -> float:
    try:
        return datetime.fromisoformat(row.time).timestamp()
    except (ValueError, OverflowError, OSError):
        return float("nan")  # neither before nor after


def _any(folder: Path) -> bool:
    try:
        return folder.is_dir() and next(folder.iterdir(), None) is not None
    except OSError:  # it is there, and not to be looked into
        return True


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"


def _some(sentences: Sequence[str], of: str) -> list[str]:
    more = len(sentences) - SHOWN
    return [*sentences[:SHOWN], *([f"history: {more} more such {of}"] if more > 0 else [])]
