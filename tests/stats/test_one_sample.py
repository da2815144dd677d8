"""One mean against a margin: agreement with scipy and statsmodels, intervals, unknown precision."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.weightstats import DescrStatsW

from harness.stats.one_sample import interval, sides, subsets
from harness.stats.records import Rule
from harness.stats.rules import decide

VALUES = np.random.default_rng(5).normal(0.4, 0.3, 8)


@pytest.mark.parametrize("point", [-0.2, 0.0, 0.35, 0.9])
def test_t_agrees_with_scipy(point: float) -> None:
    """Both one-sided p-values are those of ttest_1samp."""
    ours = sides(VALUES, point, "t")
    assert ours.above == pytest.approx(
        stats.ttest_1samp(VALUES, point, alternative="greater").pvalue
    )
    assert ours.below == pytest.approx(stats.ttest_1samp(VALUES, point, alternative="less").pvalue)


@pytest.mark.parametrize("n", [3, 5, 8])
@pytest.mark.parametrize("point", [0.0, 0.35, 0.9])
def test_sign_flip_agrees_with_scipy(n: int, point: float) -> None:
    """The enumerated sign-flip p-values are those of permutation_test(samples)."""
    data = (VALUES[:n] - point,)
    ours = sides(VALUES[:n], point, "sign-flip")
    for side, alternative in ((ours.above, "greater"), (ours.below, "less")):
        theirs = stats.permutation_test(
            data, np.mean, permutation_type="samples", alternative=alternative, n_resamples=np.inf
        )
        assert side == pytest.approx(theirs.pvalue)


def test_sign_flip_counts_ties() -> None:
    """Tied sums count against the claim: 1, 1, -1 has p = 1/2 and not less."""
    assert sides(np.array([1.0, 1.0, -1.0]), 0.0, "sign-flip").above == pytest.approx(4 / 8)
    assert sides(np.zeros(4), 0.0, "sign-flip").above == 1.0


def test_equivalence_agrees_with_statsmodels() -> None:
    """The equivalence p is that of DescrStatsW.ttost_mean."""
    result = decide(VALUES, Rule("equivalence", 0.8))
    assert result.p_support == pytest.approx(DescrStatsW(VALUES).ttost_mean(-0.8, 0.8)[0])


@pytest.mark.parametrize("method", ["t", "sign-flip"])
@pytest.mark.parametrize("kind", ["superiority", "below", "equivalence"])
def test_the_interval_tells_the_same_story_as_the_decision(kind: str, method: str) -> None:
    """Support iff the interval is on the claimed side of the margin, refutation iff outside it."""
    rng = np.random.default_rng(1)
    seen = set()
    for _ in range(60):
        values = rng.normal(rng.uniform(-1, 1), 0.4, 8)
        r = decide(values, Rule(kind, 0.4, method=method))
        assert r.low is not None
        assert r.high is not None
        inside = {
            "superiority": r.low > 0.4,
            "below": r.high < 0.4,
            "equivalence": r.low > -0.4 and r.high < 0.4,
        }[kind]
        outside = {
            "superiority": r.high < 0.4,
            "below": r.low > 0.4,
            "equivalence": r.high < -0.4 or r.low > 0.4,
        }[kind]
        assert r.decision == ("support" if inside else "refute" if outside else "neither")
        seen.add(r.decision)
    assert seen == {"support", "refute", "neither"}


def test_the_sign_flip_interval_states_the_level_it_has() -> None:
    """The level is attainable: 1 - 24/256 at n = 8; at n = 4 the widest interval has 1 - 2/16."""
    assert interval(VALUES, 0.05, "sign-flip").level == pytest.approx(1 - 24 / 256)
    four = interval(VALUES[:4], 0.05, "sign-flip")
    assert four.level == pytest.approx(1 - 2 / 16)
    assert (four.low, four.high) == (VALUES[:4].min(), VALUES[:4].max())


@pytest.mark.parametrize("method", ["t", "sign-flip"])
def test_shifting_values_and_margin_together_changes_nothing(method: str) -> None:
    """The margin shifts the test: (values + c, margin + c) has the p-values of (values, margin)."""
    a = decide(VALUES, Rule("superiority", 0.3, method=method))
    b = decide(VALUES + 7.0, Rule("superiority", 7.3, method=method))
    assert (a.p_support, a.p_refute) == pytest.approx((b.p_support, b.p_refute))


@pytest.mark.parametrize("method", ["t", "sign-flip"])
def test_values_without_spread_are_not_perfect_evidence(method: str) -> None:
    """Five equal values have no interval and the p of a sign test; four decide nothing."""
    five = decide([0.0] * 5, Rule("below", 0.5, method=method))
    assert (five.low, five.high, five.hedges_g) == (None, None, None)
    assert five.p_support == pytest.approx(1 / 32)
    assert five.constant
    assert "do not differ" in five.reason
    above = decide([0.7] * 5, Rule("superiority", 0.5, method=method))
    assert above.p_support == pytest.approx(1 / 32)
    assert decide([0.0] * 4, Rule("below", 0.5, method=method)).decision == "neither"
    assert decide([0.1 + 0.2] * 8, Rule("below", 0.3, method=method)).decision == "neither"


def test_many_replicates_draw_flips_with_the_correction() -> None:
    """Beyond 2**12 flips are drawn with a seed: repeatable, never 0, near the t answer."""
    values = np.random.default_rng(2).normal(0.15, 0.4, 20)
    rule = Rule("superiority", 0.0, method="sign-flip", seed=3)
    first, again = decide(values, rule), decide(values, rule)
    assert first == again
    assert first.p_support == pytest.approx(decide(values, Rule("superiority", 0.0)).p_support, 0.2)
    sure = decide(values + 10, rule)
    assert sure.p_support == pytest.approx(1 / 10_000)
    assert sure.smallest_p == pytest.approx(1 / 10_000)
    assert len(subsets(20)) == 10_000
    t = interval(values, 0.05, "t")
    ours = interval(values, 0.05, "sign-flip", 3)
    assert (ours.low, ours.high) == pytest.approx((t.low, t.high), abs=0.03)


def test_below_mirrors_superiority() -> None:
    """Below a margin is superiority with every sign turned."""
    a = decide(VALUES, Rule("below", 0.5))
    b = decide(-VALUES, Rule("superiority", -0.5))
    assert (a.p_support, a.p_refute) == pytest.approx((b.p_support, b.p_refute))
    assert a.decision == b.decision
