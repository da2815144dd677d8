"""The judged dose is the most removing admissible one, on the select split alone."""

from __future__ import annotations

import pandas as pd

from harness.claim.schema import DoseRule
from harness.measure.dose import choose

RULE = DoseRule("treat", "base", "rate", {"ordinary_loss": 0.1, "garbage_rate": 0.05})


def summary(rows: list[tuple[str, float, float, float, float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["arm", "dose", "rate", "ordinary_loss", "garbage_rate"])


BASE = ("base", 0.0, 0.4, 2.0, 0.0)


def test_the_most_removing_dose_within_the_bounds_is_chosen() -> None:
    """Dose 1 removes most and breaks the loss bound (relative); dose .5 is next."""
    rows = [BASE, ("treat", 0.0, 0.4, 2.0, 0.0), ("treat", 0.25, 0.3, 2.0, 0.0)]
    rows += [("treat", 0.5, 0.1, 2.1, 0.04), ("treat", 1.0, 0.0, 2.3, 0.0)]
    chosen = choose(RULE, summary(rows))
    assert chosen.judged == 0.5
    assert [row.admissible for row in chosen.table] == [False, True, True, False]


def test_ties_go_to_the_smaller_dose() -> None:
    """Equal removal at less dose is preferred."""
    rows = [BASE, ("treat", 0.25, 0.1, 2.0, 0.0), ("treat", 0.5, 0.1, 2.0, 0.0)]
    assert choose(RULE, summary(rows)).judged == 0.25


def test_no_admissible_dose_is_none_and_not_the_least_bad() -> None:
    """All break a bound; dose 0 does not count as a dose."""
    rows = [BASE, ("treat", 0.0, 0.4, 2.0, 0.0), ("treat", 0.5, 0.1, 3.0, 0.0)]
    assert choose(RULE, summary(rows)).judged is None


def test_what_cannot_be_measured_is_never_admissible() -> None:
    """A dose without any step has no rate."""
    rows = [BASE, ("treat", 0.5, float("nan"), 2.0, float("nan"))]
    assert choose(RULE, summary(rows)).judged is None


def test_a_rise_over_a_loss_of_zero_is_never_admissible() -> None:
    """There is nothing to be relative to, also where the loss did not rise."""
    base = ("base", 0.0, 0.4, 0.0, 0.0)
    for loss in (0.0, 0.1):
        assert choose(RULE, summary([base, ("treat", 0.5, 0.1, loss, 0.0)])).judged is None
