"""Two JSON values leaf by leaf: where they differ, under paths that a person can follow.

Entries of a list that have names are found by them (``criteria.closes-half.test.margin``), so that
one new entry is one difference and not a shift of all that follow; their order counts on its own.

Not covered: which differences matter (``harness.lock.compare``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

ABSENT = "(absent)"
Leaf = tuple[str, Any, Any]
"""(path, first value, second value)"""


def differing(first: Any, second: Any, path: str) -> Iterator[Leaf]:
    """Every leaf at which two JSON values differ, in a fixed order."""
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        for key in sorted({*first, *second}):
            yield from _entry(first, second, key, f"{path}.{key}")
        return
    if isinstance(first, list | tuple) and isinstance(second, list | tuple):
        a, b = _named(first), _named(second)
        if a is not None and b is not None:
            for key in dict.fromkeys((*a, *b)):
                yield from _entry(a, b, key, f"{path}.{key}")
            common = [key for key in a if key in b]
            if common != [key for key in b if key in a]:
                yield f"{path} (order)", list(a), list(b)
            return
        if len(first) == len(second) and any(isinstance(x, Mapping | list) for x in first):
            for n, (x, y) in enumerate(zip(first, second, strict=True)):
                yield from differing(x, y, f"{path}[{n}]")
            return
    if not same(first, second):
        yield path, first, second


def same(first: Any, second: Any) -> bool:
    """Whether two JSON values mean the same: 1 and 1.0 do, 1 and true do not."""
    if isinstance(first, bool) != isinstance(second, bool):
        return False
    if isinstance(first, list | tuple) and isinstance(second, list | tuple):
        return len(first) == len(second) and all(map(same, first, second))
    return bool(first == second)


def _entry(
    first: Mapping[str, Any], second: Mapping[str, Any], key: str, at: str
) -> Iterator[Leaf]:
    if key in first and key in second:
        yield from differing(first[key], second[key], at)
    else:
        yield at, first.get(key, ABSENT), second.get(key, ABSENT)


def _named(items: Any) -> dict[str, Any] | None:
    """The entries by name, if each has one of its own."""
    out: dict[str, Any] = {}
    for item in items:
        name = item.get("name") if isinstance(item, Mapping) else None
        if not isinstance(name, str) or name in out:
            return None
        out[name] = item
    return out
