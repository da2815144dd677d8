"""Families of differences, ratios of means and bets as a page shows them."""

from __future__ import annotations

from typing import Any

from harness.report.criteria import criteria_views, replicate_labels
from harness.report.forest_figure import family_figure, forest_figure
from harness.verdict.records import Verdict
from tests.verdict.test_families import APART, made
from tests.verdict.test_ratios import BET, CONTRAST, FIELLER, MEANS, ONES, TWOS, judged


def row(verdict: Verdict) -> dict[str, Any]:
    found: dict[str, Any] = verdict.as_json()["criteria"][0]
    return found


def test_members_are_called_what_they_are() -> None:
    """Steps and contrasts are no candidates; the margin is shaded on the claimed side."""
    verdict = made(margin=0.1)
    (view,) = criteria_views(verdict.as_json())
    assert view.members is not None
    assert view.members.headers[0] == "step"
    assert view.needed == "above 0.1 in every member"
    figure = family_figure("", row(verdict)["members"], row(verdict), "f", (0.0, 0.4))
    assert "Interval plot of 2 steps" in figure.description
    assert "low minus base: 0.29" in figure.description
    assert figure.wide.count("fi-shade") == 1
    (apart,) = criteria_views(made(spec=APART, test="some-of", margin=0.1).as_json())
    assert apart.members is not None
    assert apart.members.headers[:2] == ("contrast", "arm")


def test_a_ratio_over_zero_is_a_gap_in_the_forest() -> None:
    """A replicate without a ratio is a dash; an unbounded set has no whisker and says why."""
    verdict = judged(ONES, [0.0, 0.0, 0.3, 0.0, 0.0, 0.0], MEANS, FIELLER)
    (view,) = criteria_views(verdict.as_json())
    assert "unbounded" in view.note
    labels = replicate_labels(verdict.as_json(), 6)
    figure = forest_figure(row(verdict), labels, "f")
    assert figure.table.rows[0] == ("r0", "\N{EM DASH}")
    assert "nan" not in figure.wide.lower()
    sound = forest_figure(row(judged(ONES, TWOS, MEANS, FIELLER)), labels, "g")
    assert sound.wide.count("fi-shade") == 1


def test_a_bet_says_when_it_was_decided() -> None:
    """Among the facts of the criterion."""
    ones = [0.3, 0.31, 0.32, 0.33, 0.34, 0.0, 0.0]
    (view,) = criteria_views(judged(ones, [0.1] * 7, CONTRAST, BET).as_json())
    assert ("bet", "decided at replicate 4, after 5, staking 0.85 on each") in view.facts
    (open_,) = criteria_views(judged(ones[4:], [0.1] * 3, CONTRAST, BET).as_json())
    assert ("bet", "not decided, after 3, staking 0.85 on each") in open_.facts
