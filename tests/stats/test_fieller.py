"""Fieller's ratio of means: its set by the definition, degenerate data, what changes nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from harness.stats.fieller import ALIKE, NEGATIVE, UNBOUNDED, confidence_set, two_verdicts
from harness.stats.one_sample import CONSTANT
from harness.stats.records import Rule, UntestableError
from harness.stats.rules import decide, decide_means

RNG = np.random.default_rng(12)
TWO = RNG.normal(1.0, 0.15, 8)
ONE = 1.6 * TWO + RNG.normal(0, 0.15, 8)


def rule(margin: float = 1.2, alpha: float = 0.05) -> Rule:
    return Rule("mean-ratio-above", margin, alpha, "fieller")


def p_above(one: np.ndarray, two: np.ndarray, margin: float) -> float:
    return float(stats.ttest_1samp(one - margin * two, 0.0, alternative="greater").pvalue)


def test_the_test_is_a_t_test_of_the_difference_at_the_margin() -> None:
    """Numerator minus margin times denominator against 0, as scipy has it."""
    found = decide_means(ONE, TWO, rule())
    assert found.p_support == pytest.approx(p_above(ONE, TWO, 1.2))
    assert found.p_refute == pytest.approx(1 - p_above(ONE, TWO, 1.2))
    assert found.estimate == pytest.approx(ONE.mean() / TWO.mean())
    assert found.decision == "support"
    assert found.values == pytest.approx(tuple(ONE / TWO))


def test_the_ends_of_the_set_are_where_the_test_has_exactly_alpha() -> None:
    """Fieller's set is the margins that neither one-sided test rejects."""
    ends = confidence_set(np.stack([ONE, TWO]), 0.05)
    assert ends is not None
    assert p_above(ONE, TWO, ends[0]) == pytest.approx(0.05)
    assert 1 - p_above(ONE, TWO, ends[1]) == pytest.approx(0.05)
    for margin, word in ((ends[0] - 0.01, "support"), (ends[1] + 0.01, "refute"),
                         (sum(ends) / 2, "neither")):  # fmt: skip
        assert decide_means(ONE, TWO, rule(margin)).decision == word


def test_a_known_example_by_the_formula() -> None:
    """Fieller's bounds for uncorrelated means, written out: 4 over 2 with variances .01 and .04."""
    n = 4
    one = np.array([-1, -1, 1, 1]) * math.sqrt(0.03) + 4.0
    two = np.array([-1, 1, -1, 1]) * math.sqrt(0.12) + 2.0
    t = stats.t.ppf(0.95, n - 1)
    v1, v2 = one.var(ddof=1) / n, two.var(ddof=1) / n
    g = t**2 * v2 / 4.0
    ratio = 2.0
    half = t / 2.0 * math.sqrt((1 - g) * v1 + ratio**2 * v2)
    ends = confidence_set(np.stack([one, two]), 0.05)
    assert ends == pytest.approx(((ratio - half) / (1 - g), (ratio + half) / (1 - g)))


def test_an_unbounded_set_decides_nothing() -> None:
    """A denominator that may be 0: whatever the numerator, INCONCLUSIVE with a reason."""
    weak = np.array([0.5, -0.4, 0.6, -0.5, 0.3, 0.1, -0.2, 0.2])
    found = decide_means(ONE + 5, weak, rule(0.5))
    assert found.decision == "neither"
    assert (found.low, found.high, found.reason) == (None, None, UNBOUNDED)
    assert min(found.p_support, found.p_refute) > 0.05


@pytest.mark.parametrize("denominator", [np.zeros(8), -TWO, TWO - TWO.mean()])
def test_a_denominator_that_is_no_amount_decides_nothing(denominator: np.ndarray) -> None:
    """Zeros, negative amounts, a mean of 0."""
    for margin in (0.1, 1.0, 10.0):
        found = decide_means(ONE, denominator, rule(margin))
        assert found.decision == "neither"
        assert found.reason == (NEGATIVE if denominator.mean() < -0.1 else UNBOUNDED)
        assert found.low is None
    assert found.as_json()["values"] is not None


def test_zeros_are_numbers_where_a_logarithm_has_none() -> None:
    """A behaviour that is gone in some replicates: the log ratio refuses, the ratio of means
    decides."""
    gone = np.array([0.0, 0.02, 0.0, 0.01, 0.03, 0.0, 0.01, 0.0])
    with pytest.raises(UntestableError, match="no logarithm"):
        decide(gone / TWO, Rule("ratio-above", 0.5))
    assert decide_means(gone, TWO, rule(0.5)).decision == "refute"
    with_zero = TWO * np.array([0, 1, 1, 1, 1, 1, 1, 1])
    found = decide_means(3 * TWO, with_zero, rule(1.5))
    assert math.isnan(found.values[0])
    assert found.as_json()["values"][0] is None
    assert found.decision == "support"


def test_a_numerator_that_is_a_multiple_has_no_precision() -> None:
    """Nothing varies about the ratio: no interval of width 0; at the ratio itself no verdict."""
    found = decide_means(2 * TWO, TWO, rule(2.0))
    assert (found.low, found.high, found.constant) == (None, None, True)
    assert found.reason == ALIKE  # the amounts do differ, and p is that of the t tests
    assert decide_means(0 * TWO, TWO, rule(2.0)).reason == ALIKE
    assert decide_means([0.3] * 8, [0.1] * 8, rule(2.0)).reason == CONSTANT
    assert found.decision == "neither"
    assert decide_means([0.3] * 8, [0.1] * 8, rule(3.0)).decision == "neither"
    assert decide_means([0.3] * 8, [0.1] * 8, rule(2.0)).p_support == pytest.approx(1 / 256)


def test_order_and_unit_change_nothing_and_the_inverse_agrees() -> None:
    """Replicates reversed, both amounts in another unit; the denominator over the numerator
    against the inverse margin refutes what the ratio supports."""
    base = decide_means(ONE, TWO, rule())
    for other in (
        decide_means(ONE[::-1], TWO[::-1], rule()),
        decide_means(100 * ONE, 100 * TWO, rule()),
        decide_means(100 * ONE, TWO, rule(120.0)),
    ):
        assert (other.p_support, other.p_refute) == pytest.approx((base.p_support, base.p_refute))
    back = decide_means(TWO, ONE, rule(1 / 1.2))
    assert (back.p_refute, back.p_support) == pytest.approx((base.p_support, base.p_refute))


def test_simulations_judge_as_the_entry_does() -> None:
    """The vectorised verdicts behind power equal decide_means, study by study."""
    values = np.random.default_rng(3).normal(1.0, 0.5, (20, 2, 6))
    p_support, p_refute = two_verdicts(values, rule())
    for i, (one, two) in enumerate(values):
        found = decide_means(one, two, rule())
        assert (found.p_support, found.p_refute) == pytest.approx((p_support[i], p_refute[i]))


def test_what_is_no_pair_is_refused() -> None:
    """Unequal lengths, NaN with its side and replicate, a rule about one number."""
    with pytest.raises(UntestableError, match="3 numerators and 2 denominators"):
        decide_means([1, 2, 3], [1, 2], rule())
    with pytest.raises(UntestableError, match="c: denominator: replicate 1"):
        decide_means([1, 2, 3], [1, math.nan, 3], rule(), "c")
    with pytest.raises(UntestableError, match="Use decide_means"):
        decide(ONE, rule())
    with pytest.raises(UntestableError, match="about one number"):
        decide_means(ONE, TWO, Rule("superiority", 1.0))
