"""Which renderer made a page: a digest that the page carries.

The same input under the same renderer gives the same bytes, so a stored page can be checked by
rendering it again. A page of another renderer cannot, and says so by this digest.

Not covered: whether the digest on a page is true; a page that names another renderer is reported as
not examined (``harness.report.pages``).
"""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import version
from pathlib import Path

from harness.digest import digest, digest_file, short

HERE = Path(__file__).parent
SUFFIXES = (".py", ".j2", ".css")
PACKAGES = ("jinja2", "markupsafe", "matplotlib", "numpy", "pandas")
STAMP = re.compile(r"renderer (?:<code>|`)([0-9a-f]{12})(?:</code>|`)")


@cache
def renderer() -> str:
    """Twelve hexadecimal digits over this package's files and the libraries that draw."""
    files = {
        path.relative_to(HERE).as_posix(): digest_file(path)
        for path in sorted(HERE.rglob("*"))
        if path.suffix in SUFFIXES and path.is_file()
    }
    return short(digest({"files": files, "packages": {p: version(p) for p in PACKAGES}}))


def stamp(page: str) -> str:
    """The renderer that a page says made it; empty where it says nothing."""
    found = STAMP.search(page)
    return found[1] if found else ""
