"""Ratios of two arms that no single quotient per replicate stands for: of means, of odds.

- mean-ratio: the two readouts of a replicate, whose means over replicates are divided. A readout
  of 0 is a number here, also in the denominator.
- stratified-odds: per replicate the Mantel-Haenszel odds ratio of steps with the behaviour over
  strata of prompts (``harness.stats.odds``), or, to be shown only, with the strata thrown together.

Not covered: quotients per replicate (``log-ratio`` in ``harness.verdict.estimands``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.stats.odds import Counts, common_odds, crude_odds
from harness.stats.records import UntestableError
from harness.verdict.view import MissingNumber, View

Spec = Mapping[str, Any]
Values = dict[int, float]
COUNTED = {"rate": "behaviour", "garbage_rate": "garbage"}
"""Readout -> the column of steps that it counts."""


def mean_ratio(view: View, spec: Spec) -> tuple[Values, Values]:
    """Numerator and denominator of every replicate."""
    readout, at = spec["readout"], spec.get("at")
    one = {r: view.value(r, spec["arm"], readout, at) for r in view.replicates}
    two = {r: view.value(r, spec["over"], readout, at) for r in view.replicates}
    return one, two


def stratified_odds(view: View, spec: Spec) -> Values:
    """The common odds ratio of every replicate. Raises :class:`MissingNumber` where an arm has no
    step in a stratum, or where the ratio is 0 or has no denominator."""
    pooled = common_odds if spec["stratified"] else crude_odds
    out = {}
    for r in view.replicates:
        one, two = _counts(view, spec, r, spec["arm"]), _counts(view, spec, r, spec["over"])
        try:
            out[r] = pooled(one, two)
        except UntestableError as error:
            raise MissingNumber(
                f"odds of {spec['readout']}, {spec['arm']} over {spec['over']}, replicate {r}: "
                f"{error.what}",
                where=view.claim.id,
                fix=error.fix,
            ) from error
    return out


def _counts(view: View, spec: Spec, r: int, arm: str) -> Counts:
    rows = view.generated(r, arm, spec.get("at")).groupby("stratum", sort=True)
    sums = rows[[COUNTED[spec["readout"]], "steps"]].sum()
    return {str(stratum): (int(hits), int(steps)) for stratum, hits, steps in sums.itertuples()}


TWO_MEANS: Mapping[str, Callable[[View, Spec], tuple[Values, Values]]] = {"mean-ratio": mean_ratio}
"""Kind of estimand -> its two numbers per replicate."""
