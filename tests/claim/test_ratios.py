"""Ratios of means, stratified odds and bets in the claim language."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.claim.canonical import claim_from_json, claim_to_json
from harness.claim.parse import parse_claim
from tests.claim.test_families import text
from tests.claim.texts import problems, write

MEANS = "{kind: mean-ratio, arm: treatment, over: baseline, readout: rate, at: judged}"
ODDS = "{kind: stratified-odds, arm: treatment, over: baseline, stratified: true, at: 1.0}"
LEVEL = "{kind: contrast, arm: baseline, minus: reference, readout: rate}"


@pytest.mark.parametrize(
    ("estimand", "test", "method", "stake"),
    [
        (MEANS, "{kind: mean-ratio-above, margin: 0.5}", "fieller", None),
        (ODDS, "{kind: ratio-above, margin: 1.2}", "t", None),
        (ODDS, "{kind: ratio-above, margin: 1.2, method: sign-bet}", "sign-bet", 0.85),
        (LEVEL, "{kind: superiority, margin: 0.1, method: sign-bet}", "sign-bet", 0.85),
        (LEVEL, "{kind: below, margin: 0.1, method: sign-bet, stake: 0.5}", "sign-bet", 0.5),
        (LEVEL, "{kind: below, margin: 0.1}", "t", None),
    ],
)
def test_it_is_read_and_survives_its_canonical_form(
    estimand: str, test: str, method: str, stake: float | None, tmp_path: Path
) -> None:
    """With the method's default; the stake is part of what is locked, and absent elsewhere."""
    claim = parse_claim(tmp_path, write(tmp_path, text(estimand, test)))
    value = claim_to_json(claim)
    assert claim_from_json(value) == claim
    one = claim.criteria[0]
    assert (one.test.method, one.test.stake) == (method, stake)
    assert value["criteria"][0]["test"].get("stake", "absent") == (stake or "absent")
    if one.estimand["kind"] == "stratified-odds":
        assert one.estimand["readout"] == "rate"


REFUSED = {
    "crude-odds-decide-nothing": (ODDS.replace("true", "false"), "{kind: ratio-above, margin: 1}",
                                  "estimand.stratified", "never decides"),
    "odds-of-what-is-not-counted": (ODDS.replace("at:", "readout: kl, at:"),
                                    "{kind: ratio-above, margin: 1}", "estimand.readout",
                                    "garbage_rate"),
    "a-ratio-of-means-has-no-logarithm": (MEANS, "{kind: ratio-above, margin: 1}", "test",
                                          "Use one of: mean-ratio-above"),
    "odds-are-no-means": (ODDS, "{kind: mean-ratio-above, margin: 1}", "test", "is a ratio"),
    "a-level-is-no-ratio-of-means": (LEVEL, "{kind: mean-ratio-above, margin: 1}", "test",
                                     "is not a ratio"),
    "a-ratio-of-means-by-t": (MEANS, "{kind: mean-ratio-above, margin: 1, method: t}",
                              "test.method", "fieller"),
    "a-ratio-of-means-above-zero": (MEANS, "{kind: mean-ratio-above, margin: 0}", "test.margin",
                                    "above 0"),
    "a-ratio-over-itself": (MEANS.replace("over: baseline", "over: treatment"),
                            "{kind: mean-ratio-above, margin: 1}", "estimand.over", "with itself"),
    "a-stake-without-a-bet": (LEVEL, "{kind: below, margin: 0.1, stake: 0.5}", "test.stake",
                              "stakes nothing"),
    "everything-at-stake": (LEVEL, "{kind: below, margin: 0.1, method: sign-bet, stake: 1}",
                            "test.stake", "below 1"),
    "a-bet-on-equivalence": (LEVEL, "{kind: equivalence, margin: 0.1, method: sign-bet}",
                             "test.method", "sign-flip"),
}  # fmt: skip


@pytest.mark.parametrize("defect", REFUSED)
def test_what_cannot_be_is_refused_where_it_stands(defect: str, tmp_path: Path) -> None:
    """Once, in words that help."""
    estimand, test, path, words = REFUSED[defect]
    found = problems(tmp_path, text(estimand, test))
    assert [at for at, _ in found] == [f"criteria.more.{path}"], found
    assert words in found[0][1]


def test_crude_odds_may_be_shown(tmp_path: Path) -> None:
    """Beside a criterion, without deciding."""
    shown = f"shown:\n  crude: {ODDS.replace('true', 'false')}\n"
    edited = text(LEVEL, "{kind: below, margin: 0.1}").replace("shown:\n", shown)
    assert problems(tmp_path, edited) == []


def test_an_expected_ratio_of_means_lies_above_zero(tmp_path: Path) -> None:
    """There is no logarithm and no ratio of it."""
    test = "{kind: mean-ratio-above, margin: 0.5}\n    expect: {effect: 0, sd: 0.1}"
    (found,) = problems(tmp_path, text(MEANS, test))
    assert found[0] == "criteria.more.expect.effect"
