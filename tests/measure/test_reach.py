"""Where a curve first reaches a target: against curves whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from harness.measure.reach import WITHIN, reach

GRID = (0.25, 0.5, 1.0, 2.0, 4.0)


def powers(which: NDArray[np.int64], dose: NDArray[np.float64]) -> NDArray[np.float64]:
    """Curve 0 is the dose squared, curve 1 ten times that."""
    return np.where(which == 0, 1.0, 10.0) * dose**2


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(1e-3, 15.9), min_size=1, max_size=4, unique=True).map(sorted))
def test_a_rising_curve_is_reached_at_its_inverse(targets: list[float]) -> None:
    """From above, within one per cent of the target; a larger target needs a larger dose."""
    for curve, scale in enumerate((1.0, 10.0)):
        found = reach(powers, 2, targets, GRID)[curve]
        for one in found:
            assert one.dose is not None
            assert one.value is not None
            assert one.target <= one.value <= one.target * (1 + WITHIN) + 1e-12
            assert one.value == pytest.approx(scale * one.dose**2, rel=1e-9)
        doses = [one.dose for one in found if one.dose is not None]
        assert doses == sorted(doses)


def test_what_is_out_of_reach_is_said_to_be() -> None:
    """No dose, no value, and the largest value that there was."""
    (one, two), _ = reach(powers, 2, (1.0, 17.0), GRID)
    assert one.dose == pytest.approx(1.0, rel=WITHIN)
    assert (two.dose, two.value, two.top) == (None, None, 16.0)


def test_a_curve_that_falls_again_is_read_where_it_first_gets_there() -> None:
    """Bracketed before its peak, though a later step of the grid is above the target as well."""

    def hump(which: NDArray[np.int64], dose: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(dose <= 1, dose, np.where(dose <= 2, 2 - dose, dose))

    ((one,),) = reach(hump, 1, (0.75,), GRID)
    assert one.dose == pytest.approx(0.75, rel=2 * WITHIN)


def test_zero_is_dose_zero_and_no_number_reaches_nothing() -> None:
    """The baseline is never looked up, and NaN is below every target."""
    ((one, two),) = reach(lambda w, d: np.full(len(d), np.nan), 1, (0.0, 0.1), GRID)
    assert (one.dose, one.value) == (0.0, 0.0)
    assert (two.dose, two.top) == (None, None)
