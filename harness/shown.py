"""Text of unknown origin as a terminal may show it: what cannot be seen is written out.

A file name, a ledger row or a cell may hold control characters (an escape sequence moves the
cursor, recolours or rewrites lines above), marks that reorder what follows, or halves of characters
that no stream can encode. Each is shown as Python would write it: ``\\x1b``, ``\\u202e``.

Not covered: HTML and Markdown (``harness.report.environment``), letters that look like others.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TextIO

LONGEST_LINE = 4000
"""Characters of one line; what is longer is cut, and says so."""


def unseen(character: str) -> bool:
    """Whether a character has no shape of its own: controls, direction marks, zero width,
    surrogates, unassigned. Spaces of any width have one."""
    return not character.isprintable() and unicodedata.category(character) != "Zs"


def visible(text: str, *, lines: bool = False) -> str:
    """The text with everything unseen written out; line breaks stay where ``lines`` is on."""
    if len(text) <= LONGEST_LINE and text.isprintable():
        return text
    if lines and "\n" in text:
        return "\n".join(visible(line) for line in text.split("\n"))
    if len(text) > LONGEST_LINE:
        more = len(text) - LONGEST_LINE
        text = f"{text[:LONGEST_LINE]}... ({more} more characters)"
    return "".join(_written(c) if unseen(c) else c for c in text)


def escaped_json(text: str) -> str:
    """JSON text whose strings hold no unseen character: the same value, in escapes."""
    return _UNSEEN.sub(lambda m: _utf16(m[0]) if unseen(m[0]) else m[0], text)


def encodable(text: str, stream: TextIO) -> str:
    """The text with what the stream's encoding lacks written out, so that printing never fails."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


_UNSEEN = re.compile(r"[^\x00-\x7e]")  # what is below stands in JSON as layout or is escaped


def _written(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _utf16(character: str) -> str:
    data = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{data[n : n + 2].hex()}" for n in range(0, len(data), 2))
