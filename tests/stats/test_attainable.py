"""The smallest p-value each test can give."""

from __future__ import annotations

import numpy as np
import pytest

from harness.stats.attainable import WITHOUT_FLOOR, replicates_needed, smallest_p
from harness.stats.records import BET, FAMILY_KINDS, KINDS, Rule, UntestableError, methods_of
from harness.stats.rules import decide, decide_family


@pytest.mark.parametrize("n", [3, 5, 8])
def test_no_data_undercut_the_floor_and_the_best_data_reach_it(n: int) -> None:
    """For sign flips the stated floor is reached by the clearest data, on both sides."""
    strong = 10 + np.random.default_rng(0).normal(0, 0.1, (9, n))
    for kind in KINDS:
        for method in methods_of(kind):
            if method in WITHOUT_FLOOR or method == BET:
                continue
            rule = Rule(kind, 1.0, method=method)
            if kind in FAMILY_KINDS:
                far = {str(i): v for i, v in enumerate(strong)}
                low = {str(i): v - 20 for i, v in enumerate(strong)}
                floor = smallest_p(kind, method, n, 9)
                results = [decide_family(far, rule), decide_family(low, rule)]
                ps = [min(r.p_support, r.p_refute) for r in results]
                assert max(ps) == pytest.approx(floor)
                assert {r.smallest_p for r in results} == {floor}
            else:
                floor = smallest_p(kind, method, n)
                result = decide(strong[0], rule)
                assert min(result.p_support, result.p_refute) == pytest.approx(floor)
                assert floor == pytest.approx(0.5**n)


@pytest.mark.parametrize("stake", [0.5, 0.85])
@pytest.mark.parametrize("n", [3, 5, 8, 20])
def test_the_floor_of_a_bet_is_that_of_a_winner(n: int, stake: float) -> None:
    """All replicates on one side: the wealth when the bet ends, or after all of them."""
    values = 10 + np.random.default_rng(0).normal(0, 0.1, n)
    for kind in ("superiority", "below", "ratio-above"):
        rule = Rule(kind, 1.0, method=BET, stake=stake)
        result = decide(values, rule)
        floor = smallest_p(kind, BET, n, stake=stake, alpha=rule.alpha)
        assert min(result.p_support, result.p_refute) == pytest.approx(floor)
        assert result.smallest_p == floor
    rounds = next(k for k in range(1, 21) if (1 + stake) ** k >= 20 or k == n)
    assert floor == pytest.approx((1 + stake) ** -rounds)


def test_a_bet_of_85_percent_needs_five_replicates() -> None:
    """1.85**5 is 21.7; half the wealth needs eight."""
    assert replicates_needed("superiority", BET, 0.05) == 5
    assert replicates_needed("superiority", BET, 0.05, stake=0.5) == 8


def test_holm_by_sign_flip_needs_eight_replicates_for_nine_members() -> None:
    """Holm costs a factor nine: 9/128 is above .05, 9/256 below; max-T keeps 1/2**n."""
    assert replicates_needed("some-of", "sign-flip-holm", 0.05, 9) == 8
    assert replicates_needed("some-of", "sign-flip", 0.05, 9) == 5
    assert replicates_needed("superiority", "sign-flip", 0.05) == 5


def test_one_replicate_admits_no_test() -> None:
    """There is no smallest p for a single replicate."""
    with pytest.raises(UntestableError):
        smallest_p("superiority", "t", 1)
