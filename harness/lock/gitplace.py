"""Where a workspace's history is: the repository's objects, and the commit that is checked out.

Read from the repository's files and not asked of git: a checkout from a stranger can hold a
configuration that makes git run commands, so no configuration is read at all. A ``.git`` that is a
file (linked worktree, submodule) is followed; the nearest repository above the workspace counts.

Not covered: the objects themselves (``harness.lock.gitread``); repositories that only ``GIT_DIR``
or ``core.worktree`` would join to the folder; refs kept in a reftable.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ClaimsError
from harness.paths import read_inside

POINTER_LIMIT = 4096
PACKED_LIMIT = 64 << 20
HOPS = 5
OBJECT_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


class Unread(ClaimsError):
    """History that cannot be looked at, and why; no judgement about what it would have shown."""


@dataclass(frozen=True)
class Place:
    """``objects`` is the object store, ``head`` the commit checked out, ``prefix`` the folders from
    the repository's top down to the workspace. ``masks`` names what makes git itself show another
    history than the objects hold."""

    objects: Path
    head: str
    prefix: tuple[str, ...]
    masks: tuple[str, ...] = ()


def find(root: Path) -> Place | None:
    """The repository that a workspace is in, or None.

    Raises :class:`Unread` where there is one whose checked-out commit cannot be told.
    """
    try:
        here = root.resolve()
        for top in (here, *here.parents):
            folder = _git_folder(top)
            if folder is not None:
                common = _common(folder)
                return Place(
                    objects=common / "objects",
                    head=_head(folder, common),
                    prefix=here.relative_to(top).parts,
                    masks=_masks(common),
                )
        return None
    except OSError as error:
        words = os.strerror(error.errno or 0).lower()
        raise Unread(f"the git repository cannot be read ({words})") from error


def _git_folder(top: Path) -> Path | None:
    """The git folder of a working tree's top; None where ``top`` is not one."""
    dot = top / ".git"
    if dot.is_dir():
        return dot if os.path.lexists(dot / "HEAD") else None
    if not dot.is_file():
        return None
    text = _text(top, ".git", POINTER_LIMIT)
    if not text.startswith("gitdir: "):
        raise Unread("the file .git names no repository")
    folder = top / text.removeprefix("gitdir: ").rstrip("\n")
    if not folder.is_dir():
        raise Unread("the file .git names a repository that is not there")
    return folder


def _common(folder: Path) -> Path:
    """The folder of what linked worktrees share; a main repository's is its own."""
    if not (folder / "commondir").is_file():
        return folder
    return folder / _text(folder, "commondir", POINTER_LIMIT).rstrip("\n")


def _head(folder: Path, common: Path) -> str:
    text = _text(folder, "HEAD", POINTER_LIMIT).strip()
    for _ in range(HOPS):
        if OBJECT_ID.fullmatch(text):
            return text
        if not text.startswith("ref: refs/"):
            break
        if (common / "reftable").is_dir():
            raise Unread("the git repository keeps its refs in a reftable, which is not read here")
        text = _ref(folder, common, text.removeprefix("ref: ").strip())
    raise Unread("HEAD of the git repository names no commit")


def _ref(folder: Path, common: Path, name: str) -> str:
    """What a ref says: an object's id, or ``ref: `` and another ref."""
    for base in (folder, common):
        if (base / name).is_file():
            return _text(base, name, POINTER_LIMIT).strip()
    if (common / "packed-refs").is_file():
        for line in _text(common, "packed-refs", PACKED_LIMIT).splitlines():
            value, _, what = line.partition(" ")
            if what == name:
                return value
    raise Unread("nothing is committed yet")


def _masks(common: Path) -> tuple[str, ...]:
    found = []
    if (common / "info" / "grafts").is_file():
        found.append("info/grafts")
    replaced = common / "refs" / "replace"
    packed = common / "packed-refs"
    if (replaced.is_dir() and any(replaced.iterdir())) or (
        packed.is_file() and " refs/replace/" in _text(common, "packed-refs", PACKED_LIMIT)
    ):
        found.append("refs/replace")
    return tuple(found)


def _text(folder: Path, relative: str, limit: int) -> str:
    try:
        return read_inside(folder, relative, limit).decode(errors="surrogateescape")
    except ClaimsError as error:
        raise Unread(f"the git repository cannot be read ({error.what})") from error
