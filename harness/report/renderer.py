"""Which renderer made a page, and from which row of the ledger on it knows nothing.

The same input under the same renderer gives the same bytes, so a stored page can be checked by
rendering it again as of its row. A page of another renderer cannot, and says so by its digest.

Not covered: whether the digest on a page is true; a page that names another renderer is not
compared, which leaves verification PARTIAL (``harness.report.pages``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from harness.digest import digest, digest_file, short

HERE = Path(__file__).parent
SUFFIXES = (".py", ".j2", ".css")
PARTS = ("report", "verdict", "stats", "plan")
PACKAGES = ("jinja2", "markupsafe", "matplotlib", "numpy", "pandas")
STAMP = re.compile(
    r"renderer (?:<code>|`)([0-9a-f]{12})(?:</code>|`)(?:, as of ledger row ([0-9]{1,9}))?"
)


@cache
def renderer() -> str:
    """Twelve hexadecimal digits over what judges and draws, and the libraries that draw."""
    files = {
        path.relative_to(HERE.parent).as_posix(): digest_file(path)
        for part in PARTS
        for path in sorted((HERE.parent / part).rglob("*"))
        if path.suffix in SUFFIXES and path.is_file()
    }
    return short(digest({"files": files, "packages": {p: version(p) for p in PACKAGES}}))


@dataclass(frozen=True)
class Stamp:
    """What a page says of its making: renderer (empty: nothing) and last row of the ledger (0)."""

    renderer: str = ""
    row: int = 0


def stamp(page: str) -> Stamp:
    """What a page says of its making."""
    found = STAMP.search(page)
    return Stamp(found[1], int(found[2] or 0)) if found else Stamp()
