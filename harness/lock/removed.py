"""Ledgers that some commit removed, wherever in the repository they were.

A study that was thrown away beside the one that is published stands in the history: a sceptic is
told of it, and can check the commit out.

Not covered: ledgers that no commit ever held; commits that the checked-out one does not descend
from; a removed ledger's own record (check that commit out and verify it).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.lock.gitread import Entry, Objects

CLAIMS, LEDGER = "claims", "ledger.jsonl"


@dataclass(frozen=True)
class Removed:
    """A commit that holds a ledger no more which a parent of it held: the workspace's folder by its
    parts, and the ledger's object. A merge may be one where the other parent is one already."""

    commit: str
    folder: tuple[str, ...]
    ledger: str


@dataclass(frozen=True)
class _Pair:
    """A folder before and after one commit; an id is empty where there is none."""

    commit: str
    folder: tuple[str, ...]
    before: str
    after: str


def removed_ledgers(
    objects: Objects,
    order: Iterable[str],
    parents: Mapping[str, tuple[str, ...]],
    trees: Mapping[str, str],
) -> list[Removed]:
    """Every ledger that a commit removed, by commits in ``order`` (parents first) and folder.

    Raises as ``objects`` does. A commit's pairs of folders are compared once, however often they
    are met, so that trees which are nested to grow without end cost no more than they hold.
    """
    position = {commit: n for n, commit in enumerate(order)}
    waiting = [
        _Pair(commit, (), trees[parent], trees[commit])
        for commit in position
        for parent in parents[commit]
    ]
    found: dict[tuple[str, tuple[str, ...]], Removed] = {}
    seen: set[tuple[str, str, str]] = set()
    while waiting:
        new = []
        for pair in waiting:
            key = (pair.commit, pair.before, pair.after)
            if pair.before != pair.after and key not in seen:
                seen.add(key)
                new.append(pair)
        ids = dict.fromkeys(tree for p in new for tree in (p.before, p.after) if tree)
        entries = dict(objects.trees(ids))
        waiting = []
        for pair in new:
            after = entries[pair.after] if pair.after else {}
            for one in _compared(pair, entries[pair.before], after):
                if isinstance(one, _Pair):
                    waiting.append(one)
                else:
                    found.setdefault((one.commit, one.folder), one)
    return sorted(found.values(), key=lambda one: (position[one.commit], one.folder))


def _compared(
    pair: _Pair, before: Mapping[str, Entry], after: Mapping[str, Entry]
) -> Iterable[_Pair | Removed]:
    for name, one in before.items():
        other = after.get(name)
        if one.folder and (other is None or other.id != one.id):
            now = other.id if other is not None and other.folder else ""
            yield _Pair(pair.commit, (*pair.folder, name), one.id, now)
        elif one.file and name == LEDGER and pair.folder[-1:] == (CLAIMS,) and other is None:
            yield Removed(pair.commit, pair.folder[:-1], one.id)
