"""JSON as data from a stranger: one meaning, bounded size and depth, or refused.

Python's reader takes NaN and infinities, the last of duplicate keys, UTF-16, integers that no other
reader holds exactly, and nests until its stack is full. Here a document is UTF-8, every key stands
once, every number is finite, an integer beyond 2^53 is the float that other readers make of it, and
nothing is nested deeper than :data:`MOST_DEPTH`. Whatever is read can be written canonically.

Not covered: which fields a document has (``harness.shapes``).
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

MOST_BYTES = 16 << 20
MOST_DEPTH = 64
EXACT = 2**53


class NotJson(ValueError):
    """Why a document is refused, in words."""


def parse(data: bytes, most_bytes: int = MOST_BYTES) -> Any:
    """The value of a document. Raises :class:`NotJson`."""
    if len(data) > most_bytes:
        raise NotJson(f"larger than {most_bytes} bytes")
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_once,
            parse_int=_integer,
            parse_float=_finite,
            parse_constant=_constant,
        )
    except UnicodeDecodeError:
        raise NotJson("not UTF-8") from None
    except RecursionError:
        raise NotJson(f"nested deeper than {MOST_DEPTH} levels") from None
    except json.JSONDecodeError as error:
        raise NotJson(f"{error.msg}, line {error.lineno} column {error.colno}") from None
    _bounded(value)
    if b"\\ud" in data or b"\\uD" in data:
        _whole_characters(value)
    return value


def parse_object(data: bytes, most_bytes: int = MOST_BYTES) -> dict[str, Any]:
    """As :func:`parse`, for a document that has to be an object."""
    value = parse(data, most_bytes)
    if not isinstance(value, dict):
        raise NotJson("not an object")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise NotJson("a key stands twice")
    return value


def _integer(digits: str) -> int | float:
    # in canonical form a large float has neither point nor exponent: 2.0**60 is written 1152921...
    return int(digits) if len(digits) < 16 or abs(float(digits)) < EXACT else _finite(digits)


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise NotJson("a number is too large")
    return value


def _constant(word: str) -> NoReturn:
    raise NotJson(f"{word} is not a number")


def _bounded(value: Any) -> None:
    level, depth = [value], 0
    while level:
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
        depth += 1
        if depth > MOST_DEPTH:
            raise NotJson(f"nested deeper than {MOST_DEPTH} levels")


def _whole_characters(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise NotJson("half a character (a lone surrogate)") from None
