"""The two jinja environments, HTML and Markdown; both escape by default.

A template cannot forget to escape: every expression passes ``finalize``. What is markup already
says so by its type (:class:`markupsafe.Markup`, :class:`Raw`).

The HTML page carries a Content-Security-Policy that allows nothing but its one style sheet, by
digest: no script, no image, no font, no request of any kind.

Not covered: what the templates show (``harness.report.page``, ``harness.report.index``).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.report.figure import Table
from harness.report.words import clean

TEMPLATES = Path(__file__).parent / "templates"


class Raw(str):
    """Text that is Markdown already and is not escaped again."""


def _clean(value: Any) -> Any:
    """For HTML: text loses what could reorder or break it; jinja escapes it afterwards."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return clean(value)
    return value


_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&$#!@{}^])")
_LEADING = re.compile(r"^([-+=](?![\w.])|\d+(?=[.)](?:\s|$)))")
"""What starts a list, a heading's underline or a rule, at the start of a line only."""

_LINK = re.compile(r"(?i)(https?|ftp|mailto|xmpp|www)([.:])")


def escaped(text: str) -> str:
    """Text as one line of Markdown that means nothing but itself.

    Escapes what CommonMark and GitHub's tables, maths, mentions and automatic links react to.
    """
    line = " ".join(clean(text).split())
    line = _SPECIAL.sub(r"\\\1", line)
    line = _LINK.sub(r"\1\\\2", line)
    return _LEADING.sub(lambda m: f"{m[0]}\\" if m[0].isdigit() else f"\\{m[0]}", line)


def code(text: Any) -> Raw:
    """Text as a code span whose fence is longer than any run of backticks inside it.

    Pipes are replaced by U+2502 (a bar that no table splits at).
    """
    line = " ".join(clean(str(text)).split()).replace("|", "\N{BOX DRAWINGS LIGHT VERTICAL}")
    longest = max((len(run) for run in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest or not line else ""
    return Raw(f"{fence}{pad}{line}{pad}{fence}")


def block(text: str) -> Raw:
    """Text as a fenced code block."""
    body = clean(text)
    longest = max((len(run) for run in re.findall("`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return Raw(f"{fence}\n{body}\n{fence}")


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> Raw:
    """A GitHub table; every cell escaped."""
    lines = [[*headers], ["---"] * len(headers)]
    text = ["| " + " | ".join(escaped(str(h)) or " " for h in lines[0]) + " |"]
    text.append("| " + " | ".join(lines[1]) + " |")
    text += ["| " + " | ".join(escaped(str(c)) or " " for c in row) + " |" for row in rows]
    return Raw("\n".join(text))


def of_table(value: Table) -> Raw:
    """A figure's table in Markdown."""
    return table(value.headers, value.rows)


def _markdown(value: Any) -> Any:
    return value if isinstance(value, Raw) else escaped(str(value))


@cache
def html_environment() -> Environment:
    """For pages: autoescape on, undefined names are errors."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_clean,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def markdown_environment() -> Environment:
    """For Markdown: every expression is escaped unless it is :class:`Raw`."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=False,  # finalize escapes, for Markdown
        undefined=StrictUndefined,
        finalize=_markdown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    env.globals.update(code=code, block=block, table=table, of_table=of_table)
    return env


@cache
def style() -> Markup:
    """The page's only style sheet."""
    return Markup((TEMPLATES / "style.css").read_text(encoding="utf-8"))


@cache
def policy() -> str:
    """The Content-Security-Policy of a page with that style sheet."""
    digest = base64.b64encode(hashlib.sha256(str(style()).encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def paragraphs(text: str) -> str:
    """At most two consecutive line ends; no space before one; one at the end."""
    text = re.sub(r"[ \t]+\n", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
