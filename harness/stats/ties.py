"""When two numbers count as equal: differences by rounding alone are none.

Not covered: what a tie does to a test (each test says so).
"""

from __future__ import annotations

import numpy as np

TIE = 1e-12
"""Relative tolerance: sums this close count as tied, which can only enlarge a p-value."""


def is_constant(values: np.ndarray) -> np.ndarray:
    """Bool [...]: no spread along the last axis beyond rounding."""
    spread = np.ptp(values, axis=-1)
    return np.asarray(spread <= TIE * np.abs(values).max(axis=-1))


def apart(values: np.ndarray, other: np.ndarray | float) -> np.ndarray:
    """Values minus ``other``, with 0 where the two differ by rounding only."""
    gap = values - other
    return np.where(np.abs(gap) <= TIE * (np.abs(values) + np.abs(other)), 0.0, gap)
