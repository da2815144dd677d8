"""Families: none of them, some of them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from harness.stats.family import max_t, some_above, two_verdicts
from harness.stats.records import Rule, UntestableError
from harness.stats.rules import decide, decide_family

METHODS = ("t", "sign-flip", "sign-flip-holm")


def drawn(seed: int, means: list[float], n: int = 6) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {f"m{i}": rng.normal(mean, 0.3, n) for i, mean in enumerate(means)}


def test_none_of_takes_the_worst_member_unadjusted() -> None:
    """The intersection-union p is the largest of the members' own p-values."""
    members = drawn(0, [0.0, 0.1, 0.2])
    result = decide_family(members, Rule("none-of", 0.5))
    alone = [stats.ttest_1samp(v, 0.5, alternative="less").pvalue for v in members.values()]
    assert result.p_support == pytest.approx(max(alone))
    assert [m.p_support for m in result.members.values()] == pytest.approx(alone)


def test_refuting_none_of_is_adjusted_by_holm() -> None:
    """ "Some member works" is Holm over the members' t tests, as statsmodels has it."""
    members = drawn(1, [0.9, 0.6, 0.1])
    result = decide_family(members, Rule("none-of", 0.4))
    raw = [stats.ttest_1samp(v, 0.4, alternative="greater").pvalue for v in members.values()]
    holm = multipletests(raw, method="holm")[1]
    assert [m.p_refute for m in result.members.values()] == pytest.approx(list(holm))
    assert [m.p_refute_raw for m in result.members.values()] == pytest.approx(raw)
    assert result.p_refute == pytest.approx(min(holm))


def by_hand(values: np.ndarray) -> np.ndarray:
    """Step-down max-T with t statistics, one member and one flip at a time."""
    n = values.shape[1]

    def t(row: np.ndarray) -> float:
        return float(row.mean() / (row.std(ddof=1) / np.sqrt(n)))

    signs = [np.array(s) for s in itertools.product((1, -1), repeat=n)]
    observed = np.array([t(row) for row in values])
    order = np.argsort(-observed)
    p, previous = np.empty(len(values)), 0.0
    for rank, j in enumerate(order):
        rest = order[rank:]
        hits = sum(max(t(s * values[k]) for k in rest) >= observed[j] - 1e-9 for s in signs)
        previous = p[j] = max(previous, hits / len(signs))
    return p


def test_max_t_is_westfall_and_young_by_hand() -> None:
    """The vectorised step-down max-T equals the definition written out as loops."""
    values = np.stack(list(drawn(2, [0.3, 0.0, 0.5, 0.1]).values()))
    assert max_t(values) == pytest.approx(by_hand(values))


def test_max_t_of_one_member_is_the_sign_flip() -> None:
    """With a single member the joint test is the ordinary sign-flip test."""
    values = drawn(3, [0.2])["m0"]
    alone = decide(values, Rule("superiority", 0.0, method="sign-flip"))
    assert max_t(values[None])[0] == pytest.approx(alone.p_support)


def test_max_t_is_between_no_adjustment_and_holm_for_copies() -> None:
    """Nine copies of a member cost max-T nothing, and Holm a factor nine."""
    values = drawn(4, [0.5], 8)["m0"]
    family = {str(i): values for i in range(9)}
    alone = decide(values, Rule("superiority", 0.0, method="sign-flip")).p_support
    joint = decide_family(family, Rule("some-of", 0.0, method="sign-flip")).p_support
    holm = decide_family(family, Rule("some-of", 0.0, method="sign-flip-holm")).p_support
    assert joint == pytest.approx(alone)
    assert holm == pytest.approx(9 * alone)


@pytest.mark.parametrize("method", METHODS)
def test_some_of_is_none_of_turned_round(method: str) -> None:
    """What supports the one refutes the other, with the same p-values."""
    members = drawn(5, [0.7, 0.2, 0.1])
    none = decide_family(members, Rule("none-of", 0.4, method=method))
    some = decide_family(members, Rule("some-of", 0.4, method=method))
    assert (none.p_support, none.p_refute) == (some.p_refute, some.p_support)
    assert none.leading == some.leading == "m0"


@pytest.mark.parametrize("method", METHODS)
def test_all_of_is_none_of_in_a_mirror(method: str) -> None:
    """With every value and the margin turned, "all lie above" is "none lies above"."""
    members = drawn(5, [0.9, 0.7, 0.3])
    every = decide_family(members, Rule("all-of", 0.4, method=method))
    turned = {name: -values for name, values in members.items()}
    none = decide_family(turned, Rule("none-of", -0.4, method=method))
    assert (every.p_support, every.p_refute) == (none.p_support, none.p_refute)
    assert every.leading == "m2"
    assert [m.p_refute for m in every.members.values()] == [
        m.p_refute for m in none.members.values()
    ]


def test_all_of_takes_the_weakest_member_unadjusted() -> None:
    """The p of "every member lies above" is the largest of the members' own; that of "some lies
    below" is adjusted by Holm."""
    members = drawn(8, [0.9, 0.7, 0.3])
    result = decide_family(members, Rule("all-of", 0.4))
    above = [stats.ttest_1samp(v, 0.4, alternative="greater").pvalue for v in members.values()]
    below = [stats.ttest_1samp(v, 0.4, alternative="less").pvalue for v in members.values()]
    assert result.p_support == pytest.approx(max(above))
    assert [m.p_support for m in result.members.values()] == pytest.approx(above)
    assert result.p_refute == pytest.approx(min(multipletests(below, method="holm")[1]))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["none-of", "some-of", "all-of"])
def test_neither_order_nor_unit_nor_origin_changes_a_family(kind: str, method: str) -> None:
    """Members and replicates in another order, values and margin in another unit or from another
    zero: the same p-values."""
    members = drawn(10, [0.8, 0.5, 0.3], 7)
    rule = Rule(kind, 0.4, method=method)
    one = decide_family(members, rule)
    back = {name: members[name][::-1] for name in reversed(members)}
    scaled = {name: 3.0 * values for name, values in members.items()}
    moved = {name: values - 5.0 for name, values in members.items()}
    for other in (
        decide_family(back, rule),
        decide_family(scaled, Rule(kind, 1.2, method=method)),
        decide_family(moved, Rule(kind, -4.6, method=method)),
    ):
        assert (other.p_support, other.p_refute) == pytest.approx((one.p_support, one.p_refute))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["none-of", "some-of", "all-of"])
def test_simulations_judge_as_the_entry_does(kind: str, method: str) -> None:
    """The vectorised verdicts behind power equal decide_family, family by family."""
    rng = np.random.default_rng(6)
    values = rng.normal(0.3, 0.5, (12, 4, 7))
    rule = Rule(kind, 0.4, method=method)
    p_support, p_refute = two_verdicts(values, rule)
    for i, block in enumerate(values):
        one = decide_family({str(j): row for j, row in enumerate(block)}, rule)
        assert (one.p_support, one.p_refute) == pytest.approx((p_support[i], p_refute[i]))
    assert some_above(values, rule).shape == (12,)


def test_members_far_below_cost_max_t_one_flip() -> None:
    """Flipping every replicate turns a member clearly below the margin into the largest one: the
    best member's p is then 2/2**n, and 1/2**n where the others lie near the margin."""
    rng = np.random.default_rng(9)
    best, noise = 1 + rng.normal(0, 0.2, 5), rng.normal(0, 0.2, 5)
    far = max_t(np.stack([best, noise * 0.01 - 3]))
    near = max_t(np.stack([best, noise]))
    assert far[0] == pytest.approx(2 / 32)
    assert near[0] == pytest.approx(1 / 32)


def test_a_member_stuck_at_zero_does_not_block_the_family() -> None:
    """A candidate that never produces anything counts with the sign test's p and is named."""
    members = drawn(7, [0.0, 0.1], 8) | {"stuck": np.zeros(8)}
    result = decide_family(members, Rule("none-of", 0.9))
    assert result.decision == "support"
    assert result.members["stuck"].p_support == pytest.approx(1 / 256)
    assert "stuck" in result.reason


def test_members_must_share_their_replicates() -> None:
    """Unequal numbers of replicates are refused with the counts."""
    with pytest.raises(UntestableError, match=r"a 3, b 2"):
        decide_family({"a": [1, 2, 3], "b": [1, 2]}, Rule("none-of", 0.5))
    with pytest.raises(UntestableError, match="without members"):
        decide_family({}, Rule("none-of", 0.5))


def test_kinds_go_to_their_own_entry() -> None:
    """A family's rule on one number, or the reverse, is an error."""
    with pytest.raises(UntestableError, match="decide_family"):
        decide([1.0, 2.0], Rule("none-of", 0.5))
    with pytest.raises(UntestableError, match="about one number"):
        decide_family({"a": [1.0, 2.0]}, Rule("below", 0.5))
