"""The account of a run: standings of a workspace's claims, what was not reported, what was shown
otherwise than it was judged, which marks were ignored.

Not covered: how it is printed (``harness.pytest_plugin.summary``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import ClaimsError
from harness.pytest_plugin.reasons import Asked, unreported
from harness.pytest_plugin.tally import PASSED, Tally

if TYPE_CHECKING:
    from harness.verdict.reported import Contradicted, Missing
    from harness.verdict.standing import StandingRow

NO_WORKSPACE = "no workspace with claims was found, so nothing was reported"

COULD_JUDGE = ("conftest", "workspace")


@dataclass(frozen=True)
class Workspace:
    """One workspace's part. ``unknown`` says why it is not known what is registered there; ``ran``
    are the claims of which an item was reported."""

    root: Path
    rows: tuple[StandingRow, ...]
    missing: tuple[Missing, ...]
    contradicted: tuple[Contradicted, ...]
    marks: tuple[str, ...]
    unknown: str
    ran: frozenset[str]
    beside: tuple[str, ...]
    """Code of the workspace that ran in this process and is not as it was locked."""

    @property
    def silent(self) -> int:
        """How many registered items were not reported."""
        return sum(len(one.items) for one in self.missing)


@dataclass(frozen=True)
class Account:
    """A run's account. ``strict`` makes an error of everything that was not reported."""

    workspaces: tuple[Workspace, ...]
    strict: bool

    @property
    def faults(self) -> tuple[str, ...]:
        """Why the run cannot end in success; empty where it can."""
        out = []
        wrong = sum(len(c.items) for w in self.workspaces for c in w.contradicted)
        if wrong:
            out.append(f"{wrong} reported as passed and judged otherwise")
        if self.strict:
            silent = sum(w.silent for w in self.workspaces)
            if silent:
                out.append(f"{silent} registered and not reported (strict)")
            if any(w.unknown for w in self.workspaces):
                out.append("what is registered is not known (strict)")
            if not self.workspaces:
                out.append(f"{NO_WORKSPACE} (strict)")
        return tuple(out)

    def as_json(self) -> dict[str, Any]:
        """What ``claims run --json`` adds to the standings."""
        each = self.workspaces
        return {
            "not_reported": [one.as_json() for w in each for one in w.missing],
            "contradicted": [one.as_json() for w in each for one in w.contradicted],
            "marks_ignored": [line for w in each for line in w.marks],
            "beside": [line for w in each for line in w.beside],
            "not_known": [w.unknown for w in each if w.unknown],
            "faults": list(self.faults),
            "strict": self.strict,
        }


def account(config: pytest.Config, tally: Tally) -> Account:
    """The account of a session that has ended."""
    asked = Asked.of(config)
    strict = bool(config.getoption("strict_claims") or config.getini("strict_claims"))
    roots = [Path(root) for root in tally.collected.roots]
    return Account(tuple(_workspace(root, tally, asked) for root in roots), strict)


def _workspace(root: Path, tally: Tally, asked: Asked) -> Workspace:
    from harness.verdict.reported import contradicted, registered
    from harness.verdict.standing import all_standings

    missing: tuple[Missing, ...] = ()
    rows: tuple[StandingRow, ...] = ()
    unknown = ""
    try:
        missing = unreported(root, registered(root), tally, asked)
    except ClaimsError as error:
        unknown = error.sentence
    passed = _by_claim(root, tally, _passed(tally))
    if not asked.no_run:
        rows = all_standings(root)
    ran = frozenset(_by_claim(root, tally, dict.fromkeys(tally.reports, "")))
    return Workspace(
        root=root,
        rows=rows,
        missing=missing,
        contradicted=tuple(
            one for row in rows for one in contradicted(root, row, passed.get(row.claim, {}))
        ),
        marks=_marks(root, tally),
        unknown=unknown,
        ran=ran,
        beside=_beside(root, ran),
    )


def _beside(root: Path, ran: frozenset[str]) -> tuple[str, ...]:
    """It could judge in our place, also when nothing is measured any more."""
    from harness.lock.compare import compare
    from harness.lock.stored import is_registered
    from harness.measure.job import lock_of

    found: set[str] = set()
    for claim in ran:
        try:
            if is_registered(root, claim):
                differences = compare(root, lock_of(root, claim))
                found |= {str(d) for d in differences if d.field.split(".")[0] in COULD_JUDGE}
        except ClaimsError:
            continue  # the standing says why
    return tuple(sorted(found))


def _passed(tally: Tally) -> dict[str, str]:
    said = [node for node, report in tally.reports.items() if report.outcome == PASSED]
    return dict.fromkeys([*said, *sorted(tally.shown_passed)], "")


def _by_claim(root: Path, tally: Tally, nodes: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Claim -> item -> the node's value, for the nodes of one workspace."""
    out: dict[str, dict[str, str]] = {}
    for node, value in nodes.items():
        place = tally.place(node)
        if place is not None and place.root == str(root):
            out.setdefault(place.claim, {})[place.item] = value
    return out


def _marks(root: Path, tally: Tally) -> tuple[str, ...]:
    """A line per claim and mark."""
    from harness.verdict.reported import bounded, ranked

    lines = []
    for claim, items in sorted(_by_claim(root, tally, tally.marks).items()):
        by_mark: dict[str, list[str]] = {}
        for item, mark in items.items():
            by_mark.setdefault(mark, []).append(item)
        lines += [f"{claim}: {bounded(ranked(on))}: {mark}" for mark, on in by_mark.items()]
    return tuple(lines)
