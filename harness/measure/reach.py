"""The smallest dose at which a curve reaches a target: bracketed on a grid, then bisected.

Every curve starts at 0 at dose 0. The bracket is the first step of the grid that ends at or above
the target, so that a curve which falls again later is read where it first gets there. Many curves
are looked at together, because one run of a model holds many conditions.

Pure: the curves are a function. Not covered: what is measured (``harness.measure.runner_dose``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Curves = Callable[[NDArray[np.int64], NDArray[np.float64]], NDArray[np.float64]]
"""(curve [n], dose [n]) -> value [n]."""
WITHIN = 0.01
"""Relative: a value this close to the target is there."""
STEPS = 24
"""Of bisection at most: a bracket of 1 shrinks below 1e-7."""


@dataclass(frozen=True)
class Reached:
    """The dose at which a curve reaches ``target``, and its value there; None: nowhere.

    ``top`` is the largest value on the grid (None: no number).
    """

    target: float
    dose: float | None
    value: float | None
    top: float | None


def reach(
    curves: Curves, count: int, targets: Sequence[float], grid: Sequence[float]
) -> list[list[Reached]]:
    """Per curve and target, where it is first reached. ``grid`` increases from above 0.

    A target of 0 is reached at dose 0. A value that is not a number reaches nothing.
    """
    steps = np.asarray(grid, np.float64)
    each, doses = np.repeat(np.arange(count), len(steps)), np.tile(steps, count)
    seen = np.nan_to_num(curves(each, doses), nan=-np.inf).reshape(count, len(steps))
    pairs = [(c, t) for c in range(count) for t in targets if t > 0 and bool((seen[c] >= t).any())]
    first = [int(np.argmax(seen[c] >= t)) for c, t in pairs]
    which = np.array([c for c, _ in pairs], np.int64)
    goal = np.array([t for _, t in pairs], np.float64)
    low = np.array([steps[i - 1] if i else 0.0 for i in first], np.float64)
    high = np.array([steps[i] for i in first], np.float64)
    value = np.array([seen[c, i] for (c, _), i in zip(pairs, first, strict=True)], np.float64)
    for _ in range(STEPS):
        open_ = np.flatnonzero(value > goal * (1 + WITHIN))
        if not len(open_):
            break
        middle = (low[open_] + high[open_]) / 2
        got = curves(which[open_], middle)
        up = got >= goal[open_]
        high[open_[up]], value[open_[up]] = middle[up], got[up]
        low[open_[~up]] = middle[~up]
    found = {pair: n for n, pair in enumerate(pairs)}
    return [[_reached(c, t, found, high, value, seen) for t in targets] for c in range(count)]


def _reached(
    curve: int,
    target: float,
    found: dict[tuple[int, float], int],
    dose: NDArray[np.float64],
    value: NDArray[np.float64],
    seen: NDArray[np.float64],
) -> Reached:
    top = float(seen[curve].max()) if np.isfinite(seen[curve].max()) else None
    if target <= 0:
        return Reached(target, 0.0, 0.0, top)
    n = found.get((curve, target))
    if n is None:
        return Reached(target, None, None, top)
    return Reached(target, float(dose[n]), float(value[n]), top)
