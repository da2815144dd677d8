"""Numbers and names as a reader sees them; and text from claims made safe to show.

Digits: an estimate is written with as many decimals as make its interval's width readable (three
significant digits), so that an estimate and its bounds line up. A p-value is never written as 0.

Not covered: escaping for HTML or Markdown (done by the environments in ``harness.report.page`` and
``harness.report.markdown``), sentences of the verdict (rendered by ``harness.verdict``).
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.stats.records import in_decimals

LONG = 1e12
"""From here on a number is written with an exponent: its digits would fill the page."""
MINUS = "\N{MINUS SIGN}"
NONE = "\N{EM DASH}"
MOST = 6
"""Decimals, at most."""

BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that reorder what follows: a hostile title could show one thing and say another."""


@dataclass(frozen=True)
class Standing:
    """A status in words, with a symbol so that it never depends on colour alone."""

    word: str
    symbol: str
    meaning: str
    tone: str
    """Name of the style: one of ``pass fail open void stop free``."""

    withheld: bool = False
    """No verdict can stand: the criteria's statistics leave the headline."""


STANDINGS: Mapping[str, Standing] = {
    s.word: s
    for s in (
        Standing("PASS", "✓", "the evidence supports the claim under the locked rule", "pass"),
        Standing("FAIL", "✗", "the evidence excludes the claim under the locked rule", "fail"),
        Standing(
            "INCONCLUSIVE", "≈", "the evidence excludes neither the claim nor its opposite", "open"
        ),
        Standing(
            "INVALID",
            "⊘",
            "a precondition failed: these data cannot speak for or against",
            "void",
            withheld=True,
        ),
        Standing(
            "DEVIATED",
            "↷",
            "it ran otherwise than planned: no verdict can stand",
            "stop",
            withheld=True,
        ),
        Standing(
            "TAMPERED",
            "⚠\ufe0e",
            "something differs from the lock: no verdict can stand",
            "stop",
            withheld=True,
        ),
        Standing(
            "EXPLORATORY",
            "⚐",
            "not registered: an exploration, never evidence for a verdict",
            "free",
        ),
        Standing("LOCKED", "○", "registered, not yet run", "free"),
        Standing(
            "INCOMPLETE", "◔", "an attempt has begun and is not complete", "open", withheld=True
        ),
        Standing("UNLOCKED", "◌", "not locked: it can be explored, never confirmed", "free"),
        Standing("NOT REPORTED", "!", "locked, and missing from the last run", "stop"),
        Standing("SUPERSEDED", "↻", "replaced by another claim; its verdict stays", "void"),
        Standing("WITHDRAWN", "↶", "withdrawn by its authors; its record stays", "void"),
    )
}

VERDICTS = (
    "PASS",
    "FAIL",
    "INCONCLUSIVE",
    "INVALID",
    "DEVIATED",
    "TAMPERED",
    "INCOMPLETE",
    "EXPLORATORY",
)
"""The statuses a page can be made for."""


def standing(word: str) -> Standing:
    """The standing of that name; an unknown one is shown as it is, in a neutral style."""
    return STANDINGS.get(word, Standing(word, "·", "", "void"))


def clean(text: str) -> str:
    """Text without control characters, reordering marks, lone surrogates and noncharacters.

    Each becomes U+FFFD, so that it shows. Tabs and line breaks stay, because samples have lines.
    """
    return "".join("\N{REPLACEMENT CHARACTER}" if _unfit(c) else c for c in text)


def _unfit(c: str) -> bool:
    if c in "\n\t":
        return False
    noncharacter = ord(c) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(c) <= 0xFDEF
    return noncharacter or c in BIDI or unicodedata.category(c) in ("Cc", "Cs")


def finite(value: Any) -> float | None:
    """The value as a float, or None where it is missing, not a number, or not finite."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) else None


def decimals(*values: float | None, low: float | None = None, high: float | None = None) -> int:
    """How many decimals to write: three significant digits of the interval's width, else of the
    largest value; between 0 and 6."""
    span = high - low if low is not None and high is not None else 0.0
    if 0 < span < math.inf:
        digits = 2 - math.floor(math.log10(span))
    else:
        size = max((abs(v) for v in values if v), default=0.0)
        digits = 2 - math.floor(math.log10(size)) if size else 0
    return max(0, min(MOST, digits))


def number(value: Any, places: int | None = None) -> str:
    """A number with a true minus sign, or an em dash where there is none."""
    v = finite(value)
    if v is None:
        return NONE
    text = f"{v:.{decimals(v) if places is None else places}f}" if abs(v) < LONG else f"{v:.3g}"
    if v and places in (None, MOST) and not text.strip("-0."):
        text = f"{v:.3g}"  # smaller than any decimals show
    if text.startswith("-") and not text.strip("-0."):
        text = text[1:]  # no negative zero
    return text.replace("-", MINUS)


def mean_over(mean: Any, count: int, of: int, places: int | None = None) -> str:
    """A mean, and over how many of the replicates if not all of them have a value."""
    text = number(mean, places)
    return text if count in (0, of) else f"{text} ({count} of {of})"


def plain(value: Any) -> str:
    """A number as its author wrote it: shortest digits, no padding."""
    v = finite(value)
    return NONE if v is None else f"{v:.6g}".replace("-", MINUS)


def interval(low: Any, high: Any, places: int | None = None) -> str:
    """``[low, high]``, or words where precision is unknown."""
    a, b = finite(low), finite(high)
    if a is None or b is None:
        return "no interval"
    places = decimals(low=a, high=b) if places is None else places
    return f"[{number(a, places)}, {number(b, places)}]"


def p_value(value: Any) -> str:
    """``.004``, ``< .001`` or ``> .999``; never zero and never one."""
    v = finite(value)
    if v is None:
        return NONE
    if v < 0.001 or v > 0.999:
        return "< .001" if v < 0.001 else "> .999"
    return in_decimals(v).removeprefix("0")


def percent(share: Any) -> str:
    """A share as whole per cent."""
    v = finite(share)
    return NONE if v is None else f"{round(100 * v, 6):.3g} %"


def listing(values: Any) -> str:
    """Any JSON value on one line: mappings as ``key: value``, lists with commas."""
    if isinstance(values, Mapping):
        return ", ".join(f"{k}: {_nested(v)}" for k, v in values.items())
    if isinstance(values, (list, tuple)):
        return ", ".join(_nested(v) for v in values)
    if values is None:
        return NONE
    if isinstance(values, bool):
        return "yes" if values else "no"
    return plain(values) if isinstance(values, (int, float)) else str(values)


def _nested(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"({listing(value)})"
    return f"[{listing(value)}]" if isinstance(value, (list, tuple)) else listing(value)


def shortened(text: str, length: int = 20) -> str:
    """Text on one line of at most ``length`` characters, for labels in figures."""
    line = " ".join(clean(text).split())
    return line if len(line) <= length else f"{line[: length - 1]}\N{HORIZONTAL ELLIPSIS}"


def humane(name: str) -> str:
    """An identifier as words: ``closes-half-the-gap`` becomes ``closes half the gap``."""
    return name.replace("-", " ").replace("_", " ")
