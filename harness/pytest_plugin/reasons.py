"""Which registered items a run did not report, and why: from the tally, nothing else.

The reason is the nearest one that is known: what a report said, what was deselected, what stopped
the run, what was collected, what the options were. Where nothing is known it says so.

Not covered: what is registered (``harness.verdict.reported``).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.pytest_plugin.tally import FAILED, PASSED, Collected, Place, Tally, plain
from harness.pytest_plugin.workspace import FOLDER

if TYPE_CHECKING:
    from harness.verdict.reported import Missing, Registered

SELECTING = {
    "keyword": "-k",
    "markexpr": "-m",
    "deselect": "--deselect",
    "lf": "--lf",
    "stepwise": "--sw",
}
IGNORING = ("ignore", "ignore_glob")


@dataclass(frozen=True)
class Asked:
    """What the command line asked for: ``selecting`` options in words, folders and files to walk,
    and the option under which nothing runs."""

    selecting: str
    ignoring: str
    covered: tuple[Path, ...]
    no_run: str

    @classmethod
    def of(cls, config: pytest.Config) -> Asked:
        known = config.option
        no_run = "--collect-only" if known.collectonly else ""
        no_run = no_run or ("--setup-only" if getattr(known, "setuponly", False) else "")
        return cls(
            selecting=_words(config, SELECTING),
            ignoring=_words(config, {name: f"--{name.replace('_', '-')}" for name in IGNORING}),
            covered=whole(config),
            no_run=no_run,
        )

    def covers(self, file: Path) -> bool:
        """Whether an argument names the file or a folder above it."""
        return any(one == file or one in file.parents for one in self.covered)


def whole(config: pytest.Config) -> tuple[Path, ...]:
    """The folders and files that the arguments name without choosing in them."""
    start = config.invocation_params.dir
    return tuple(Path(os.path.realpath(start / one)) for one in config.args if "::" not in one)


def _words(config: pytest.Config, options: Mapping[str, str]) -> str:
    """``-k good, --lf``: the options of these that are set, with their values."""
    out = []
    for name, flag in options.items():
        value = getattr(config.option, name, None)
        if value is True:
            out.append(flag)
        elif value:
            shown = value if isinstance(value, str) else " ".join(map(str, value))
            out.append(f"{flag} {plain(shown, 60)}")
    return ", ".join(out)


def unreported(
    root: Path, claims: Iterable[Registered], tally: Tally, asked: Asked
) -> tuple[Missing, ...]:
    """Every registered item of a workspace without a report that passed or failed."""
    from harness.verdict.reported import Missing

    nodes = {place: node for node, place in _places(tally).items()}
    out = []
    for claim in claims:
        reasons: dict[str, list[str]] = {}
        for item in claim.items:
            place = Place(str(root), claim.claim, item)
            reason = _reason(place, nodes.get(place), tally, asked)
            if reason is not None:
                reasons.setdefault(reason, []).append(item)
        of = len(claim.items)
        out += [Missing(claim.claim, why, tuple(items), of) for why, items in reasons.items()]
    return tuple(out)


def _places(tally: Tally) -> dict[str, Place]:
    """Every node that anybody mentioned, with its place; those that were reported last, so that a
    second node of one place cannot hide a report."""
    seen = tally.collected
    others = {**seen.places, **dict.fromkeys([*seen.deselected, *seen.planned])}
    nodes = [*(node for node in others if node not in tally.reports), *tally.reports]
    found = ((node, tally.place(node)) for node in nodes)
    return {node: place for node, place in found if place is not None}


def _reason(place: Place, node: str | None, tally: Tally, asked: Asked) -> str | None:
    """Why an item was not reported; None if it was."""
    seen = tally.collected
    if node is None:
        return _not_collected(place, tally, asked)
    report = tally.reports.get(node)
    if report is not None:
        return None if report.outcome in (PASSED, FAILED) else report.reason
    if node in seen.deselected:
        return "deselected" + (f" ({asked.selecting})" if asked.selecting else " by a plugin")
    if node not in seen.planned:
        return "dropped after collection by a conftest.py or a plugin"
    if tally.stopped:
        return f"run stopped early: {tally.stopped}"
    if asked.no_run:
        return f"nothing was run ({asked.no_run})"
    return "not run: a worker crashed" if tally.crashed else "not run: no report came"


def _not_collected(place: Place, tally: Tally, asked: Asked) -> str:
    seen = tally.collected
    file = Path(place.root) / FOLDER / f"{place.claim}.yaml"
    where = f"{FOLDER}/{place.claim}.yaml"
    if not os.path.lexists(file):
        return f"not collected: {where} is not there"
    barred = next((seen.barred[str(p)] for p in (file, *file.parents) if str(p) in seen.barred), "")
    if barred:
        more = f" ({asked.ignoring})" if barred == "ignored" and asked.ignoring else ""
        return f"not collected: {barred}{more}"
    offered = _offered(seen, file)
    if offered and place.item not in offered:
        return f"not collected: {where} does not name it any more"
    if not asked.covers(file):
        return "not selected"
    if tally.stopped:
        return f"run stopped early: {tally.stopped}"
    return "not collected" + (f" ({asked.selecting})" if asked.selecting else "")


def _offered(seen: Collected, file: Path) -> list[str]:
    return seen.offered.get(str(file), [])
