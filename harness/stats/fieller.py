"""A ratio of two means over replicates, where zeros may occur: Fieller's test and confidence set.

Two numbers per replicate, paired; the ratio asked about is that of their means, not the mean (or
geometric mean) of the ratios. It lies above the margin m where the mean of

    numerator - m * denominator

lies above 0, given that the denominator's mean does: a t test of that difference over replicates
(Fieller 1954). The confidence set of all m that it does not reject is an interval only where the
denominator is itself shown to lie above 0 at the same alpha; otherwise it is unbounded and
excludes nothing that matters. So both verdicts ask for both tests (intersection-union; Berger
1982), and an unbounded set, a denominator of zeros or a negative one decide nothing.

Method ``fieller`` assumes that numerator minus m times denominator is near normal over replicates.

Not covered: ratios of negative amounts, sign flips, more than one denominator.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from harness.stats.attainable import smallest_p
from harness.stats.one_sample import CONSTANT, sides
from harness.stats.records import (
    Rule,
    TestResult,
    UntestableError,
    checked,
    decision,
    reported,
)
from harness.stats.ties import apart, is_constant

UNBOUNDED = "the denominator is not shown to lie above 0: the confidence set is unbounded"
NEGATIVE = "the denominator lies below 0: a ratio to it says nothing here"
ALIKE = "every replicate has the same ratio: no interval"


def two_verdicts(values: np.ndarray, rule: Rule) -> tuple[np.ndarray, np.ndarray]:
    """(p_support, p_refute), arrays [...], of values [..., 2, n]: numerator, then denominator."""
    numerator, denominator = values[..., 0, :], values[..., 1, :]
    shown = sides(denominator, 0.0, "t").above
    at = sides(apart(numerator, rule.margin * denominator), 0.0, "t")
    return np.maximum(at.above, shown), np.maximum(at.below, shown)


def confidence_set(values: np.ndarray, alpha: float) -> tuple[float, float] | None:
    """Fieller's set at 1 - 2 alpha of values [2, n]; None where it is unbounded.

    The margins m with (a - m b)^2 <= t^2 (vaa - 2 m vab + m^2 vbb), where a and b are the means, v
    the (co)variances of the means and t is Student's.
    """
    n = values.shape[-1]
    (a, b), v = values.mean(axis=-1), np.cov(values) / n
    t2 = float(stats.t.ppf(1 - alpha, n - 1)) ** 2
    square, half, rest = b * b - t2 * v[1, 1], a * b - t2 * v[0, 1], a * a - t2 * v[0, 0]
    if b <= 0 or square <= 0:
        return None
    root = math.sqrt(max(0.0, half * half - square * rest))
    return float((half - root) / square), float((half + root) / square)


def judge_means(
    numerator: Sequence[float] | np.ndarray,
    denominator: Sequence[float] | np.ndarray,
    rule: Rule,
    where: str = "",
) -> TestResult:
    """Test a ratio of means against a rule of kind mean-ratio-above; both [n], paired.

    ``values`` of the result are the replicates' own ratios, NaN where one divides by 0; they are
    not what is tested. Raises :class:`UntestableError` for NaN, infinite, lone or unpaired values.
    """
    one = checked(numerator, f"{where}: numerator" if where else "numerator")
    two = checked(denominator, f"{where}: denominator" if where else "denominator")
    if len(one) != len(two):
        raise UntestableError(
            f"{len(one)} numerators and {len(two)} denominators",
            where=where,
            fix="Measure both in every replicate",
        )
    pair = np.stack([one, two])
    p_support, p_refute = (reported(float(p)) for p in two_verdicts(pair, rule))
    mean = float(two.mean())
    estimate = float(one.mean()) / mean if mean else math.nan
    found = None if mean <= 0 else confidence_set(pair, rule.alpha)
    reason = "" if found else NEGATIVE if mean < 0 else UNBOUNDED
    flat = bool(mean) and bool(is_constant(two) and is_constant(one))
    alike = flat or not apart(one, estimate * two).any()
    if found and alike:
        found, reason = None, CONSTANT if flat else ALIKE
    low, high = found or (None, None)
    return TestResult(
        kind=rule.kind,
        method=rule.method,
        margin=rule.margin,
        alpha=rule.alpha,
        estimate=estimate,
        low=low,
        high=high,
        level=1 - 2 * rule.alpha,
        n=len(one),
        df=float(len(one) - 1),
        p_support=p_support,
        p_refute=p_refute,
        smallest_p=smallest_p(rule.kind, rule.method, len(one)),
        decision=decision(p_support, p_refute, rule.alpha),
        values=tuple(float(a / b) if b else math.nan for a, b in zip(one, two, strict=True)),
        constant=reason in (CONSTANT, ALIKE),
        reason=reason,
        details={"numerator": one.tolist(), "denominator": two.tolist()},
    )
