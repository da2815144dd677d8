"""Tests of one mean over replicates against a margin: Student's t and the exact sign flip.

Everything starts from two one-sided p-values at a point: ``above`` (against mean <= point) and
``below`` (against mean >= point). Support and refutation are each one-sided at alpha, so the rule
reads off the two-sided 1 - 2 alpha interval: support where it lies on the claimed side of the
margin, refutation where it lies wholly on the other.

- t: Student's, as ``scipy.stats.ttest_1samp``, which gives the interval; assumes replicate values
  near normal.
- sign-flip: assumes values symmetric about their mean. With S over all subsets of the replicates,
  p = (1 + #{non-empty S: mean of S <= point}) / 2**n, which is the classical sign-flip p-value
  (Fisher 1935; Hartigan 1969 for the interval from subset means). Enumerated up to 2**n =
  ``attainable.ENUMERATE_UP_TO``; beyond, ``DRAWS`` seeded subsets with the +1 correction (Phipson &
  Smyth 2010), so p is never 0.
- equivalence: two one-sided tests (Schuirmann 1987). Its refutation is the minimum-effect test:
  the mean lies beyond one margin. Its size is alpha plus the chance of crossing the far margin,
  negligible unless the margin is small beside the standard error (then at most 2 alpha).
- sign-bet: a predeclared bet on signs over the replicates in order (``harness.stats.sequential``),
  about their median, which the estimate then is.

Without any spread t has no precision; the exact sign test does: n values all on one side of the
point have p = 2**-n whatever their common value, for any distribution whose median lies on the
other side. That p is used, with no interval and a reason. Whether the quantity was allowed to be
constant at all is for the caller.

Not covered: unequal precision of replicates, dependence between replicates, sequential looks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from scipy import stats

from harness.stats.attainable import DRAWS, enumerable, smallest_p
from harness.stats.effect import hedges_g
from harness.stats.records import BET, STAKE, Rule, TestResult, checked, decision, reported
from harness.stats.sequential import bets, bounds, p_values
from harness.stats.ties import TIE, apart, is_constant

CONSTANT = (
    "the replicates do not differ at all: no interval, p from the exact sign test, which speaks of "
    "their median and not of a mean that rare replicates could move"
)


FLAT = "the replicates do not differ at all: no interval"
NOT_ENDED = "too few replicates for an end on both sides, or replicates that drift across it"


@dataclass(frozen=True)
class Sides:
    """One-sided p-values, arrays of one shape: against mean <= point, against mean >= point."""

    above: np.ndarray
    below: np.ndarray


@lru_cache(maxsize=32)
def subsets(n: int, seed: int = 0) -> np.ndarray:
    """Which replicates are flipped: bool [F, n], row 0 flips none.

    All 2**n rows up to ``attainable.ENUMERATE_UP_TO``, else 1 + ``DRAWS`` rows drawn with ``seed``.
    Read-only.
    """
    if enumerable(n):
        rows = (np.arange(2**n)[:, None] >> np.arange(n)) & 1 == 1
    else:
        drawn = np.random.default_rng(seed).random((DRAWS, n)) < 0.5
        rows = np.concatenate([np.zeros((1, n), dtype=bool), drawn])
    rows.flags.writeable = False
    return rows


def sides(values: np.ndarray, point: float, method: str, seed: int = 0) -> Sides:
    """One-sided p-values of values [..., n] at ``point``, arrays [...]."""
    return _t_sides(values, point) if method == "t" else _flip_sides(values, point, seed)


def _t_sides(values: np.ndarray, point: float) -> Sides:
    n = values.shape[-1]
    constant = is_constant(values)
    gap = values.mean(axis=-1) - point
    with np.errstate(divide="ignore", invalid="ignore"):
        t = gap / (values.std(axis=-1, ddof=1) / math.sqrt(n))
    above, below = stats.t.sf(t, n - 1), stats.t.cdf(t, n - 1)
    if constant.any():
        tie = TIE * np.maximum(np.abs(values).max(axis=-1), abs(point))
        above = np.where(constant, np.where(gap > tie, 0.5**n, 1.0), above)
        below = np.where(constant, np.where(gap < -tie, 0.5**n, 1.0), below)
    return Sides(above, below)


def _flip_sides(values: np.ndarray, point: float, seed: int) -> Sides:
    n = values.shape[-1]
    rows = subsets(n, seed).astype(np.float64)
    flat = apart(values, point).reshape(-1, n)
    ties = TIE * np.abs(values).reshape(-1, n).sum(axis=1, keepdims=True) + TIE * n * abs(point)
    above, below = np.empty(len(flat)), np.empty(len(flat))
    step = max(1, 4_000_000 // len(rows))
    for start in range(0, len(flat), step):
        part = flat[start : start + step]
        sums = part @ rows.T  # [part, F]
        tie = ties[start : start + step]
        above[start : start + step] = (sums <= tie).mean(axis=1)
        below[start : start + step] = (sums >= -tie).mean(axis=1)
    shape = values.shape[:-1]
    return Sides(above.reshape(shape), below.reshape(shape))


def two_verdicts(values: np.ndarray, rule: Rule) -> tuple[np.ndarray, np.ndarray]:
    """(p_support, p_refute), arrays [...], of values [..., n] on the scale of the test."""
    if rule.method == BET:
        found = bets(values, rule.margin, rule.stake, rule.alpha)
        above, below = p_values(found, rule.alpha)
        return (below, above) if rule.kind == "below" else (above, below)
    if rule.kind == "equivalence":
        lower = sides(values, -rule.margin, rule.method, rule.seed)
        upper = sides(values, rule.margin, rule.method, rule.seed)
        return np.maximum(lower.above, upper.below), np.minimum(lower.below, upper.above)
    at = sides(values, rule.margin, rule.method, rule.seed)
    return (at.below, at.above) if rule.kind == "below" else (at.above, at.below)


@dataclass(frozen=True)
class Interval:
    """A two-sided interval and the coverage it has."""

    low: float | None
    high: float | None
    level: float


def interval(
    values: np.ndarray, alpha: float, method: str, seed: int = 0, stake: float = STAKE
) -> Interval:
    """The two-sided interval that goes with one-sided tests at ``alpha``; values [n]."""
    if is_constant(values):
        return Interval(None, None, 1 - 2 * alpha)
    if method == BET:
        return Interval(*bounds(values, stake, alpha), 1 - 2 * alpha)
    if method == "t":
        result = stats.ttest_1samp(values, 0.0).confidence_interval(1 - 2 * alpha)
        return Interval(float(result.low), float(result.high), 1 - 2 * alpha)
    rows = subsets(len(values), seed)[1:]
    counts = rows.sum(axis=1)
    rows, counts = rows[counts > 0], counts[counts > 0]
    means = np.sort(rows @ values / counts)
    flips = len(subsets(len(values), seed))
    always = flips - len(means)  # flips of nothing, tied with the data wherever the point is
    k = max(1, math.floor(alpha * flips + 1e-9) - always + 1)
    return Interval(float(means[k - 1]), float(means[-k]), 1 - 2 * (k + always - 1) / flips)


def judge_mean(
    values: Sequence[float] | np.ndarray,
    rule: Rule,
    where: str = "",
    scale: Literal["identity", "log"] = "identity",
) -> TestResult:
    """Test one number per replicate against a rule of kind superiority, below or equivalence.

    ``where`` goes into the error. Raises :class:`UntestableError` for NaN, infinite, lone values.
    """
    data = checked(values, where)
    p_support, p_refute = (reported(float(p)) for p in two_verdicts(data, rule))
    constant = bool(is_constant(data))
    ends = interval(data, rule.alpha, rule.method, rule.seed, rule.stake)
    bet = rule.method == BET
    g = None if constant or bet else hedges_g(data, level=1 - 2 * rule.alpha)
    return TestResult(
        kind=rule.kind,
        method=rule.method,
        margin=rule.margin,
        alpha=rule.alpha,
        estimate=float(np.median(data) if bet else data.mean()),
        low=ends.low,
        high=ends.high,
        level=ends.level,
        n=len(data),
        df=float(len(data) - 1) if rule.method == "t" and not constant else None,
        p_support=p_support,
        p_refute=p_refute,
        smallest_p=0.5 ** len(data) if constant and not bet else _floor(rule, len(data)),
        decision=decision(p_support, p_refute, rule.alpha),
        values=tuple(float(v) for v in data),
        scale=scale,
        hedges_g=g.g if g else None,
        g_low=g.low if g else None,
        g_high=g.high if g else None,
        constant=constant,
        reason=_reason(constant, bet, ends),
        details=_path(data, rule) if bet else {},
    )


def _floor(rule: Rule, n: int) -> float:
    return smallest_p(rule.kind, rule.method, n, stake=rule.stake, alpha=rule.alpha)


def _reason(constant: bool, bet: bool, ends: Interval) -> str:
    """Why there is no interval; empty where there is one."""
    if constant:
        return FLAT if bet else CONSTANT
    return NOT_ENDED if ends.low is None or ends.high is None else ""


def _path(data: np.ndarray, rule: Rule) -> dict[str, Any]:
    """Which value decided (from 0) and the wealth of both bets until then."""
    found = bets(data, rule.margin, rule.stake, rule.alpha)
    stop = int(found.stop)
    ours, theirs = (found.above, found.below)[:: -1 if rule.kind == "below" else 1]
    until = len(data) if stop < 0 else stop + 1
    return {
        "decided_at": None if stop < 0 else stop,
        "wealth": ours[:until].tolist(),
        "wealth_against": theirs[:until].tolist(),
    }
