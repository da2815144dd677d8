"""Hedges' g: the exact correction and the noncentral-t interval."""

from __future__ import annotations

import numpy as np
import pytest

from harness.stats.effect import correction, hedges_g, hedges_g_pooled
from harness.stats.records import UntestableError


def test_the_correction_is_exact() -> None:
    """J is .798 at 4 degrees of freedom, .903 at 8 and nearly 1 at 1000."""
    assert correction(4) == pytest.approx(0.798, abs=5e-4)
    assert correction(8) == pytest.approx(0.903, abs=5e-4)
    assert correction(1000) == pytest.approx(1 - 3 / 3999, abs=1e-6)
    assert correction(2) == pytest.approx(np.sqrt(1 / np.pi))


def test_g_is_the_corrected_standardised_mean() -> None:
    """With mean 2 and sd 1 over five replicates, g is 2 J(4)."""
    values = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
    values = 2 + values / values.std(ddof=1)
    assert hedges_g(values).g == pytest.approx(2 * correction(4))
    assert hedges_g(values, null=2.0).g == pytest.approx(0, abs=1e-12)


def test_g_turns_with_the_sign() -> None:
    """Negated values give the negated g and the negated, swapped interval, also far from 0."""
    for shift in (0.1, 3.0, 40.0):
        values = np.random.default_rng(0).normal(shift, 1.0, 8)
        a, b = hedges_g(values), hedges_g(-values)
        assert a.low is not None
        assert a.high is not None
        assert a.low < a.g < a.high
        assert (b.g, b.low, b.high) == pytest.approx((-a.g, -a.high, -a.low))


def test_the_interval_covers_the_population_effect() -> None:
    """At nominal .90 the noncentral-t interval covers a true effect of 1 in about 90 % of draws."""
    rng = np.random.default_rng(4)
    covered = 0
    for values in rng.normal(1.0, 1.0, (400, 6)):
        e = hedges_g(values, level=0.9)
        assert e.low is not None
        assert e.high is not None
        covered += e.low <= 1.0 <= e.high
    assert 0.85 <= covered / 400 <= 0.95


def test_pooled_groups() -> None:
    """Two groups use the pooled sd and n1 + n2 - 2 degrees of freedom."""
    a, b = np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    result = hedges_g_pooled(a, b)
    assert result.df == 8
    assert result.g == pytest.approx(correction(8) / np.sqrt(2.5))


def test_no_spread_has_no_effect_size() -> None:
    """Equal values are refused: their standardised effect would be infinite."""
    with pytest.raises(UntestableError):
        hedges_g([1.0, 1.0, 1.0])
