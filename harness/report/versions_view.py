"""Every version of a claim side by side, and what was registered against what is reported.

An amended claim shows all its registrations with their standings and, field by field, what each
changed. The second table answers the question of outcome switching: which preconditions, criteria
and shown numbers were registered in which version, and which of them were reported.

Not covered: how a change is classed (``harness.lock.changes``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.digest import short
from harness.report.figure import Table
from harness.report.words import NONE, humane

Version = Mapping[str, Any]


@dataclass(frozen=True)
class VersionsView:
    """``table`` and ``changes`` are None for a claim with one version only; ``switching`` is always
    there once something is reported; ``switched`` are its rows that a reader should not miss."""

    count: int
    table: Table | None
    changes: Table | None
    switching: Table | None
    switched: tuple[str, ...]
    summary: str
    newer: str
    """Said where this page shows an earlier version than the one that is registered now."""


def versions_view(versions: Sequence[Version], registration: str) -> VersionsView:
    """The versions as a page shows them; ``registration`` is the one the page is about."""
    rows, switched = _switching(versions)
    several = len(versions) > 1
    return VersionsView(
        count=len(versions),
        table=_table(versions) if several else None,
        changes=_changes(versions) if several else None,
        switching=Table(("what", "registered in", "reported in", "note"), rows) if rows else None,
        switched=switched,
        summary=_summary(rows, switched),
        newer=_newer(versions, registration),
    )


def _table(versions: Sequence[Version]) -> Table:
    return Table(
        ("version", "registration", "standing", "against the one before", "reason", "what it says"),
        tuple(
            (
                str(v["version"]),
                f"{short(str(v['registration']))} (row {v['row']})",
                str(v["status"]),
                str(v["effect"]) or NONE,
                str(v["reason"]) or NONE,
                " ".join(filter(None, [str(v["withdrawn"]), str(v["sentence"])])),
            )
            for v in versions
        ),
    )


def _changes(versions: Sequence[Version]) -> Table | None:
    rows = tuple(
        (str(v["version"]), str(c["field"]), str(c["was"]), str(c["now"]), str(c["effect"]))
        for v in versions
        for c in v["changes"]
    )
    return Table(("version", "field", "was", "became", "class"), rows) if rows else None


def _switching(
    versions: Sequence[Version],
) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]:
    """A row for every name in any version, and the sentences about those that were switched."""
    if all(v["reported"] is None for v in versions):
        return (), ()
    names: dict[str, None] = {}
    for v in versions:
        names |= dict.fromkeys((*v["registered"], *(v["reported"] or ())))
    rows, said = [], []
    for name in names:
        registered = [v["version"] for v in versions if name in v["registered"]]
        reported = [v["version"] for v in versions if name in (v["reported"] or ())]
        lost = [
            v["version"]
            for v in versions
            if v["reported"] is not None and name in v["registered"] and name not in v["reported"]
        ]
        extra = [n for n in reported if n not in registered]
        notes = []
        if lost:
            notes.append(f"registered, not reported ({_numbers(lost)})")
        if extra:
            notes.append(f"reported, not registered ({_numbers(extra)})")
        if registered and registered[-1] < versions[-1]["version"]:
            notes.append(f"not in version {versions[-1]['version']}")
        elif registered and registered[0] > 1:
            notes.append(f"new in version {registered[0]}")
        words = humane(name.replace("::", ": "))
        if notes:
            said.append(f"{words}: {'; '.join(notes)}")
        rows.append((words, _numbers(registered), _numbers(reported), "; ".join(notes) or NONE))
    return tuple(rows), tuple(said)


def _summary(rows: Sequence[Sequence[str]], switched: Sequence[str]) -> str:
    if not rows:
        return "Nothing is reported yet."
    if switched:
        return f"{len(switched)} of {len(rows)} items were switched between versions or dropped."
    return f"All {len(rows)} items that were registered are reported, and nothing else is."


def _newer(versions: Sequence[Version], registration: str) -> str:
    numbers = {str(v["registration"]): v["version"] for v in versions}
    if not versions or registration not in numbers:
        return ""
    mine, last = numbers[registration], versions[-1]
    if mine == last["version"]:
        return ""
    return (
        f"This page shows version {mine}. Version {last['version']} is registered "
        f"({last['status']!s}): {last['reason'] or 'no reason given'}"
    )


def _numbers(found: Sequence[int]) -> str:
    return ", ".join(map(str, found)) if found else NONE
