"""Promises of a rule where the truth is known; a broken rule is caught."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from harness.claim import simulate
from harness.claim.calibrate import (
    Calibration,
    Design,
    Share,
    calibrate,
    designs_of,
    intervals,
    standard_designs,
)
from harness.claim.power import power
from harness.claim.schema import Criterion, Expectation, Test
from harness.stats import one_sample
from harness.stats.records import FAMILY_KINDS, KINDS, MEANS_KINDS, Rule, methods_of
from tests.toy_workspace import claim as toy_claim
from tests.toy_workspace import make

SIMS = 2_000
LOW, HIGH = stats.binom.ppf([0.0005, 0.9995], SIMS, 0.05) / SIMS


def design(kind: str, method: str = "t", n: int = 8, members: int = 1) -> Design:
    (found,) = [
        d
        for d in standard_designs()
        if (d.rule.kind, d.rule.method, d.n) == (kind, method, 8 if n not in (5, 8) else n)
    ]
    return replace(found, n=n, members=members if kind not in FAMILY_KINDS else found.members)


def share(of: Calibration, truth: str, outcome: str) -> Share:
    (found,) = [s for s in of.shares if (s.truth, s.outcome) == (truth, outcome)]
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_keeps_its_promises_under_normal_spread(kind: str) -> None:
    """Each method of each kind; the table of the docs has the same from longer runs."""
    for method in methods_of(kind):
        found = calibrate(design(kind, method), SIMS)
        assert not found.broken, (method, found.broken)
        assert found.simulations == SIMS


def test_the_standard_table_has_every_kind_and_method() -> None:
    """So that a new rule cannot be left out of it."""
    found = {(d.rule.kind, d.rule.method, d.n) for d in standard_designs() if not d.planned}
    assert found == {(k, m, n) for k in KINDS for m in methods_of(k) for n in (5, 8)}


def test_the_band_is_the_agreed_one() -> None:
    """99.9 % around alpha; a t test of one number has to use its alpha, others may use less."""
    found = calibrate(design("superiority"), SIMS)
    one = share(found, "margin", "PASS")
    assert (one.low, one.high) == pytest.approx((LOW, HIGH))
    assert replace(one, share=0.01).standing == "conservative"
    assert replace(one, share=0.05).standing == "held"
    assert replace(one, share=0.08).standing == "broken"
    assert replace(one, share=0.01, exact=True).standing == "held"
    assert share(calibrate(design("superiority", "sign-flip"), SIMS), "margin", "PASS").exact


def test_skewed_replicates_break_what_normal_ones_keep() -> None:
    """A long right tail hides above the margin: "below" passes falsely far too often."""
    found = calibrate(design("below", n=5), SIMS, "skewed")
    assert "PASS at margin" in {f"{s.outcome} at {s.truth}" for s in found.broken}
    assert share(found, "expected", "covered").standing == "broken"
    assert not calibrate(design("below", n=5), SIMS, "heavy").broken


def test_a_rule_that_forgets_its_family_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine unadjusted tests: some-of passes where nothing works."""
    unadjusted = one_sample.sides

    def forgetful(values: np.ndarray, rule: Rule) -> tuple[np.ndarray, np.ndarray]:
        at = unadjusted(values, rule.margin, "t")
        return at.above.min(axis=1), at.below.max(axis=1)

    honest = calibrate(design("some-of"), SIMS)
    assert not honest.broken
    monkeypatch.setattr(simulate.family, "two_verdicts", forgetful)
    assert share(calibrate(design("some-of"), SIMS), "margin", "PASS").standing == "broken"


def test_power_is_no_promise_and_is_what_it_is() -> None:
    """Shares of right verdicts agree with the noncentral t."""
    found = calibrate(design("superiority"), 10_000)
    power = share(found, "expected", "PASS")
    exact = stats.nct.sf(stats.t.ppf(0.95, 7), 7, 2 * math.sqrt(8))
    assert power.promised is None
    assert power.standing == ""
    assert power.share == pytest.approx(exact, abs=0.01)
    assert share(found, "no effect", "FAIL").promised is None  # 0 lies below the margin
    assert share(found, "no effect", "PASS").promised == 0.05


@pytest.mark.parametrize("method", ["t", "sign-flip"])
def test_intervals_of_many_studies_are_those_of_each(method: str) -> None:
    """The same ends as the judge's own function gives row by row."""
    values = np.random.default_rng(0).normal(1, 0.3, (20, 6))
    low, high, level = intervals(values, Rule("superiority", 0.0, 0.05, method))
    for row, a, b in zip(values, low, high, strict=True):
        one = one_sample.interval(row, 0.05, method)
        assert (a, b, level) == pytest.approx((one.low, one.high, one.level))


def test_an_equivalence_drowned_in_noise_may_fail_twice_as_often() -> None:
    """Two margins to be beyond; its promise says so."""
    drowned = replace(design("equivalence"), sd=30.0)
    found = share(calibrate(drowned, SIMS), "margin", "FAIL")
    assert 0.05 < found.share <= found.high
    assert found.high == pytest.approx(stats.binom.ppf(0.9995, SIMS, 0.1) / SIMS)


def test_a_claims_own_design_is_simulated(tmp_path: object) -> None:
    """Rule, replicates, expectation and spread are the claim's; without `expect:` there is none."""
    from pathlib import Path

    from harness.claim.parse import parse_claim

    root = make(Path(str(tmp_path)) / "study", one=toy_claim("one"))
    found = parse_claim(root, root / "claims/one.yaml")
    designs = designs_of(found)
    assert [d.name for d in designs] == [c.name for c in found.criteria if c.expect]
    for one in designs:
        assert one.n == found.subject.replicates
    bare = replace(found, criteria=tuple(replace(c, expect=None) for c in found.criteria))
    assert designs_of(bare) == ()


def test_adjacent_members_share_an_arm() -> None:
    """Neighbouring steps of an order correlate -.5, others not at all; unit variance each."""
    drawn = simulate.noise(100_000, 3, 1, 0, adjacent=True)[:, :, 0]
    assert np.cov(drawn.T) == pytest.approx(
        np.array([[1, -0.5, 0], [-0.5, 1, -0.5], [0, -0.5, 1]]), abs=0.02
    )
    family = replace(design("all-of"), sd=1.0)
    order = replace(family, adjacent=True)
    assert not calibrate(order, SIMS).broken
    # a member that wavers against its neighbours is harder to have above together with them
    assert (
        share(calibrate(order, SIMS), "expected", "PASS").share
        < share(calibrate(family, SIMS), "expected", "PASS").share
    )


@pytest.mark.parametrize("shape", sorted(simulate.NOISES))
def test_every_shape_of_spread_has_mean_zero_and_variance_one(shape: str) -> None:
    """So that the spread that an author states means the same under each."""
    rng = np.random.default_rng(1)
    drawn = simulate.NOISES[shape](rng, (200_000,))
    assert drawn.mean() == pytest.approx(0, abs=0.02)
    assert drawn.var() == pytest.approx(1, abs=0.15 if shape == "heavy" else 0.02)


@pytest.mark.parametrize(
    ("kind", "mean", "verdict"),
    [
        ("superiority", 1.5, "support"), ("superiority", 0.5, "refute"),
        ("superiority", 1.0, "neither"), ("below", 0.5, "support"), ("below", 1.5, "refute"),
        ("equivalence", -0.5, "support"), ("equivalence", -1.5, "refute"),
        ("equivalence", -1.0, "neither"), ("none-of", 0.5, "support"), ("none-of", 1.5, "refute"),
        ("some-of", 1.5, "support"), ("some-of", 0.5, "refute"), ("some-of", 1.0, "neither"),
        ("all-of", 1.5, "refute"), ("all-of", 0.5, "refute"), ("all-of", 1.0, "neither"),
    ],
)  # fmt: skip
def test_what_a_study_ought_to_end_in(kind: str, mean: float, verdict: str) -> None:
    """One member moves a family; nothing is right at the margin."""
    means = np.array([mean, min(mean, 0.5), min(mean, 0.5)])
    if mean == 1.0:
        means = np.full(3, mean)
    assert simulate.right(means, Rule(kind, 1.0)) == verdict


@pytest.mark.parametrize("kind", KINDS)
def test_calibration_and_power_simulate_the_same_studies(kind: str) -> None:
    """At the expectation they give the same power, ratios of two means included, whose numerator
    and denominator vary each for itself."""
    for method in methods_of(kind):
        of = design(kind, method, members=1)
        estimand = {"kind": "mean-ratio" if kind in MEANS_KINDS else "level"}
        test = Test(kind, of.rule.margin, of.rule.alpha, of.rule.method)
        one = Criterion("c", estimand, test, "why", Expectation(of.effect, of.sd))
        row = power(one, of.n, SIMS, members=of.members)
        found = share(calibrate(of, SIMS), "expected", "PASS")
        assert found.share == pytest.approx(row.expected.support), method


def test_a_ratio_of_means_varies_above_and_below_the_line() -> None:
    """Its power falls with the spread of the two, as the formula of Fieller's test has it; one
    noise for both would pass nearly always."""
    of = replace(design("mean-ratio-above", "fieller"), n=5, effect=1.1, sd=0.4)
    of = replace(of, rule=replace(of.rule, margin=1.0))
    assert share(calibrate(of, SIMS), "expected", "PASS").share < 0.3
