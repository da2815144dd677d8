"""Which YAML files are claims of ours: those in a ``claims/`` folder that holds at least one.

A claim whose ``schema:`` line is broken is still collected where a neighbour or a ledger shows that
the folder is ours, so that it fails instead of vanishing. A folder of which only lock files are
left is a workspace too: its claims are listed as not reported.

Not covered: whether a file is a valid claim (``harness.claim``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from harness.regular import Unreadable, open_regular

FOLDER = "claims"
MARK = re.compile(rb"""^schema:\s*["']?causal-claims/claim/""", re.MULTILINE)
LOCK_MARK = re.compile(rb'"schema":\s*"causal-claims/lock/')
LEDGER = "ledger.jsonl"
READ_AT_MOST = 1 << 20


def is_claim_file(path: Path) -> bool:
    """Whether pytest should collect ``path`` as a claim."""
    return path.suffix == ".yaml" and path.parent.name == FOLDER and _ours(path.parent)


def is_workspace(root: Path) -> bool:
    """Whether ``root`` holds a ``claims/`` of ours."""
    return _ours(root / FOLDER) or _locked(root / FOLDER)


def root_of(path: Path) -> Path:
    """The workspace of a claim file or of anything else in ``claims/``, by its real name."""
    return Path(os.path.realpath(path.parent.parent))


def workspaces(start: Path, arguments: Iterable[str]) -> Iterator[Path]:
    """Workspaces that arguments of pytest point at, or into, or at the folder of.

    A workspace deeper down is found when pytest walks there.
    """
    for argument in arguments:
        path = Path(os.path.normpath(start / argument.split("::", 1)[0]))
        inside = (p.parent for p in (path, *path.parents) if p.name == FOLDER)
        for root in (path, *inside):
            if is_workspace(root):
                yield Path(os.path.realpath(root))


def nearest(start: Path) -> Path | None:
    """The workspace of ``start`` or of the nearest folder above it."""
    found = (root for root in (start, *start.parents) if is_workspace(root))
    return next((Path(os.path.realpath(root)) for root in found), None)


@lru_cache(maxsize=64)
def _ours(folder: Path) -> bool:
    if (folder / LEDGER).is_file():
        return True
    return any(_marked(path, MARK) for path in sorted(folder.glob("*.yaml")))


def _locked(folder: Path) -> bool:
    return any(_marked(path, LOCK_MARK) for path in sorted(folder.glob("*.lock.json")))


def _marked(path: Path, mark: re.Pattern[bytes]) -> bool:
    try:
        with open_regular(path) as handle:
            return mark.search(handle.read(READ_AT_MOST)) is not None
    except (OSError, Unreadable):
        return False
