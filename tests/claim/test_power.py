"""Power of a claim's design, by simulation of the rules that will judge it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from harness.claim.power import Power, Rates, family_size, power, power_table
from harness.claim.schema import Arm, Claim, Criterion, Expectation, Samples, Subject
from harness.claim.schema import Test as Gate
from harness.stats.records import UntestableError


def criterion(
    kind: str, margin: float, effect: float, sd: float = 1.0, *, method: str = "t", name: str = "c"
) -> Criterion:
    estimand = {"kind": "closed-gap", "arm": "treatment", "readout": "rate"}
    return Criterion(name, estimand, Gate(kind, margin, 0.05, method), "", Expectation(effect, sd))


def simulated(rates: Rates | None) -> Rates:
    assert rates is not None
    return rates


@pytest.mark.parametrize("n", [5, 8])
def test_superiority_agrees_with_the_noncentral_t(n: int) -> None:
    """Simulated power of a one-sided t test is the noncentral t's, within simulation error."""
    result = power(criterion("superiority", 0.0, 1.0), n, 4000)
    exact = stats.nct.sf(stats.t.ppf(0.95, n - 1), n - 1, math.sqrt(n))
    assert simulated(result.expected).support == pytest.approx(exact, abs=0.027)


def test_the_mirror_has_the_power_of_the_expectation() -> None:
    """FAIL at the mirror is as likely as PASS at the expectation, and neither is the rest."""
    for kind in ("superiority", "below"):
        result = power(criterion(kind, 0.5, 1.7 if kind == "superiority" else -0.7), 8, 4000)
        expected, mirror = simulated(result.expected), simulated(result.at_mirror)
        assert mirror.refute == pytest.approx(expected.support, abs=0.04)
        assert mirror.support < 0.01
        assert expected.support + expected.refute + expected.neither == pytest.approx(1)


@pytest.mark.parametrize("kind", ["superiority", "below", "equivalence", "none-of", "some-of"])
def test_at_the_margin_a_pass_is_as_rare_as_alpha(kind: str) -> None:
    """The false-PASS rate at the edge of the claim is at or under alpha (99.9 % binomial), and
    the edge that is simulated is the least favourable one, so it is not far under."""
    effect = {"superiority": 1.5, "some-of": 1.5}.get(kind, -0.5 if kind == "below" else 0.0)
    members = 9 if kind.endswith("-of") else 1
    result = power(criterion(kind, 1.0, effect, 0.4), 8, members=members)
    assert 0.02 <= simulated(result.at_margin).support <= 0.0665


def test_ratios_are_simulated_on_their_logarithm() -> None:
    """A ratio of e against 1 with log-sd 1 is a superiority of 1 against 0 with sd 1."""
    ratio = power(criterion("ratio-above", 1.0, math.e), 6)
    plain = power(criterion("superiority", 0.0, 1.0), 6)
    assert ratio.expected == plain.expected
    assert (ratio.effect, ratio.margin) == (math.e, 1.0)


def test_more_members_make_none_of_harder() -> None:
    """Every member has to be excluded, so power falls with their number."""
    one, nine = (power(criterion("none-of", 1.5, 0.0), 8, members=m) for m in (1, 9))
    assert simulated(one.expected).support > simulated(nine.expected).support + 0.05


def test_the_same_seed_gives_the_same_figures() -> None:
    """Simulation is seeded: equal seeds agree, another seed differs a little."""
    c = criterion("equivalence", 1.5, 0.0)
    first, again, other = power(c, 5, seed=1), power(c, 5, seed=1), power(c, 5, seed=2)
    assert first == again
    assert first.expected != other.expected


def test_without_an_expectation_there_is_no_figure() -> None:
    """A criterion without expect has a smallest p and no rates."""
    result = power(replace(criterion("superiority", 0.0, 1.0), expect=None), 5)
    assert result.expected is None
    assert result.smallest_p > 0


@pytest.mark.parametrize("sd", [0.0, -1.0, math.nan])
def test_a_spread_that_cannot_be_is_refused(sd: float) -> None:
    """An expected sd of 0 would make every design perfect."""
    with pytest.raises(UntestableError, match="sd"):
        power(criterion("superiority", 0.0, 1.0, sd), 5)


def claim(*criteria: Criterion) -> Claim:
    nine = tuple(f"d{i}" for i in range(9))
    arms = (
        Arm("baseline", "standard"),
        Arm("treatment", "standard", "onset", "add", nine),
        Arm("separate", "standard", "onset", "add", nine, donor=1),
    )
    subject = Subject("models/m.yaml", 8)
    return Claim(
        "c", "", "", (), "replicate", subject, {}, Samples(), (), arms, None, (), tuple(criteria)
    )


def test_a_family_has_a_member_per_arm_and_direction() -> None:
    """Members come from the arms under test; other kinds have one number."""
    one = criterion("none-of", 0.5, 0.0)
    two = replace(one, estimand={"kind": "closed-gap", "arms": ["treatment", "separate"]})
    assert family_size(claim(), one) == 9
    assert family_size(claim(), two) == 18
    assert family_size(claim(), criterion("below", 0.5, 0.0)) == 1


def test_the_table_has_a_row_per_criterion() -> None:
    """All criteria of a claim are simulated, at its own n."""
    rows_of = claim(
        criterion("superiority", 0.5, 0.75, 0.15, name="a"),
        criterion("none-of", 0.5, 0.1, 0.2, method="sign-flip", name="b"),
    )
    rows = power_table(rows_of)
    assert [(r.criterion, r.n, r.members) for r in rows] == [("a", 8, 1), ("b", 8, 9)]
    assert all(isinstance(r, Power) and r.simulations == 2000 for r in rows)
    assert rows[0].standard_error == pytest.approx(np.sqrt(0.25 / 2000))
