"""What every commit up to the one checked out held of a workspace: ledger, locks, results.

The whole graph is walked and nothing of it is simplified away. A workspace whose folder was renamed
is followed, where one commit took the ledger from one folder to the other.

Not covered: what it means (``harness.lock.history``, ``harness.lock.order``); a ledger that was
removed by one commit and begun anew in another folder by a later one, which is another ledger and
is named as one that was removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter

from harness.lock.gitplace import Place, Unread
from harness.lock.gitread import Entry, Objects
from harness.lock.removed import CLAIMS, LEDGER, removed_ledgers

REPORTS, LOCK = "reports", ".lock.json"
Results = tuple[str, str]
"""A claim and the short digest of a registration: the folder reports/<claim>/<short>/."""


@dataclass(frozen=True)
class Held:
    """What one commit held: the ledger's object if it was a file, each claim's lock file's, and
    which results had any file."""

    ledger: str = ""
    locks: Mapping[str, str] = field(default_factory=dict)
    results: frozenset[Results] = frozenset()


@dataclass(frozen=True)
class Move:
    """A commit that took the ledger from the folder ``before``, or ``followed`` is off: one that
    removed a ledger of other rows, wherever it was."""

    commit: str
    before: str
    followed: bool


@dataclass(frozen=True)
class Timeline:
    """The commits in ``order``, parents first. ``parents`` are those that are there; ``cut`` names
    the commits some parent of which this clone lacks."""

    head: str
    order: tuple[str, ...]
    parents: Mapping[str, tuple[str, ...]]
    cut: frozenset[str]
    held: Mapping[str, Held]
    moves: tuple[Move, ...] = ()


def timeline(objects: Objects, place: Place, wanted: Iterable[Results]) -> Timeline:
    """Read the history of a workspace.

    Raises :class:`Unread` where objects cannot be read or are not there, other than the parents of
    a shallow clone; :class:`RecordBroken` where one is not what its name says.
    """
    parents, trees, cut = _walk(objects, place.head)
    order = tuple(TopologicalSorter(parents).static_order())
    looked = frozenset(wanted)
    held = _hold(objects, trees, place.prefix, looked)
    removed = removed_ledgers(objects, order, parents, trees)
    moves: list[Move] = []
    own = {place.prefix}
    seen: set[tuple[str, str]] = set()
    while begun := _begun(order, parents, held, seen):
        for commit, parent in begun:
            seen.add((commit, parent))
            first = _first_line(objects, held[commit].ledger)
            gone = [one for one in removed if one.commit == commit]
            same = [p.folder for p in gone if _first_line(objects, p.ledger) == first]
            if same:
                own.add(same[0])
                moves.append(Move(commit, _shown(same[0]), True))
                old = {parent, *_before(parents, parent)}
                bare = {c: trees[c] for c in old if not held[c].ledger}
                held |= _hold(objects, bare, same[0], looked)
                break
    others = {(p.folder, p.ledger): p for p in reversed(removed) if p.folder not in own}
    moves += [Move(p.commit, _shown(p.folder), False) for p in reversed(others.values())]
    return Timeline(place.head, order, parents, frozenset(cut), held, tuple(moves))


def _walk(
    objects: Objects, head: str
) -> tuple[dict[str, tuple[str, ...]], dict[str, str], set[str]]:
    """Parents and tree of every commit, and the commits that lack a parent."""
    commits = {}
    lacking: set[str] = set()
    frontier = [head]
    while frontier:
        reached: dict[str, None] = {}
        for name, commit in objects.commits(frontier):
            if commit is None:
                lacking.add(name)
                continue
            commits[name] = commit
            reached |= dict.fromkeys(commit.parents)
        frontier = [name for name in reached if name not in commits and name not in lacking]
    if head in lacking:
        raise Unread("this clone lacks the commit that is checked out")
    parents = {c: tuple(p for p in one.parents if p in commits) for c, one in commits.items()}
    cut = {c for c, one in commits.items() if lacking.intersection(one.parents)}
    return parents, {c: one.tree for c, one in commits.items()}, cut


def _before(parents: Mapping[str, tuple[str, ...]], commit: str) -> set[str]:
    """The commits that one descends from."""
    found: set[str] = set()
    waiting = list(parents[commit])
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += parents[one]
    return found


def _hold(
    objects: Objects,
    trees: Mapping[str, str],
    prefix: tuple[str, ...],
    wanted: frozenset[Results],
) -> dict[str, Held]:
    """What each commit holds below ``prefix``; ``trees`` are the commits' own."""
    at = dict(trees)
    for part in prefix:
        (at,) = _down(objects, at, part)
    claims, reports = _down(objects, at, CLAIMS, REPORTS)
    written = {tree: _claims(entries) for tree, entries in objects.trees(_distinct(claims))}
    measured = _results(objects, _distinct(reports), wanted)
    return {
        commit: Held(
            *written.get(claims.get(commit, ""), ("", {})),
            measured.get(reports.get(commit, ""), frozenset()),
        )
        for commit in trees
    }


def _down(objects: Objects, at: Mapping[str, str], *names: str) -> tuple[dict[str, str], ...]:
    """For each name, the folder under it in each commit's folder, where there is one."""
    found = {
        tree: [one.id if (one := entries.get(name)) and one.folder else "" for name in names]
        for tree, entries in objects.trees(_distinct(at))
    }
    return tuple(
        {commit: below for commit, tree in at.items() if (below := found[tree][n])}
        for n in range(len(names))
    )


def _distinct(at: Mapping[str, str]) -> Iterable[str]:
    return dict.fromkeys(at.values())


def _claims(entries: Mapping[str, Entry]) -> tuple[str, dict[str, str]]:
    """The ledger's object and those of the lock files, of a tree ``claims``."""
    files = {name: one.id for name, one in entries.items() if one.file}
    locks = {name.removesuffix(LOCK): i for name, i in files.items() if name.endswith(LOCK)}
    return files.get(LEDGER, ""), locks


def _results(
    objects: Objects, trees: Iterable[str], wanted: frozenset[Results]
) -> dict[str, frozenset[Results]]:
    """Which of the wanted results each reports folder holds."""
    ids = {claim for claim, _ in wanted}
    below: dict[str, dict[str, str]] = {
        tree: {name: one.id for name, one in entries.items() if name in ids and one.folder}
        for tree, entries in objects.trees(trees)
    }
    every = dict.fromkeys(tree for claims in below.values() for tree in claims.values())
    names = {tree: frozenset(entries) for tree, entries in objects.trees(every)}
    return {
        tree: frozenset(key for key in wanted if key[1] in names.get(claims.get(key[0], ""), ()))
        for tree, claims in below.items()
    }


def _begun(
    order: Iterable[str],
    parents: Mapping[str, tuple[str, ...]],
    held: Mapping[str, Held],
    seen: set[tuple[str, str]],
) -> list[tuple[str, str]]:
    """Commits with a ledger, each with a parent that has none, that were not looked at yet."""
    return [
        (commit, parent)
        for commit in order
        if held[commit].ledger
        for parent in parents[commit]
        if not held[parent].ledger and (commit, parent) not in seen
    ]


def _shown(folder: tuple[str, ...]) -> str:
    return "/".join(folder) or "."


def _first_line(objects: Objects, ledger: str) -> bytes:
    return objects.file(ledger).split(b"\n", 1)[0]
