"""Families of differences: their members by hand, and what the judge says of all of them."""

from __future__ import annotations

from typing import Any

import pytest

from harness.claim.schema import Arm
from harness.verdict.families import FAMILIES
from harness.verdict.judge import judge
from harness.verdict.records import CriterionResult, Outcome, Verdict
from harness.verdict.view import MissingNumber, View
from tests.verdict.synthetic import cell, claim, evidence, superiority
from tests.verdict.test_judge import HEALTHY

DOSES = (0.0, 0.5, 1.0)
ARMS = (
    Arm("base", "standard"),
    Arm("low", "standard", "onset", "add", ("d",), doses=DOSES),
    Arm("high", "standard", "onset", "add", ("e", "f"), doses=DOSES),
)
ORDER = {"kind": "ordering", "arms": ["base", "low", "top"], "readout": "rate", "at": 1.0}
ALONG = {"kind": "dose-ordering", "arm": "low", "readout": "rate", "doses": [0.0, 0.5, 1.0]}
APART = {
    "kind": "contrasts", "arms": ["low", "high"], "minus": "base", "readout": "rate", "at": 1.0,
}  # fmt: skip
TOP = Arm("top", "standard", "onset", "add", ("e",), doses=(0.0, 1.0))
WAVER = (0.0, 0.01, -0.01, 0.02, -0.02, 0.015)


def made(
    low: tuple[float, float] = (0.2, 0.4),
    top: float = 0.6,
    high: tuple[float, float] = (0.3, 0.1),
    spec: dict[str, Any] = ORDER,
    test: str = "all-of",
    margin: float = 0.0,
    method: str = "t",
    shown: dict[str, Any] | None = None,
) -> Verdict:
    """Six replicates that waver; ``low`` at its two doses, two candidates of ``high``."""
    cells = []
    for r, w in enumerate(WAVER):
        cells.append(cell("base", r, rate=0.1 + w / 2))
        for dose, rate in zip(DOSES, (0.1 + w / 2, low[0] + w, low[1] - w), strict=True):
            cells.append(cell("low", r, rate=rate, dose=dose, variant="d"))
        for dose, rate in ((0.0, 0.1), (1.0, top + 2 * w)):
            cells.append(cell("top", r, rate=rate, dose=dose, variant="e"))
        for variant, rate in zip("ef", high, strict=True):
            cells.append(cell("high", r, rate=rate + w, dose=1.0, variant=variant))
    one = superiority("c", spec, margin, test)
    one = type(one)(one.name, one.estimand, type(one.test)(test, margin, 0.05, method), one.why)
    of = claim((*ARMS, TOP), [one], [HEALTHY], replicates=6, shown=shown or {})
    return judge(evidence(of, cells))


def result(verdict: Verdict) -> CriterionResult:
    return verdict.criteria[0]


def test_steps_are_differences_of_neighbours_in_the_stated_order() -> None:
    """Each arm minus the one before it; each dose minus the dose before it."""
    order, along = result(made()), result(made(spec=ALONG))
    assert [m.name for m in order.members] == ["low minus base", "top minus low"]
    assert order.members[0].values[1] == pytest.approx(0.4 - 0.01 - 0.105)
    assert order.members[1].values[1] == pytest.approx(0.62 - 0.39)
    assert [m.name for m in along.members] == ["0.5 minus 0", "1 minus 0.5"]
    assert along.members[1].values[1] == pytest.approx(0.39 - 0.21)


def test_contrasts_have_a_member_per_arm_and_candidate() -> None:
    """An arm of one direction is named by itself, candidates by arm and direction."""
    found = result(made(spec=APART, test="some-of", margin=0.1))
    assert [m.name for m in found.members] == ["low", "high/e", "high/f"]
    assert [round(m.values[0], 3) for m in found.members] == [0.3, 0.2, 0.0]


@pytest.mark.parametrize("method", ["t", "sign-flip"])
@pytest.mark.parametrize(
    ("top", "margin", "outcome"),
    [
        (0.6, 0.1, Outcome.PASS),
        (0.3, 0.0, Outcome.FAIL),
        (0.41, 0.0, Outcome.INCONCLUSIVE),
        (0.5, 0.25, Outcome.FAIL),
    ],
)
def test_an_order_passes_by_every_step_and_fails_by_one(
    top: float, margin: float, outcome: Outcome, method: str
) -> None:
    """Every step above the margin; one below it; one at it; all but one above."""
    assert result(made(top=top, margin=margin, method=method)).outcome is outcome


def test_a_falling_order_is_the_reversed_list() -> None:
    """What rises from base to top does not rise from top to base."""
    falling = {**ORDER, "arms": ["top", "low", "base"]}
    assert result(made(spec=falling)).outcome is Outcome.FAIL
    assert result(made(spec=falling, margin=-1.0)).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("test", "margin", "outcome"),
    [
        ("some-of", 0.2, Outcome.PASS),
        ("some-of", 0.5, Outcome.FAIL),
        ("all-of", -0.1, Outcome.PASS),
        ("all-of", 0.1, Outcome.FAIL),
        ("none-of", 0.5, Outcome.PASS),
        ("none-of", 0.1, Outcome.FAIL),
        ("all-of", 0.0, Outcome.INCONCLUSIVE),
    ],
)
def test_some_all_and_none_of_several_contrasts(test: str, margin: float, outcome: Outcome) -> None:
    """Members at .3, .2 and 0 above the base."""
    assert result(made(spec=APART, test=test, margin=margin)).outcome is outcome


def test_the_sentence_says_which_member_and_what_of_all() -> None:
    """The least step of an order; the largest of some."""
    order = made(top=0.41)
    assert "lowest of 2 steps in rate, top minus low, is" in order.criteria[0].sentence
    assert "not settled whether all lie above 0" in order.criteria[0].sentence
    some = made(spec=APART, test="some-of", margin=0.2)
    assert "highest of 3 contrasts in rate, low, is" in some.criteria[0].sentence
    assert "some contrast lies above 0.2" in some.criteria[0].sentence
    worse = made(spec=APART, test="some-of", margin=0.5)
    assert "excludes that any reaches 0.5" in worse.criteria[0].sentence
    single = made(spec={**ORDER, "arms": ["base", "top"]}, margin=0.0, top=0.5)
    assert "The one step in rate, top minus base, is" in single.criteria[0].sentence
    assert ": it lies above 0 (" in single.criteria[0].sentence


def test_a_member_of_some_carries_its_adjusted_p() -> None:
    """Three tests of one family: nobody passes by an unadjusted p."""
    found = result(made(spec=APART, test="some-of", margin=0.2))
    ps = [m.p for m in found.members if m.p is not None]
    assert found.number.p == pytest.approx(min(ps))
    alone = result(made(spec={**APART, "arms": ["low"]}, test="some-of", margin=0.2))
    assert min(ps) == pytest.approx(3 * (alone.number.p or 0))


def test_a_family_that_is_shown_never_decides() -> None:
    """The member that lies highest, without an outcome."""
    (row,) = made(shown={"steps": {**ORDER, "label": "the order"}}).shown
    assert row.sentence == "the order: the highest of 2 steps, low minus base, is 0.296."
    assert row.number.outcome == ""


def test_a_member_without_a_number_is_named() -> None:
    """A dose that was not measured is no step."""
    view = View(evidence(claim(ARMS, replicates=1), [cell("low", 0, rate=0.1, variant="d")]), (0,))
    with pytest.raises(MissingNumber, match=r"'low' 'd' at dose 0\.5"):
        FAMILIES["dose-ordering"](view, ALONG)
