"""A bet on signs: wealth by hand, when it ends, and what changes nothing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.stats.one_sample import interval, two_verdicts
from harness.stats.records import Rule, UntestableError
from harness.stats.rules import decide
from harness.stats.sequential import best_p, bets

BET = "sign-bet"


def rule(kind: str = "superiority", margin: float = 0.0, **more: float) -> Rule:
    return Rule(kind, margin, method=BET, **more)  # type: ignore[arg-type]


def test_wealth_is_multiplied_on_every_replicate() -> None:
    """Above: 1.85; below, and at the margin: .15, for both bets."""
    found = decide([1.0, 2.0, -1.0, 0.0, 3.0], rule())
    assert found.details["wealth"] == pytest.approx(
        [1.85, 1.85**2, 1.85**2 * 0.15, 1.85**2 * 0.15**2, 1.85**3 * 0.15**2]
    )
    assert found.details["wealth_against"][:4] == pytest.approx(
        [0.15, 0.15**2, 0.15**2 * 1.85, 0.15**3 * 1.85]
    )
    assert found.p_support == pytest.approx(1.85**-2)
    assert found.details["decided_at"] is None
    assert found.decision == "neither"


@pytest.mark.parametrize(
    ("values", "word", "at"),
    [
        ([1, 1, 1, 1, 1], "support", 4),
        ([1, 1, 1, 1, 1, -9, -9, -9], "support", 4),
        ([-1, -1, -1, -1, -1, 9, 9, 9], "refute", 4),
        ([0, 1, 1, 0, 1, 1, 1], "neither", None),
        ([0, 1, 1, 1, 1, 1, 1, 1, 1], "support", 8),
        ([1, 1, 1, 1], "neither", None),
        ([1, -1, 1, 1, 1, 1, 1, 1, 1, 1], "support", 8),
        ([0] * 9, "neither", None),
        ([1] * 5 + [-1] * 25, "support", 4),
        ([-1] * 5 + [1] * 25, "refute", 4),
    ],
)
def test_it_ends_where_the_wealth_reaches_one_over_alpha(
    values: list[float], word: str, at: int | None
) -> None:
    """1.85**5 = 21.7 >= 20; what comes later does not count; ties lose."""
    jitter = [v + 0.01 * i * (v != 0) for i, v in enumerate(values)]
    found = decide(jitter, rule())
    assert (found.decision, found.details["decided_at"]) == (word, at)
    if at is not None:
        assert len(found.details["wealth"]) == at + 1
        assert max(found.p_support, found.p_refute) == 1.0


def test_the_order_of_replicates_counts() -> None:
    """The same numbers: decided before the setback, or not at all."""
    values = [1, 2, 3, 4, 5, -1.0, -2.0]
    assert decide(values, rule()).decision == "support"
    assert decide(values[::-1], rule()).decision == "neither"


def test_stake_and_alpha_say_how_many_wins_it_takes() -> None:
    """Half the wealth takes eight; a stricter alpha more."""
    wins = np.arange(1.0, 20.0)
    assert decide(wins, rule(stake=0.5)).details["decided_at"] == 7
    assert decide(wins, rule(alpha=0.01)).details["decided_at"] == 7
    assert best_p(5, 0.85) == pytest.approx(1 / 21.7, rel=0.01)
    with pytest.raises(UntestableError, match="stake"):
        rule(stake=1.0)
    with pytest.raises(UntestableError, match="no method"):
        rule("equivalence", 1.0)


def test_an_alpha_that_is_met_exactly_is_met() -> None:
    """Rounding parts neither the bet from its end nor p from alpha."""
    for wins in range(2, 12):
        found = decide(np.arange(1.0, wins + 1), rule(alpha=1.85**-wins))
        assert (found.decision, found.details["decided_at"]) == ("support", wins - 1)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(-6, 6), min_size=2, max_size=30),
    st.sampled_from([-1.0, 0.0, 2.0]),
    st.floats(0.1, 10.0),
    st.floats(-5.0, 5.0),
)
def test_sign_unit_and_origin_change_nothing(
    whole: list[int], margin: float, scale: float, shift: float
) -> None:
    """Turned round, what supports refutes; in another unit and from another zero, the same."""
    values = np.array(whole, dtype=float)
    one = decide(values, rule(margin=margin))
    turned = decide(-values, rule(margin=-margin))
    below = decide(values, rule("below", margin))
    other = decide(scale * values + shift, rule(margin=scale * margin + shift))
    assert (turned.p_refute, turned.p_support) == pytest.approx((one.p_support, one.p_refute))
    assert (below.p_refute, below.p_support) == pytest.approx((one.p_support, one.p_refute))
    assert below.details["decided_at"] == one.details["decided_at"]
    # a tie may be lost to rounding in another unit; without one the signs are the same
    if margin not in whole:
        assert (other.p_support, other.p_refute) == pytest.approx((one.p_support, one.p_refute))


def test_never_both_and_p_agrees_with_the_end() -> None:
    """Exactly one of the bets can have ended; vectorised verdicts are those of each study."""
    values = np.random.default_rng(0).normal(0.3, 1.0, (300, 30))
    p_support, p_refute = two_verdicts(values, rule())
    assert not ((p_support <= 0.05) & (p_refute <= 0.05)).any()
    for row, a, b in zip(values[:40], p_support, p_refute, strict=False):
        found = decide(row, rule())
        assert (found.p_support, found.p_refute) == pytest.approx((a, b))
        assert (found.details["decided_at"] is not None) == (min(a, b) <= 0.05)


def test_the_interval_is_the_margins_that_stay_open() -> None:
    """Its ends are replicate values: beyond them one of the bets would have ended."""
    values = np.random.default_rng(4).normal(1.0, 0.5, 8)
    ends = interval(values, 0.05, BET)
    assert ends.low in values
    assert ends.high in values
    assert decide(values, rule(margin=float(ends.low) - 1e-6)).decision == "support"
    assert decide(values, rule(margin=float(ends.low) + 1e-6)).decision == "neither"
    assert decide(values, rule(margin=float(ends.high) + 1e-6)).decision == "refute"
    assert interval(values[:4], 0.05, BET).low is None
    five = interval(np.sort(values)[:5], 0.05, BET)
    assert (five.low, five.high) == (values.min(), np.sort(values)[4])


def test_a_ratio_is_bet_on_by_its_side_of_the_margin() -> None:
    """Logarithms keep the sides, so the bet on ratios is that on their logarithms."""
    ratios = np.exp(np.random.default_rng(5).normal(0.5, 0.2, 7))
    found = decide(ratios, rule("ratio-above", 1.2))
    logs = decide(np.log(ratios), rule(margin=math.log(1.2)))
    assert (found.p_support, found.details) == (logs.p_support, logs.details)
    assert found.estimate == pytest.approx(float(np.median(ratios)))


def test_wealth_is_fair_where_the_median_is_the_margin() -> None:
    """Its mean over all 2**n sign patterns is 1 after every replicate."""
    n = 8
    patterns = 1.0 - 2.0 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
    assert bets(patterns, 0.0, 0.85, 0.05).above.mean(axis=0) == pytest.approx(np.ones(n))


@pytest.mark.parametrize(
    "draw",
    [
        lambda rng, shape: 0.1 * (rng.random(shape) < 0.45),
        lambda rng, shape: rng.choice([-1.0, 0.0, 1.0], shape, p=[0.1, 0.6, 0.3]),
        lambda rng, shape: rng.binomial(20, 0.03, shape) / 20,
    ],
    ids=["zeros and a few", "mostly ties", "counts"],
)
def test_a_median_at_the_margin_is_not_above_it_however_often_replicates_tie(draw: Any) -> None:
    """Discrete replicates whose median is the margin, followed from 2 to 20: alpha is kept."""
    values = draw(np.random.default_rng(3), (4_000, 20)).astype(float)
    p_support, p_refute = two_verdicts(values, rule())
    assert (p_support <= 0.05).mean() < 0.06
    assert (p_refute <= 0.05).mean() < 0.06


def test_estimate_interval_and_verdict_agree_where_replicates_tie() -> None:
    """Seven of twelve at the margin: the median is the margin, and the interval holds it."""
    values = [0, 1, 0, 0.5, 0, 0.3, 0, 0.2, 0, 0, 0.4, 0]
    found = decide(values, rule())
    assert (found.decision, found.estimate, found.low) == ("neither", 0.0, 0.0)


def test_replicates_that_drift_leave_no_interval() -> None:
    """Five high ones and then many low ones end both bets at every margin between: there is no
    interval, and no end below the other."""
    values = np.concatenate([5 + 0.01 * np.arange(5), -5 - 0.01 * np.arange(25)])
    found = decide(values, rule())
    assert found.decision == "support"
    assert (found.low, found.high) == (None, None)
    assert "drift" in found.reason
