"""Claims to start from: each ``*.yaml`` here is a whole, commented claim that can be checked as is.

Not covered: what the words mean (``docs/first-claim.md``).
"""

from __future__ import annotations

import re
from importlib import resources

from harness.errors import UnknownName, nearest

ID_LINE = re.compile(r"^id: .*$", re.MULTILINE)


def names() -> tuple[str, ...]:
    """The templates, sorted."""
    files = resources.files(__name__).iterdir()
    return tuple(sorted(f.name.removesuffix(".yaml") for f in files if f.name.endswith(".yaml")))


def render(template: str, claim: str) -> str:
    """The template's text as the claim ``claim``. Raises :class:`UnknownName`."""
    if template not in names():
        raise UnknownName(
            f"no template {template!r}", fix=f"Templates: {nearest(template, names())}"
        )
    text = resources.files(__name__).joinpath(f"{template}.yaml").read_text(encoding="utf-8")
    return ID_LINE.sub(f"id: {claim}", text, count=1)


def title(template: str) -> str:
    """The first comment line of a template."""
    text = resources.files(__name__).joinpath(f"{template}.yaml").read_text(encoding="utf-8")
    return text.splitlines()[0].removeprefix("#").strip()
