"""The shape that a JSON value must have before anyone relies on it, and the first place it has not.

A :data:`Shape` is a function from a value and its path to words, empty where the value fits:

    ATTEMPT = record({"files": each(text)}, {"reason": text})
    fault = ATTEMPT(value, "")      # "files.x is a number, not text"

Keys beside those named are allowed: a later version may record more.

Not covered: what values mean, YAML (``harness.fields`` reports every problem with its line).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Shape = Callable[[Any, str], str]
"""(value, path) -> what is wrong, or nothing."""

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def kind_of(value: Any) -> str:
    """The type of a JSON value, in words."""
    names = {dict: "a mapping", list: "a list", str: "text", bool: "true or false"}
    numbers: dict[type, str] = {int: "a number", float: "a number", type(None): "nothing"}
    return {**names, **numbers}.get(type(value), type(value).__name__)


def _typed(kinds: type | tuple[type, ...], wanted: str) -> Shape:
    def shape(value: Any, path: str) -> str:
        fits = isinstance(value, kinds) and (kinds is bool or not isinstance(value, bool))
        return "" if fits else f"{path or 'it'} is {kind_of(value)}, not {wanted}"

    return shape


text = _typed(str, "text")
number = _typed((int, float), "a number")
whole = _typed(int, "a whole number")
flag = _typed(bool, "true or false")
mapping = _typed(dict, "a mapping")
listed = _typed(list, "a list")


def anything(value: Any, path: str) -> str:
    """Any value."""
    del value, path
    return ""


def maybe(shape: Shape) -> Shape:
    """The shape, or null."""
    return lambda value, path: "" if value is None else shape(value, path)


def matching(pattern: re.Pattern[str], wanted: str) -> Shape:
    """Text that matches wholly."""

    def shape(value: Any, path: str) -> str:
        fits = isinstance(value, str) and pattern.fullmatch(value) is not None
        return "" if fits else f"{path or 'it'} is not {wanted}"

    return shape


digest = matching(DIGEST, "a digest")


def each(shape: Shape, key: Shape = anything) -> Shape:
    """A mapping whose values all have a shape, and whose keys have another."""

    def check(value: Any, path: str) -> str:
        if not isinstance(value, dict):
            return mapping(value, path)
        for name, inner in value.items():
            place = f"{path}.{name}" if path else name
            if fault := key(name, place) or shape(inner, place):
                return fault
        return ""

    return check


def every(shape: Shape) -> Shape:
    """A list whose entries all have a shape."""

    def check(value: Any, path: str) -> str:
        if not isinstance(value, list):
            return listed(value, path)
        return next((f for n, one in enumerate(value) if (f := shape(one, f"{path}[{n}]"))), "")

    return check


def record(required: Mapping[str, Shape], optional: Mapping[str, Shape] | None = None) -> Shape:
    """A mapping with these keys."""

    def check(value: Any, path: str) -> str:
        if not isinstance(value, dict):
            return mapping(value, path)
        for name, shape in {**required, **(optional or {})}.items():
            place = f"{path}.{name}" if path else name
            if name not in value:
                if name in required:
                    return f"{place} is missing"
            elif fault := shape(value[name], place):
                return fault
        return ""

    return check
