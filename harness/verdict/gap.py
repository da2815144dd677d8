"""Shares of the gap between two models, and where a curve first reaches a height.

Not covered: which gap is asked about (``harness.verdict.estimands``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.verdict.view import MissingNumber, View


def closed(view: View, spec: Mapping[str, Any], r: int, number: float) -> float:
    """The share of the gap from ``baseline`` to ``reference`` that ``number`` closes in replicate
    r. Raises :class:`MissingNumber` where there is no gap."""
    base = view.value(r, spec["baseline"], spec["readout"])
    gap = base - view.value(r, spec["reference"], spec["readout"])
    if gap == 0:
        raise MissingNumber(
            f"baseline and reference do not differ in replicate {r}: there is no gap to close",
            where=view.claim.id,
            fix="The behaviour-present precondition should have caught this",
        )
    return (base - number) / gap


def along(view: View, r: int, arm: str, readout: str) -> np.ndarray:
    """A readout at every dose of an arm in replicate r, from dose 0, float64 [doses].

    Raises :class:`MissingNumber` where a planned dose was not measured or has no number: a curve
    with a hole reaches no height, and would be read at dose 0.
    """
    view.require_grid(r, arm)
    rows = view.curve(r, arm)
    values = rows[readout].to_numpy(dtype=np.float64)
    for dose, value in zip(rows["dose"], values, strict=True):
        if not np.isfinite(value):
            raise MissingNumber(
                f"{readout} of arm {arm!r} at dose {dose:g}, replicate {r}, is not a number",
                where=view.claim.id,
                fix="An empty or degenerate cell makes the claim INVALID",
            )
    return values


def first_reached(heights: np.ndarray, values: np.ndarray, goal: float) -> float:
    """The value where the heights, along the doses, first reach ``goal``, linearly interpolated.

    Raises :class:`ValueError` where they never do.
    """
    reached = heights >= goal - 1e-12
    if not reached.any():
        raise ValueError(f"no height reaches {goal}: {heights}")
    first = int(np.argmax(reached))
    if first == 0:
        return float(values[0])
    low, high = heights[first - 1], heights[first]
    share = (goal - low) / (high - low)
    return float(values[first - 1] + share * (values[first] - values[first - 1]))
