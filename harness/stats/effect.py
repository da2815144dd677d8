"""Hedges' g: a mean in units of its standard deviation between replicates, with its interval.

The exact correction J(df) = Gamma(df/2) / (sqrt(df/2) Gamma((df-1)/2)) is used (Hedges 1981): .798
at df 4, .903 at df 8. The interval inverts the noncentral t distribution (Steiger & Fouladi 1997);
it is the interval of the population value and is not multiplied by J.

g is secondary everywhere: raw units come first. A z against sampling variation ("46 SD") is not an
effect size and is not computed here. Not covered: unequal variances, correlated groups other than
pairs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special, stats

from harness.stats.records import UntestableError, checked


@dataclass(frozen=True)
class Effect:
    """``g`` and, where it can be computed, the interval of coverage ``level``."""

    g: float
    low: float | None
    high: float | None
    level: float
    df: float


def correction(df: float) -> float:
    """The exact small-sample factor J for ``df`` > 1 degrees of freedom (df = 1: 0)."""
    if df <= 1:
        return 0.0
    log_j = special.gammaln(df / 2) - special.gammaln((df - 1) / 2) - 0.5 * math.log(df / 2)
    return float(math.exp(log_j))


def hedges_g(
    values: Sequence[float] | np.ndarray, *, null: float = 0.0, level: float = 0.90
) -> Effect:
    """g of one number per replicate (or of paired differences) from ``null``; values [n].

    Raises :class:`UntestableError` where the values have no spread.
    """
    data = checked(values)
    return _effect(data.mean() - null, data.std(ddof=1), 1 / len(data), len(data) - 1, level)


def hedges_g_pooled(
    first: Sequence[float] | np.ndarray, second: Sequence[float] | np.ndarray, *, level: float = 0.9
) -> Effect:
    """g of first minus second, independent groups [n1] and [n2] with a pooled variance."""
    a, b = checked(first, "first group"), checked(second, "second group")
    df = len(a) + len(b) - 2
    pooled = math.sqrt((a.var(ddof=1) * (len(a) - 1) + b.var(ddof=1) * (len(b) - 1)) / df)
    return _effect(a.mean() - b.mean(), pooled, 1 / len(a) + 1 / len(b), df, level)


def _effect(difference: float, sd: float, variance_factor: float, df: int, level: float) -> Effect:
    if sd <= 0:
        raise UntestableError("values without spread have no standardised effect")
    d = float(difference / sd)
    unit = math.sqrt(variance_factor)
    low, high = (_noncentrality(d / unit, df, q) for q in ((1 + level) / 2, (1 - level) / 2))
    return Effect(
        g=correction(df) * d,
        low=None if low is None else low * unit,
        high=None if high is None else high * unit,
        level=level,
        df=float(df),
    )


def _noncentrality(t: float, df: int, q: float) -> float | None:
    """The noncentrality under which P(T <= t) = q; None where it cannot be computed."""
    if t < 0:  # the library is exact on this side only: P(T <= t; nc) = 1 - P(T <= -t; -nc)
        mirrored = _noncentrality(-t, df, 1 - q)
        return None if mirrored is None else -mirrored

    def gap(nc: float) -> float:
        p = float(stats.nct.cdf(t, df, nc))
        return (p if math.isfinite(p) else float(nc < t)) - q  # NaN only far out, where p is 0 or 1

    reach = 4.0 * math.sqrt(1 + t * t / (2 * df))
    for _ in range(8):
        if gap(t - reach) > 0 > gap(t + reach):
            return float(optimize.brentq(gap, t - reach, t + reach, xtol=1e-8))
        reach *= 2
    return None
