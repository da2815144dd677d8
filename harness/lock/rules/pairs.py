"""The pairs of readouts that an estimand compares, whether it is one number or a family of them.

Not covered: what their difference or ratio can be (``spans``).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from harness.lock.rules.design import listed

DIFFERENCES = ("contrast", "contrasts", "ordering", "dose-ordering")
QUOTIENTS = ("log-ratio", "mean-ratio", "stratified-odds")
PAIRED = (*DIFFERENCES, *QUOTIENTS)
"""Estimands that are a difference or a quotient of two arms' readouts, or a family of such."""

At = str | float | None


class Pair(NamedTuple):
    """The arm ``one`` at its dose minus (or over) the arm ``two`` at its own."""

    one: str
    two: str
    at_one: At
    at_two: At


def pairs(spec: Mapping[str, Any]) -> tuple[Pair, ...]:
    """What an estimand of ``PAIRED`` compares; nothing for any other."""
    kind, at = spec.get("kind"), spec.get("at")
    if kind in ("contrast", *QUOTIENTS):
        return (Pair(spec["arm"], spec["minus" if kind == "contrast" else "over"], at, at),)
    if kind == "contrasts":
        return tuple(Pair(arm, spec["minus"], at, at) for arm in listed(spec["arms"]))
    if kind == "ordering":
        return tuple(Pair(b, a, at, at) for a, b in pairwise(listed(spec["arms"])))
    if kind == "dose-ordering":
        return tuple(Pair(spec["arm"], spec["arm"], b, a) for a, b in pairwise(spec["doses"]))
    return ()
