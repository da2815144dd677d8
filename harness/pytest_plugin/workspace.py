"""Which YAML files are claims of ours: those in a ``claims/`` folder that holds at least one.

A claim whose ``schema:`` line is broken is still collected where a neighbour or a ledger shows that
the folder is ours, so that it fails instead of vanishing.

Not covered: whether a file is a valid claim (``harness.claim``).
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from harness.regular import Unreadable, open_regular

FOLDER = "claims"
MARK = re.compile(rb"""^schema:\s*["']?causal-claims/claim/""", re.MULTILINE)
LEDGER = "ledger.jsonl"
READ_AT_MOST = 1 << 20


def is_claim_file(path: Path) -> bool:
    """Whether pytest should collect ``path`` as a claim."""
    return path.suffix == ".yaml" and path.parent.name == FOLDER and _ours(path.parent)


@lru_cache(maxsize=64)
def _ours(folder: Path) -> bool:
    if (folder / LEDGER).is_file():
        return True
    return any(_marked(path) for path in sorted(folder.glob("*.yaml")))


def _marked(path: Path) -> bool:
    try:
        with open_regular(path) as handle:
            return MARK.search(handle.read(READ_AT_MOST)) is not None
    except (OSError, Unreadable):
        return False
