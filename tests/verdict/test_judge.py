"""The judge says PASS, FAIL, INCONCLUSIVE or INVALID as the evidence was made to deserve."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.claim.schema import Arm, Criterion, Exclusion, Precondition, Test
from harness.stats.records import UntestableError
from harness.verdict.judge import _criteria, judge
from harness.verdict.records import Outcome, Status
from harness.verdict.view import View
from tests.verdict.synthetic import cell, claim, evidence, superiority

ARMS = (
    Arm("base", "regulation"),
    Arm("ref", "standard"),
    Arm("treat", "regulation", "onset", "subtract", ("d",), doses=(0.0, 0.5)),
)
CLOSES = superiority(
    "closes",
    {"kind": "closed-gap", "arm": "treat", "baseline": "base", "reference": "ref",
     "readout": "rate", "at": 0.5},
    0.5,
)  # fmt: skip
HEALTHY = Precondition(
    "healthy", "health", {"loss_gap_at_most": 0.2, "garbage_at_most": 0.1}, "because"
)


def made(rates: list[float], health: dict[int, float] | None = None, **more: object):  # type: ignore[no-untyped-def]
    cells = []
    for r, rate in enumerate(rates):
        cells += [cell("base", r, rate=0.4), cell("ref", r, rate=0.0)]
        cells += [cell("treat", r, rate=0.4, variant="d")]
        cells += [cell("treat", r, rate=rate, dose=0.5, variant="d")]
    of = claim(ARMS, [CLOSES], [HEALTHY], replicates=5, **more)
    return evidence(of, cells, health=health)


@pytest.mark.parametrize(
    ("rates", "status"),
    [
        ([0.02, 0.04, 0.03, 0.05, 0.01], Status.PASS),
        ([0.35, 0.33, 0.36, 0.34, 0.37], Status.FAIL),
        ([0.05, 0.35, 0.10, 0.30, 0.20], Status.INCONCLUSIVE),
    ],
)
def test_the_status_follows_the_interval(rates: list[float], status: Status) -> None:
    """Above the margin, below it, astride it."""
    assert judge(made(rates)).status is status


def test_one_unhealthy_replicate_makes_a_supported_claim_invalid() -> None:
    """A failed precondition is INVALID whatever the criteria would say."""
    verdict = judge(made([0.02, 0.04, 0.03, 0.05, 0.01], health={3: 0.5}))
    assert verdict.status is Status.INVALID
    assert "replicate 3" in verdict.sentence


def test_the_exclusion_rule_covers_ill_replicates_up_to_its_number() -> None:
    """With one exclusion allowed, the ill replicate is left out and named."""
    rates = [0.02, 0.04, 0.03, 0.05, 0.01]
    verdict = judge(made(rates, {3: 0.5}, exclusion=Exclusion(1, "because")))
    assert verdict.status is Status.PASS
    assert verdict.n == 4
    assert verdict.excluded[0].startswith("replicate 3")
    both = judge(made(rates, {3: 0.5, 4: 0.5}, exclusion=Exclusion(1, "because")))
    assert both.status is Status.INVALID


def test_missing_replicates_are_incomplete_and_never_a_pass() -> None:
    """Four of five planned replicates give no verdict."""
    assert judge(made([0.02, 0.04, 0.03, 0.05])).status is Status.INCOMPLETE


def test_a_claim_without_preconditions_is_invalid() -> None:
    """A vacuous conjunction fails."""
    evidence_ = made([0.02, 0.04, 0.03, 0.05, 0.01])
    bare = claim(ARMS, [CLOSES], [], replicates=5)
    assert judge(replace(evidence_, claim=bare)).status is Status.INVALID


def test_a_criterion_without_numbers_is_invalid_and_says_which_cell() -> None:
    """A replicate that generated no step has no rate."""
    evidence_ = made([0.02, 0.04, 0.03, 0.05, 0.01])
    frame = evidence_.generate
    hit = (frame["replicate"] == 2) & (frame["dose"] == 0.5)
    frame.loc[hit, ["steps", "behaviour", "garbage"]] = 0
    verdict = judge(evidence_)
    assert verdict.status is Status.INVALID
    assert "replicate 2" in verdict.sentence


def test_a_number_that_admits_no_test_is_laid_to_its_own_replicate() -> None:
    """By the replicate's number, also where an earlier one is left out."""
    of = View(made([0.02, 0.04, 0.03, 0.05, 0.01]), (1, 3, 4))
    bad = UntestableError("has the value inf", place=1)
    assert bad.what == "replicate 1 has the value inf"
    assert bad.what_of(of.replicates) == "replicate 3 has the value inf"
    spec = {"kind": "log-ratio", "arm": "treat", "over": "base", "readout": "rate", "at": 0.5}
    ratio = Criterion("r", spec, Test("ratio-above", 0.1), "because")
    spoilt = replace(of.evidence, claim=replace(of.claim, criteria=(ratio,)))
    rows = spoilt.generate
    rows.loc[(rows["replicate"] == 3) & (rows["dose"] == 0.5), "behaviour"] = 0
    _, broken = _criteria(View(spoilt, of.replicates), 0)
    assert [one.got for one in broken] == ["replicate 3 has the ratio 0, which has no logarithm"]


def test_exploration_can_never_pass() -> None:
    """The same numbers without a registration are EXPLORATORY."""
    evidence_ = replace(made([0.02, 0.04, 0.03, 0.05, 0.01]), kind="exploration")
    evidence_.generate["split"] = "explore"
    evidence_.score["split"] = "explore"
    verdict = judge(evidence_)
    assert verdict.status is Status.EXPLORATORY
    assert verdict.criteria[0].outcome is Outcome.PASS


def test_a_status_has_no_truth_value() -> None:
    """Comparing a verdict with True is an error, not an answer."""
    with pytest.raises(TypeError, match="no truth value"):
        bool(Status.PASS)


def test_verdict_json_has_no_nan_and_names_the_status() -> None:
    """What is published is plain JSON."""
    import json

    value = judge(made([0.02, 0.04, 0.03, 0.05, 0.01])).as_json()
    assert json.loads(json.dumps(value, allow_nan=False))["status"] == "PASS"
    assert value["criteria"][0]["margin"] == 0.5
    assert value["criteria"][0]["low"] > 0.5
