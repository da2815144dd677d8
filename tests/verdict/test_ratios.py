"""Ratios of means, stratified odds and bets on signs, from cells to the sentence of the verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from harness.claim.schema import Arm, Exclusion, Test
from harness.verdict.estimands import estimate
from harness.verdict.judge import judge
from harness.verdict.pilot import pilot
from harness.verdict.ratios import mean_ratio
from harness.verdict.records import Outcome, Status, Verdict
from harness.verdict.view import MissingNumber, View
from tests.verdict.synthetic import cell, claim, evidence, superiority
from tests.verdict.test_judge import HEALTHY

ARMS = (Arm("one", "regulation"), Arm("two", "standard"))
MEANS: dict[str, Any] = {"kind": "mean-ratio", "arm": "one", "over": "two", "readout": "rate"}
ODDS: dict[str, Any] = {
    "kind": "stratified-odds", "arm": "one", "over": "two", "readout": "rate", "stratified": True,
}  # fmt: skip
CONTRAST: dict[str, Any] = {"kind": "contrast", "arm": "one", "minus": "two", "readout": "rate"}


def judged(
    ones: list[float],
    twos: list[float],
    spec: dict[str, Any],
    test: Test,
    health: dict[int, float] | None = None,
    **more: Any,
) -> Verdict:
    cells = []
    for r, (one, two) in enumerate(zip(ones, twos, strict=True)):
        cells += [cell("one", r, rate=one), cell("two", r, rate=two)]
    gate = replace(superiority("c", spec, test.margin), test=test)
    of = claim(ARMS, [gate], [HEALTHY], replicates=len(ones), **more)
    return judge(evidence(of, cells, health=health))


FIELLER = Test("mean-ratio-above", 0.5, method="fieller")
ONES = [0.30, 0.31, 0.29, 0.33, 0.28, 0.30]
TWOS = [0.40, 0.38, 0.42, 0.41, 0.39, 0.37]


@pytest.mark.parametrize(
    ("ones", "twos", "outcome"),
    [
        (ONES, TWOS, Outcome.PASS),
        ([0.0, 0.01, 0.0, 0.02, 0.0, 0.01], TWOS, Outcome.FAIL),
        ([0.0, 0.35, 0.05, 0.30, 0.2, 0.25], TWOS, Outcome.INCONCLUSIVE),
        (ONES, [0.0, 0.0, 0.3, 0.0, 0.0, 0.0], Outcome.INCONCLUSIVE),
        (ONES, [0.0] * 6, Outcome.INCONCLUSIVE),
    ],
)  # fmt: skip
def test_a_ratio_of_means_is_judged_also_with_zeros(
    ones: list[float], twos: list[float], outcome: Outcome
) -> None:
    """Above half; gone; open; a denominator that may be 0; one that is 0."""
    assert judged(ones, twos, MEANS, FIELLER).criteria[0].outcome is outcome


def test_an_unbounded_set_is_said_so() -> None:
    """In the sentence and in JSON, which has no NaN; both amounts are kept."""
    verdict = judged([0.3, 0.31, 0.29], [0.0, 0.0, 0.3], MEANS, FIELLER)
    assert "no interval: the denominator is not shown to lie above 0" in verdict.sentence
    (row,) = verdict.as_json()["criteria"]
    assert row["values"][0] is None
    assert row["details"]["denominator"] == [0.0, 0.0, 0.3]
    sentence = judged([0.3, 0.31, 0.29], TWOS[:3], MEANS, FIELLER).sentence
    assert "Ratio of the mean rate of one to that of two is 0.75 (90 % interval" in sentence


def test_a_pilot_keeps_both_amounts_in_the_unit_of_what_is_expected() -> None:
    """As shares of the denominator's mean; a denominator of zeros is no pilot."""
    cells = [cell("one", r, rate=a) for r, a in enumerate((0.1, 0.3))]
    cells += [cell("two", r, rate=a) for r, a in enumerate((0.1, 0.3))]
    of = claim(ARMS, [superiority("c", MEANS, 0.5)], replicates=2)
    view = View(evidence(of, cells), (0, 1))
    assert mean_ratio(view, MEANS) == ({0: 0.1, 1: 0.3}, {0: 0.1, 1: 0.3})
    assert pilot(view, "sha256:0").values["c/denominator"] == pytest.approx((0.5, 1.5))
    cells = [cell(arm, r, rate=0.0) for arm in ("one", "two") for r in (0, 1)]
    assert "0 in every replicate" in pilot(View(evidence(of, cells), (0, 1)), "").missing["c"]


def strata(rows: dict[tuple[str, str], tuple[int, int]], replicates: int = 1) -> View:
    """Counts of (arm, stratum), each in two prompts."""
    cells = [cell(arm, r, rate=0.1) for arm in ("one", "two") for r in range(replicates)]
    made = evidence(claim(ARMS, replicates=replicates), cells)
    keys = made.generate.iloc[0].to_dict()
    table = [
        {**keys, "arm": arm, "replicate": r, "stratum": s, "prompt": p, "behaviour": h, "steps": n}
        for (arm, s), (hits, steps) in rows.items()
        for r in range(replicates)
        for p, (h, n) in enumerate(((hits // 2, steps // 2),
                                    (hits - hits // 2, steps - steps // 2)))
    ]  # fmt: skip
    return View(replace(made, generate=pd.DataFrame(table)), tuple(range(replicates)))


SIMPSON = {("one", "often"): (80, 160), ("one", "rarely"): (4, 40),
           ("two", "often"): (20, 40), ("two", "rarely"): (16, 160)}  # fmt: skip


def test_odds_are_compared_within_strata_of_prompts() -> None:
    """Prompts of a stratum are summed; together the strata would tell another story."""
    view = strata(SIMPSON)
    assert estimate(view, ODDS)[0] == pytest.approx(1.0)
    assert estimate(view, {**ODDS, "stratified": False})[0] > 3


def test_a_stratum_that_an_arm_never_reached_is_named() -> None:
    """The number is missing: the claim is INVALID and nothing is left out in silence."""
    view = strata({**SIMPSON, ("one", "rarely"): (0, 0)})
    with pytest.raises(MissingNumber, match=r"one over two, replicate 0: .*'rarely'"):
        estimate(view, ODDS)
    with pytest.raises(MissingNumber, match="0 or infinite"):
        estimate(strata({("one", "a"): (0, 9), ("two", "a"): (3, 9)}), ODDS)
    cut = strata(SIMPSON).evidence
    only = replace(cut, generate=cut.generate[cut.generate["arm"] == "one"])
    with pytest.raises(MissingNumber, match="nothing was generated by arm 'two'"):
        estimate(View(only, (0,)), ODDS)


def test_odds_are_tested_over_replicates_on_logarithms() -> None:
    """Odds of 3/7 over 1/9 in every replicate, wavering."""
    verdict = judged([0.3, 0.32, 0.28, 0.31], [0.1, 0.09, 0.11, 0.1], ODDS,
                     Test("ratio-above", 2.0))  # fmt: skip
    (found,) = verdict.criteria
    assert found.outcome is Outcome.PASS
    assert found.scale == "log"
    assert found.number.values[0] == pytest.approx((300 / 700) / (100 / 900))
    assert "common to all strata of prompts is" in found.sentence
    gone = judged([0.0, 0.32], [0.1, 0.09], ODDS, Test("ratio-above", 2.0))
    assert gone.status is Status.INVALID


def test_a_crude_ratio_may_be_shown() -> None:
    """With its words, and never tested."""
    shown = {"crude": {**ODDS, "stratified": False}}
    verdict = judged([0.3, 0.32], [0.1, 0.09], MEANS, FIELLER, shown={**shown, "m": MEANS})
    crude, means = verdict.shown
    assert "strata together is" in crude.sentence
    assert means.number.estimate == pytest.approx(0.31 / 0.095)


BET = Test("superiority", 0.1, method="sign-bet", stake=0.85)


def test_a_bet_is_decided_at_a_replicate_and_says_so() -> None:
    """Five of five; what comes later is shown and does not count."""
    ones = [0.3, 0.31, 0.32, 0.33, 0.34, 0.0, 0.0]
    verdict = judged(ones, [0.1] * 7, CONTRAST, BET)
    (found,) = verdict.criteria
    assert found.outcome is Outcome.PASS
    assert found.number.details["decided_at"] == 4
    assert found.test["stake"] == 0.85
    assert "Median difference in rate, one minus two is 0.21" in found.sentence
    assert found.sentence.endswith("each replicate was decided at replicate 4, the 5th.")
    below = judged(ones, [0.1] * 7, CONTRAST, replace(BET, kind="below", margin=0.05))
    assert below.criteria[0].outcome is Outcome.FAIL
    open_ = judged([0.3, 0.0, 0.3, 0.0, 0.3], [0.1] * 5, CONTRAST, BET).criteria[0]
    assert open_.outcome is Outcome.INCONCLUSIVE
    assert "reached 1.85 at most, of the 20 that decide" in open_.sentence


def test_a_bet_goes_over_the_replicates_that_count() -> None:
    """With replicate 1 left out for its health, the fifth that counts is replicate 5."""
    ones = [0.3, 0.0, 0.32, 0.33, 0.34, 0.31]
    verdict = judged(ones, [0.1] * 6, CONTRAST, BET, {1: 0.5}, exclusion=Exclusion(1, "because"))
    assert verdict.status is Status.PASS
    assert verdict.criteria[0].number.details["decided_at"] == 5
    assert "at replicate 5, the 5th" in verdict.sentence
