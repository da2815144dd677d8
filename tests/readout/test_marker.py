"""Features by their rates: the markers, and others that fire as often."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.errors import ClaimsError
from harness.readout.marker import alike_in_rate, marker, markers

RATES = pd.DataFrame({"trained": [0.1, 0.9, 0.5, 0.9, 0.2], "standard": [0.1, 0.2, 0.1, 0.2, 0.0]})


def test_markers_are_the_largest_differences_in_order() -> None:
    """Ties go to the first; the first is the marker."""
    assert markers(RATES, 3) == [1, 3, 2]
    assert markers(RATES, 1) == [marker(RATES)]
    with pytest.raises(ClaimsError, match="fewer than 6"):
        markers(RATES, 6)


def test_others_are_the_nearest_in_rate_and_never_the_same() -> None:
    """One for each feature, none twice; what never fires comes last, however near."""
    rates = np.array([0.3, 0.31, 0.32, 0.9, 0.5, 0.0, 0.01])
    assert alike_in_rate(rates, [0], 3, seed=1) == [[1], [2], [4]]
    assert alike_in_rate(rates, [6], 6, seed=1)[-1] == [5]
    groups = alike_in_rate(rates, [0, 3], 2, seed=1)
    assert groups == [[1, 4], [2, 6]]
    with pytest.raises(ClaimsError, match="need 6 others"):
        alike_in_rate(rates, [0, 3], 3, seed=1)


def test_equal_rates_are_drawn_by_the_seed() -> None:
    """The same seed draws the same ones."""
    rates = np.full(40, 0.5)
    drawn = [alike_in_rate(rates, [7], 5, seed) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert [7] not in drawn[0]
