"""Objects of a git repository that is not trusted: commits, trees and files, each checked by hash.

What ``git cat-file --batch`` gives is hashed and must be what was asked for, so the object store
may hold anything. History is read off the commits themselves: a commit-graph, a replacement or a
graft that says otherwise is never asked.

Not covered: how git is run so that nothing of the repository's is run (``harness.lock.gitrun``);
faults of git's own unpacking; collisions of SHA-1 in repositories that use it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from stat import S_ISDIR, S_ISREG

from harness.errors import RecordBroken
from harness.lock.gitplace import Place, Unread
from harness.lock.gitrun import Git, running

LIMIT = 32 << 20
"""Bytes of the largest object that is taken."""
AT_ONCE = 128
"""Requests sent before the answers are read; together they fit into any pipe."""

ENTRY = re.compile(rb"([0-7]{1,11}) ([^\0/]+)\0")


@dataclass(frozen=True)
class Commit:
    """A commit's tree and its parents, as they stand in it."""

    tree: str
    parents: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """What a tree holds under a name; neither ``folder`` nor ``file``: a link or a submodule."""

    id: str
    folder: bool
    file: bool


class Objects:
    """Reads objects by their ids. Every method raises :class:`Unread` where git stops, takes too
    long or has an object that is too large, and :class:`RecordBroken` for one that is not what its
    name says."""

    def __init__(self, git: Git, algorithm: str) -> None:
        self._git, self._algorithm = git, algorithm

    def commits(self, ids: Iterable[str]) -> Iterator[tuple[str, Commit | None]]:
        """Each commit with its id; None where the repository lacks it."""
        for name, data in self._all(ids, b"commit"):
            yield name, None if data is None else _commit(name, data)

    def trees(self, ids: Iterable[str]) -> Iterator[tuple[str, dict[str, Entry]]]:
        """Each tree's entries by name, with the tree's id."""
        for name, data in self._all(ids, b"tree"):
            if data is None:
                raise _lacking(name)
            yield name, _tree(name, data, len(name) // 2)

    def file(self, name: str) -> bytes:
        """A file's bytes."""
        (data,) = self._batch([name], b"blob")
        if data is None:
            raise _lacking(name)
        return data

    def _all(self, ids: Iterable[str], kind: bytes) -> Iterator[tuple[str, bytes | None]]:
        waiting = iter(ids)
        while chunk := list(islice(waiting, AT_ONCE)):
            yield from zip(chunk, self._batch(chunk, kind), strict=True)

    def _batch(self, ids: Sequence[str], kind: bytes) -> list[bytes | None]:
        self._git.send("".join(f"{name}\n" for name in ids).encode())
        return [self._answer(name, kind) for name in ids]

    def _answer(self, name: str, kind: bytes) -> bytes | None:
        words = self._git.line().split()
        if words == [name.encode(), b"missing"]:
            return None
        if len(words) != 3 or words[0] != name.encode() or not words[2].isdigit():
            raise Unread("git answers in a form that is not known here")
        size = int(words[2])
        if size > LIMIT:
            raise Unread(f"git object {name[:12]} is larger than {LIMIT} bytes")
        data = self._git.take(size + 1)[:-1]
        whole = hashlib.new(self._algorithm, words[1] + b" %d\0" % size, usedforsecurity=False)
        whole.update(data)
        if whole.hexdigest() != name:
            raise _broken(name, "is not what its name says: it was exchanged or is damaged")
        if words[1] != kind:
            raise _broken(name, f"is not the {kind.decode()} that it stands for")
        return data


@contextmanager
def reading(place: Place) -> Iterator[Objects]:
    """Objects of a repository, while the context is open.

    Raises :class:`Unread` where git is not installed or does not start.
    """
    algorithm = "sha1" if len(place.head) == 40 else "sha256"
    with running(place.objects, algorithm) as git:
        yield Objects(git, algorithm)


def _commit(name: str, data: bytes) -> Commit:
    """Tree and parents, from a commit's first lines."""
    size = len(name)
    lines = iter(data.split(b"\n\n", 1)[0].split(b"\n"))
    tree = _id(name, next(lines), b"tree ", size)
    parents = []
    for line in lines:
        if not line.startswith(b"parent "):
            break
        parents.append(_id(name, line, b"parent ", size))
    return Commit(tree, tuple(parents))


def _id(name: str, line: bytes, word: bytes, size: int) -> str:
    value = line.removeprefix(word)
    if not line.startswith(word) or not re.fullmatch(rb"[0-9a-f]{%d}" % size, value):
        raise _broken(name, "is not a commit that git could have made")
    return value.decode()


def _tree(name: str, data: bytes, size: int) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    at = 0
    while at < len(data):
        found = ENTRY.match(data, at)
        if found is None or found.end() + size > len(data):
            raise _broken(name, "is not a tree that git could have made")
        mode, label = int(found[1], 8), found[2].decode(errors="surrogateescape")
        at = found.end() + size
        if label in entries:
            raise _broken(name, f"is a tree that holds {label!a} twice")
        entries[label] = Entry(data[found.end() : at].hex(), S_ISDIR(mode), S_ISREG(mode))
    return entries


def _lacking(name: str) -> Unread:
    return Unread(f"this clone lacks git object {name[:12]}: it is partial or damaged")


def _broken(name: str, what: str) -> RecordBroken:
    return RecordBroken(f"git object {name[:12]} {what}", fix="Look at it with git fsck")
