"""A family's criterion: each burden on its own numbers, the family's outcome, a row per member.

"Some (or every) member lies above" is tested on the numbers that are not biased upward, "some (or
every) member lies below" on those that are not biased downward; they differ for productions only.

Not covered: the members (``harness.verdict.families``), the tests (``harness.stats.family``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from harness.claim.canonical import test_to_json
from harness.claim.schema import Criterion
from harness.stats.records import Rule, TestResult
from harness.stats.rules import decide_family
from harness.verdict import explain_family
from harness.verdict.families import FAMILIES, FamilyMember
from harness.verdict.production import gates
from harness.verdict.records import CriterionResult, Estimate, Outcome, Shown
from harness.verdict.view import View

Spec = Mapping[str, Any]


def judge_members(view: View, one: Criterion, spec: Spec, rule: Rule) -> CriterionResult:
    """Test a criterion on a family. Raises :class:`MissingNumber`, :class:`UntestableError`."""
    found = FAMILIES[spec["kind"]](view, spec)
    below = decide_family({m.name: ordered(view, m.below) for m in found}, rule, one.name)
    above = decide_family({m.name: ordered(view, m.above) for m in found}, rule, one.name)
    downward = rule.kind == "none-of"
    support, refute = (below, above) if downward else (above, below)
    outcome = _outcome(support.p_support, refute.p_refute, rule.alpha)
    rows = tuple(
        _row(view, m, spec, rule, (support.members[m.name], refute.members[m.name]), above)
        for m in found
    )
    # the member that a reader asks about: the largest, of an all-of the least; the test is of all
    pick = min if rule.kind == "all-of" else max
    lead = pick(rows, key=lambda row: row.estimate if row.estimate is not None else np.nan)
    number = Estimate(
        name=lead.name,
        estimate=lead.estimate,
        low=lead.low,
        high=lead.high,
        level=lead.level,
        p=support.p_support,
        p_against=refute.p_refute,
        outcome=outcome.name,
        values=lead.values,
        hedges_g=lead.hedges_g,
        note=explain_family.leading(spec, rule.kind, lead.name),
    )
    n = len(view.replicates)
    return CriterionResult(
        name=one.name,
        why=one.why,
        outcome=outcome,
        sentence=explain_family.family(one, number, outcome, len(found), n),
        estimand=spec,
        test=test_to_json(one.test),
        number=number,
        scale="identity",
        method=support.method,
        n=support.n,
        smallest_p=support.smallest_p,
        members=rows,
    )


def show_members(view: View, name: str, spec: Spec) -> Shown:
    """A family that is reported and never decides."""
    found = FAMILIES[spec["kind"]](view, spec)
    return explain_family.shown(name, spec, {m.name: ordered(view, m.below) for m in found})


def _outcome(p_support: float, p_refute: float, alpha: float) -> Outcome:
    if p_support <= alpha:
        return Outcome.PASS
    return Outcome.FAIL if p_refute <= alpha else Outcome.INCONCLUSIVE


def _row(
    view: View,
    m: FamilyMember,
    spec: Spec,
    rule: Rule,
    own: tuple[TestResult, TestResult],
    above: Any,
) -> Estimate:
    """A member with its own p for and against (adjusted where the family asks for it); its numbers
    are those at the best dose where it is a production."""
    support, refute = own
    drawn = support if m.production is None or rule.kind == "none-of" else refute
    return Estimate(
        name=m.name,
        estimate=drawn.estimate,
        low=drawn.low,
        high=drawn.high,
        level=drawn.level,
        p=support.p_support,
        p_against=refute.p_refute,
        outcome=_outcome(support.p_support, refute.p_refute, rule.alpha).name,
        values=drawn.values,
        hedges_g=drawn.hedges_g,
        note=drawn.reason,
        details=_gated(view, m, spec, above.members[m.name]),
    )


def _gated(view: View, m: FamilyMember, spec: Spec, chosen: TestResult) -> dict[str, Any]:
    """What a production's gate did; nothing for other members."""
    one = m.production
    if one is None:
        return {}
    return {
        "best_dose": ordered(view, one.best_dose),
        "chosen": ordered(view, one.chosen),
        "chosen_dose": ordered(view, one.chosen_dose),
        "chosen_estimate": chosen.estimate,
        "chosen_low": chosen.low,
        "chosen_high": chosen.high,
        "gates": gates(one, spec["gate"]),
        "ungated": [one.ungated[r].share for r in view.replicates],
        "ungated_dose": [one.ungated[r].dose for r in view.replicates],
    }


def ordered(view: View, values: Mapping[int, float]) -> Sequence[float]:
    """One number per replicate that counts, in order."""
    return [values[r] for r in view.replicates]
