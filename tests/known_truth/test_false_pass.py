"""Every gate type where the truth is known: false verdicts, coverage and power, by simulation.

2,000 simulated studies a case; a nominal .05 is accepted within the 99.9 % binomial band, exact
and conservative tests from above only. ``docs/statistics.md`` holds the same figures from longer
runs.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from harness.claim.power import power
from harness.claim.schema import Criterion, Expectation
from harness.claim.schema import Test as Gate
from harness.stats import family, fieller, one_sample
from harness.stats.odds import common_odds
from harness.stats.records import Rule
from harness.stats.rules import decide

SIMS = 2_000
ALPHA = 0.05
LOW, HIGH = stats.binom.ppf([0.0005, 0.9995], SIMS, ALPHA) / SIMS
"""The band of the shared ground rules: [.0345, .0665] at 2,000."""

ONE = ("superiority", "below", "equivalence")
T_AND_FLIP = ("t", "sign-flip")
FAMILY = ("t", "sign-flip", "sign-flip-holm")


def rates(values: np.ndarray, rule: Rule) -> tuple[float, float]:
    """Shares of simulations that support and that refute."""
    judge = family.two_verdicts if values.ndim == 3 else one_sample.two_verdicts
    p_support, p_refute = judge(values, rule)
    return float((p_support <= rule.alpha).mean()), float((p_refute <= rule.alpha).mean())


def correlated(rng: np.random.Generator, members: int, n: int, rho: float = 0.5) -> np.ndarray:
    shared, own = rng.standard_normal((SIMS, 1, n)), rng.standard_normal((SIMS, members, n))
    return np.asarray(math.sqrt(rho) * shared + math.sqrt(1 - rho) * own)


def accept(rate: float, exact: bool) -> None:
    assert rate <= HIGH
    if not exact:
        assert rate >= LOW


def test_the_band_is_the_agreed_one() -> None:
    """The 99.9 % band around .05 at 2,000 simulations is [.0345, .0665]."""
    assert pytest.approx(0.0345, abs=6e-4) == LOW
    assert pytest.approx(0.0665, abs=6e-4) == HIGH


@pytest.mark.parametrize("n", [5, 8])
@pytest.mark.parametrize("method", T_AND_FLIP)
@pytest.mark.parametrize("kind", ONE)
def test_false_verdicts_at_the_margin(kind: str, method: str, n: int) -> None:
    """With the truth exactly at the margin, PASS and FAIL each come at most in alpha of studies."""
    values = np.random.default_rng(n).normal(2.0, 0.5, (SIMS, n))
    false_pass, false_fail = rates(values, Rule(kind, 2.0, ALPHA, method))
    accept(false_pass, exact=method == "sign-flip")
    accept(false_fail, exact=method == "sign-flip")


@pytest.mark.parametrize("method", T_AND_FLIP)
def test_false_verdicts_at_the_other_equivalence_margin(method: str) -> None:
    """Equivalence is guarded on its lower side as well."""
    values = np.random.default_rng(11).normal(-2.0, 0.5, (SIMS, 8))
    for rate in rates(values, Rule("equivalence", 2.0, ALPHA, method)):
        accept(rate, exact=method == "sign-flip")


@pytest.mark.parametrize("sd", [3.0, 30.0])
def test_refuting_equivalence_with_a_hopeless_margin(sd: float) -> None:
    """Where the margin drowns in noise, false PASS vanishes and false FAIL is at most 2 alpha."""
    values = np.random.default_rng(12).normal(2.0, sd, (SIMS, 5))
    false_pass, false_fail = rates(values, Rule("equivalence", 2.0, ALPHA))
    assert false_pass <= HIGH
    assert false_fail <= stats.binom.ppf(0.9995, SIMS, 2 * ALPHA) / SIMS


@pytest.mark.parametrize("method", T_AND_FLIP)
def test_false_pass_of_a_ratio_at_its_margin(method: str) -> None:
    """With log-normal ratios whose geometric mean is the margin, PASS comes in alpha of studies."""
    drawn = np.exp(np.random.default_rng(13).normal(math.log(1.2), 0.3, (SIMS, 5)))
    passed = [
        decide(row, Rule("ratio-above", 1.2, ALPHA, method)).decision == "support" for row in drawn
    ]
    accept(float(np.mean(passed)), exact=method == "sign-flip")


@pytest.mark.parametrize("n", [5, 8])
@pytest.mark.parametrize("cv", [0.1, 0.4])
def test_false_verdicts_of_a_ratio_of_means_at_its_margin(cv: float, n: int) -> None:
    """Numerator and denominator wavering together, their means in the ratio of the margin: PASS and
    FAIL each in at most alpha of studies, near alpha where the denominator is sure."""
    shared, own = np.random.default_rng(n + 90).standard_normal((2, SIMS, 2, n))
    values = np.array([1.5, 1.0])[:, None] + cv * math.sqrt(0.5) * (shared[:, :1] + own)
    p_support, p_refute = fieller.two_verdicts(
        values, Rule("mean-ratio-above", 1.5, ALPHA, "fieller")
    )
    for p in (p_support, p_refute):
        accept(float((p <= ALPHA).mean()), exact=cv > 0.2)


def test_a_denominator_without_a_mean_supports_nothing() -> None:
    """Denominators around 0: either verdict in at most alpha of studies, whatever the numerator."""
    values = np.random.default_rng(91).standard_normal((SIMS, 2, 8))
    values[:, 0] += 5.0
    rule = Rule("mean-ratio-above", 1.5, ALPHA, "fieller")
    for p in fieller.two_verdicts(values, rule):
        assert (p <= ALPHA).mean() <= HIGH


@pytest.mark.parametrize("n", [5, 8])
def test_coverage_of_fiellers_set(n: int) -> None:
    """It holds the true ratio as often as its level says, unbounded ones always."""
    values = 1.0 + 0.3 * np.random.default_rng(n + 92).standard_normal((SIMS, 2, n))
    sets = [fieller.confidence_set(pair, ALPHA) for pair in values]
    covered = np.mean([s is None or s[0] <= 1.0 <= s[1] for s in sets])
    low, high = stats.binom.ppf([0.0005, 0.9995], SIMS, 1 - 2 * ALPHA) / SIMS
    assert low <= covered <= high


@pytest.mark.parametrize("n", [5, 8, 40])
@pytest.mark.parametrize("draw", ["normal", "heavy", "skewed"])
def test_a_bet_at_its_margin_with_as_many_looks_as_replicates(draw: str, n: int) -> None:
    """With the median at the margin the bet is ever won in at most alpha of studies, however many
    replicates follow one another and however they spread."""
    rng = np.random.default_rng(n + 93)
    values = {
        "normal": lambda: rng.standard_normal((SIMS, n)),
        "heavy": lambda: rng.standard_t(3, (SIMS, n)),
        "skewed": lambda: rng.standard_exponential((SIMS, n)) - math.log(2),
    }[draw]()
    for rate in rates(values, Rule("superiority", 0.0, ALPHA, "sign-bet")):
        assert rate <= HIGH


def test_looking_after_every_replicate_without_a_bet_would_be_wrong() -> None:
    """A t test after each of 40 replicates passes a null several times too often: the bet's band
    can fail."""
    values = np.random.default_rng(133).standard_normal((SIMS, 40))
    looks = [one_sample.sides(values[:, :k], 0.0, "t").above <= ALPHA for k in range(5, 41)]
    assert np.any(looks, axis=0).mean() > 3 * ALPHA


def test_odds_ratios_over_replicates_at_the_margin() -> None:
    """Counts in three strata whose base rates differ and whose odds ratio wavers around 1.5 between
    replicates: PASS and FAIL of the test on logarithms each in about alpha of studies."""
    rng, n, sims, steps = np.random.default_rng(94), 6, 400, 400
    decisions = []
    for _ in range(sims):
        ratios = []
        for wavering in rng.normal(math.log(1.5), 0.3, n):
            one, two = {}, {}
            for stratum, base in (("a", -2.0), ("b", -1.0), ("c", 0.0)):
                for counts, logit in ((one, base + wavering), (two, base)):
                    p = 1 / (1 + math.exp(-logit))
                    counts[stratum] = (int(rng.binomial(steps, p)), steps)
            ratios.append(common_odds(one, two))
        decisions.append(decide(ratios, Rule("ratio-above", 1.5, ALPHA)).decision)
    high = stats.binom.ppf(0.9995, sims, ALPHA) / sims
    for word in ("support", "refute"):
        assert decisions.count(word) / sims <= high


@pytest.mark.parametrize("method", T_AND_FLIP)
def test_heavy_tails_do_not_inflate(method: str) -> None:
    """With symmetric heavy tails (t, 3 df) at the margin, false PASS stays under the band's top."""
    values = np.random.default_rng(14).standard_t(3, (SIMS, 8)) + 1.0
    assert rates(values, Rule("superiority", 1.0, ALPHA, method))[0] <= HIGH


@pytest.mark.parametrize("method", FAMILY)
@pytest.mark.parametrize("n", [5, 8])
def test_none_of_at_its_boundary(n: int, method: str) -> None:
    """One member at the margin, eight far below: PASS in at most alpha of studies, near alpha."""
    values = correlated(np.random.default_rng(n + 20), 9, n) * 0.3
    values[:, 0] += 1.0
    values[:, 1:] -= 3.0
    false_pass, _ = rates(values, Rule("none-of", 1.0, ALPHA, method))
    accept(false_pass, exact=method != "t")


@pytest.mark.parametrize("method", FAMILY)
def test_none_of_with_all_members_at_the_margin(method: str) -> None:
    """All nine at the margin: PASS almost never, and a false FAIL in at most alpha of families."""
    values = correlated(np.random.default_rng(30), 9, 8)
    false_pass, false_fail = rates(values, Rule("none-of", 0.0, ALPHA, method))
    assert false_pass <= HIGH / 2
    assert false_fail <= HIGH


@pytest.mark.parametrize("method", FAMILY)
def test_some_of_at_its_boundary(method: str) -> None:
    """All nine at the margin: PASS in at most alpha of families; max-T uses all of alpha."""
    values = correlated(np.random.default_rng(31), 9, 8)
    false_pass, _ = rates(values, Rule("some-of", 0.0, ALPHA, method))
    assert false_pass <= HIGH
    if method == "sign-flip":
        assert false_pass >= 0.03


def adjacent(rng: np.random.Generator, members: int, n: int) -> np.ndarray:
    """Differences of neighbours among independent arms, of variance 1."""
    return np.asarray(np.diff(rng.standard_normal((SIMS, members + 1, n)), axis=1) / math.sqrt(2))


@pytest.mark.parametrize("method", FAMILY)
@pytest.mark.parametrize("n", [5, 8])
def test_an_order_at_its_boundary(n: int, method: str) -> None:
    """One of three steps at the margin, the others far above: PASS in at most alpha of studies,
    although neighbouring steps share an arm."""
    values = adjacent(np.random.default_rng(n + 70), 3, n) * 0.3
    values[:, 1] += 0.2
    values[:, ::2] += 3.0
    false_pass, _ = rates(values, Rule("all-of", 0.2, ALPHA, method))
    accept(false_pass, exact=method != "t")


@pytest.mark.parametrize("method", FAMILY)
def test_an_order_of_arms_that_do_not_differ(method: str) -> None:
    """All steps at the margin: PASS almost never, a false FAIL in at most alpha of studies."""
    values = adjacent(np.random.default_rng(80), 3, 8)
    false_pass, false_fail = rates(values, Rule("all-of", 0.0, ALPHA, method))
    assert false_pass <= HIGH / 2
    assert false_fail <= HIGH


def test_without_adjustment_some_of_would_be_wrong() -> None:
    """Nine unadjusted tests pass a family of nulls several times too often: the band can fail."""
    values = correlated(np.random.default_rng(31), 9, 8)
    above = one_sample.sides(values, 0.0, "t").above
    assert (above.min(axis=1) <= ALPHA).mean() > 3 * ALPHA


@pytest.mark.parametrize("n", [5, 8])
@pytest.mark.parametrize("method", T_AND_FLIP)
def test_coverage_of_the_interval(method: str, n: int) -> None:
    """The interval covers the true mean as often as its level says; sign flips at least so."""
    values = np.random.default_rng(n + 40).normal(0.7, 0.2, (SIMS, n))
    bounds = [one_sample.interval(row, ALPHA, method) for row in values]
    ends = np.array([(b.low, b.high) for b in bounds], dtype=np.float64)
    covered = ((ends[:, 0] <= 0.7) & (ends[:, 1] >= 0.7)).mean()
    level = bounds[0].level
    low, high = stats.binom.ppf([0.0005, 0.9995], SIMS, level) / SIMS
    assert low <= covered <= high


def simulated(kind: str, n: int, margin: float, members: int = 1) -> float:
    gate = Criterion("c", {}, Gate(kind, margin, ALPHA), "", Expectation(0.0, 1.0))
    rates_ = power(gate, n, 4_000, seed=7, members=members).expected
    assert rates_ is not None
    return rates_.support


def near(share: float, reference: float) -> None:
    """Within simulation error at 4,000 (99.9 %) and half a unit of the last printed digit."""
    assert abs(share - reference) <= 3.3 * math.sqrt(max(share * (1 - share), 1e-3) / 4000) + 0.005


@pytest.mark.parametrize(
    ("n", "powers"), [(5, (0.29, 0.73, 0.95)), (8, (0.64, 0.97, 1.0))], ids=["n5", "n8"]
)
def test_power_of_equivalence(n: int, powers: tuple[float, ...]) -> None:
    """Power at true effect 0 with margin/SD 1, 1.5 and 2 is the known one."""
    for margin, reference in zip((1.0, 1.5, 2.0), powers, strict=True):
        near(simulated("equivalence", n, margin), reference)


@pytest.mark.parametrize(
    ("n", "powers"),
    [(5, (0.11, 0.47, 0.85, 1.0)), (8, (0.40, 0.90, 1.0, 1.0))],
    ids=["n5", "n8"],
)
def test_power_of_none_of_nine(n: int, powers: tuple[float, ...]) -> None:
    """All-nine power at true 0, correlation .5, with margin/SD 1, 1.5, 2 and 3 is the known one."""
    for margin, reference in zip((1.0, 1.5, 2.0, 3.0), powers, strict=True):
        near(simulated("none-of", n, margin, members=9), reference)


def test_prompts_as_units_inflate_and_replicates_do_not() -> None:
    """5 replicates x 200 prompts at intra-class correlation .1 and no effect: prompts as units
    find one in most studies, replicate means in alpha of them."""
    rng = np.random.default_rng(50)
    icc, n, prompts, sims = 0.1, 5, 200, 1_000
    seeds = rng.normal(0, math.sqrt(icc), (sims, n, 1))
    cells = seeds + rng.normal(0, math.sqrt(1 - icc), (sims, n, prompts))
    rule = Rule("superiority", 0.0, ALPHA)
    by_prompt, _ = rates(cells.reshape(sims, n * prompts), rule)
    by_replicate, _ = rates(cells.mean(axis=2), rule)
    assert by_prompt > 0.25
    low, high = stats.binom.ppf([0.0005, 0.9995], sims, ALPHA) / sims
    assert low <= by_replicate <= high


@pytest.mark.parametrize("method", T_AND_FLIP)
def test_constant_values_pass_no_more_often_than_a_sign_test(method: str) -> None:
    """Symmetric two-point replicates around the margin: also with ties PASS stays within alpha."""
    values = np.random.default_rng(60).choice([-1.0, 1.0], (SIMS, 8))
    assert rates(values, Rule("superiority", 0.0, ALPHA, method))[0] <= HIGH
