"""The course of a bet on signs as a table: what was bet on, and what either side came to.

Not covered: bets after they were decided (``harness.stats.sequential`` stops there).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.report.figure import Table
from harness.report.words import number, plain


def bet_table(row: Mapping[str, Any], replicates: tuple[str, ...]) -> Table | None:
    """A criterion's bet by replicate, until it was decided; None where nothing is bet.

    ``replicates`` are the labels of all of its values, in their order.
    """
    details, test = row.get("details") or {}, row.get("test") or {}
    for_, against = details.get("wealth"), details.get("wealth_against")
    if not for_ or not against or not test.get("alpha"):
        return None
    decides = plain(1 / float(test["alpha"]))
    rounds = zip(replicates, row.get("values") or (), for_, against, strict=False)
    return Table(
        ("replicate", "value", "bet for the claim", "bet against it", "decides at"),
        tuple(
            (label, number(value, 3), number(one, 3), number(two, 3), decides)
            for label, value, one, two in rounds
        ),
    )


def measured_words(told: Mapping[str, Any] | None) -> str:
    """How many replicates a rule that adds them came to; empty where there is none."""
    if not told:
        return ""
    return (
        f"{plain(told['measured'])} of at most {plain(told['most'])}, looked at after "
        f"{plain(told['first'])} and then every {plain(told['step'])}"
    )
