"""Plain scalars under the YAML 1.2 core schema, without what has two meanings.

``1e-3`` is a number, ``no`` and ``1:30`` are text, ``0o17`` is fifteen; ``017`` is refused, because
it is seventeen in YAML 1.2 and fifteen in YAML 1.1. Numbers that are not finite, and those beyond
2^53, are refused.

Not covered: quoted scalars (always text), structure (``harness.yamlio``).
"""

from __future__ import annotations

import math
import re
import unicodedata

EXACT = 2**53 - 1
"""The largest integer that every JSON reader holds exactly. Larger floats are refused as well:
canonical JSON writes 1e16 as an integer, which is no longer canonical once it is read back."""

NULL = frozenset({"", "~", "null", "Null", "NULL"})
BOOLEANS = {
    w: v for v, ws in ((True, "true True TRUE"), (False, "false False FALSE")) for w in ws.split()
}
INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
PADDED = re.compile(r"[-+]?0[0-9]+")
OCTAL = re.compile(r"0o[0-7]+")
HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
MOST_DIGITS = 400
"""Longer plain scalars are text, or a number too large."""


BREAKS = frozenset("\n\r\t")


def compose(text: str) -> str:
    """Text with each accented letter as one character (NFC), as most keyboards write it."""
    return unicodedata.normalize("NFC", text)


def unreadable_text(text: str) -> tuple[str, str] | None:
    """Why text is refused, or None: characters that nobody sees (controls, direction marks, zero
    width, lone surrogates) and letters in two encodings."""
    if text.isascii() and text.isprintable():
        return None
    for character in text:
        visible = character.isprintable() or unicodedata.category(character) == "Zs"
        if not visible and character not in BREAKS:
            what = f"the character U+{ord(character):04X} cannot be seen or is a control character"
            return what, "Remove it"
    if not unicodedata.is_normalized("NFC", text):
        fix = "Write accented letters as one character each (NFC), as most keyboards do"
        return "the text is not in Unicode's composed form", fix
    return None


def resolve(text: str) -> str | int | float | bool | None:
    """A plain scalar's value; -0 becomes 0. What :func:`unreadable` refuses may come out infinite
    or as text."""
    if text in NULL:
        return None
    if text in BOOLEANS:
        return BOOLEANS[text]
    if len(text) > MOST_DIGITS:
        return math.inf if FLOAT.fullmatch(text) else text
    if INTEGER.fullmatch(text):
        return int(text)
    if OCTAL.fullmatch(text):
        return int(text[2:], 8)
    if HEXADECIMAL.fullmatch(text):
        return int(text[2:], 16)
    if FLOAT.fullmatch(text):
        return float(text) + 0.0
    return text


def unreadable(text: str) -> tuple[str, str] | None:
    """Why a plain scalar is refused and what to write instead, or None."""
    if PADDED.fullmatch(text):
        bare = text.lstrip("+-").lstrip("0") or "0"
        return f"{text[:40]} has a leading zero", f"Write {bare[:40]}, or put it in quotes"
    if NOT_FINITE.fullmatch(text):
        return f"{text} is not a finite number", "Write a finite number"
    value = resolve(text)
    if isinstance(value, float) and not math.isfinite(value):
        return "the number is too large", "Write a smaller number"
    if isinstance(value, int | float) and abs(value) > EXACT:
        return "the number is beyond 2^53", "Write a smaller number, or text in quotes"
    return None
