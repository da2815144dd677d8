"""Judging: evidence in, verdict out; pure, so that anyone can judge the same measurements again.

Order: replicates that fail the health precondition are excluded if the claim's exclusion rule
covers them; preconditions are checked, and one that fails makes the claim INVALID; criteria are
tested, and the claim takes the worst of their outcomes. Numbers that are missing, infinite or not
numbers make the claim INVALID and are named.

Not covered: whether the evidence is what was registered (``harness.measure.job``,
``harness.verdict.verify``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.claim.schema import Criterion, Precondition
from harness.claim.schema import Test as ClaimTest
from harness.errors import ClaimsError
from harness.measure.tables import Evidence
from harness.stats.records import FamilyResult, Rule, TestResult, UntestableError
from harness.stats.rules import decide, decide_family
from harness.verdict import explain
from harness.verdict.estimands import estimate
from harness.verdict.exclusion import exclude
from harness.verdict.preconditions import KINDS, Check
from harness.verdict.production import Member, gates, members
from harness.verdict.records import (
    CriterionResult,
    Estimate,
    Outcome,
    PreconditionResult,
    Shown,
    Verdict,
)
from harness.verdict.view import MissingNumber, View
from harness.verdict.weigh import weigh

OUTCOMES = {"support": Outcome.PASS, "refute": Outcome.FAIL, "neither": Outcome.INCONCLUSIVE}
FAMILY = "best-production"


def judge(evidence: Evidence, judged_by: str = "", seed: int = 0) -> Verdict:
    """The verdict on one claim's evidence.

    ``judged_by`` is the evaluator's digest, kept in the record; ``seed`` is used only by tests that
    must draw sign flips at random (derived from the lock).
    """
    claim = evidence.claim
    kept, excluded = exclude(claim, evidence)
    view = View(evidence, kept)
    checks = tuple(_precondition(view, p) for p in claim.preconditions)
    complete = len(evidence.replicates) == claim.subject.replicates
    criteria, broken = _criteria(view, seed)
    checks = (*checks, *broken)
    shown = tuple(s for s in (_shown(view, n, spec) for n, spec in claim.shown.items()) if s)
    status = weigh(evidence, complete, checks, criteria)
    verdict = Verdict(
        claim=claim.id,
        title=claim.title,
        statement=claim.statement,
        status=status,
        sentence="",
        scope=explain.scope(claim, len(kept)),
        unit=claim.unit,
        n=len(kept),
        registration=evidence.registration,
        attempt=evidence.attempt,
        kind=evidence.kind,
        judged_by=judged_by,
        excluded=excluded,
        preconditions=checks,
        criteria=criteria,
        shown=shown,
        dose={
            "judged": [view.record(r)["dose"]["judged"] for r in kept],
            "replicates": list(kept),
        },
        deviations=evidence.deviations,
        does_not_show=claim.does_not_show,
    )
    return explain.with_sentence(verdict)


def _precondition(view: View, one: Precondition) -> PreconditionResult:
    try:
        check = KINDS[one.kind](view, one.params)
    except MissingNumber as error:
        check = Check(False, error.what, "a number in every replicate", ())
    return PreconditionResult(
        name=one.name,
        kind=one.kind,
        why=one.why,
        held=check.held,
        got=check.got,
        needed=check.needed,
        values=check.values,
        sentence=explain.precondition(one.name, check.held, check.got, check.needed),
    )


def _criteria(
    view: View, seed: int
) -> tuple[tuple[CriterionResult, ...], tuple[PreconditionResult, ...]]:
    """Criteria that could be computed; those that could not, as failed preconditions."""
    found, broken = [], []
    for one in view.claim.criteria:
        try:
            found.append(criterion(view, one, seed))
        except (MissingNumber, UntestableError) as error:
            broken.append(
                PreconditionResult(
                    name=f"{one.name}-measurable",
                    kind="measurable",
                    why="a criterion needs a finite number from every replicate",
                    held=False,
                    got=error.what,
                    needed="finite numbers that vary between replicates",
                    values=(),
                    sentence=explain.precondition(
                        f"{one.name}-measurable", False, error.what, "finite numbers"
                    ),
                )
            )
    return tuple(found), tuple(broken)


def _rule(test: ClaimTest, seed: int) -> Rule:
    return Rule(test.kind, test.margin, test.alpha, test.method, seed)


def criterion(view: View, one: Criterion, seed: int = 0) -> CriterionResult:
    """Test one criterion. Raises :class:`MissingNumber`, :class:`UntestableError`."""
    spec: dict[str, Any] = dict(one.estimand)
    rule = _rule(one.test, seed)
    if spec["kind"] == FAMILY:
        return _family(view, one, spec, rule)
    values = estimate(view, spec)
    result = decide([values[r] for r in view.replicates], rule, one.name)
    number = _number(one.name, result)
    outcome = OUTCOMES[result.decision]
    return CriterionResult(
        name=one.name,
        why=one.why,
        outcome=outcome,
        sentence=explain.criterion(one, number, outcome, len(view.replicates)),
        estimand=spec,
        test=_test(one.test),
        number=number,
        scale=result.scale,
        method=result.method,
        n=result.n,
        smallest_p=result.smallest_p,
    )


def _family(view: View, one: Criterion, spec: Mapping[str, Any], rule: Rule) -> CriterionResult:
    """None-of: supported by the best doses, refuted by the doses chosen beforehand."""
    found = members(view, spec)
    best = decide_family({m.name: _ordered(view, m.best) for m in found}, rule, one.name)
    chosen = decide_family({m.name: _ordered(view, m.chosen) for m in found}, rule, one.name)
    outcome = Outcome.INCONCLUSIVE
    if best.p_support <= rule.alpha:
        outcome = Outcome.PASS
    elif chosen.p_refute <= rule.alpha:
        outcome = Outcome.FAIL
    rows = tuple(_member(view, m, best, chosen, one) for m in found)
    # the one that produced most, which is what a reader asks about; the test is over all of them
    name = max(best.members, key=lambda m: best.members[m].estimate)
    lead = best.members[name]
    number = Estimate(
        name=name,
        estimate=lead.estimate,
        low=lead.low,
        high=lead.high,
        level=lead.level,
        p=best.p_support,
        p_against=chosen.p_refute,
        outcome=outcome.name,
        values=lead.values,
        hedges_g=lead.hedges_g,
        note=f"the member with most production: {name}",
    )
    return CriterionResult(
        name=one.name,
        why=one.why,
        outcome=outcome,
        sentence=explain.family(one, number, outcome, len(found), len(view.replicates)),
        estimand=spec,
        test=_test(one.test),
        number=number,
        scale="identity",
        method=best.method,
        n=best.n,
        smallest_p=best.smallest_p,
        members=rows,
    )


def _member(
    view: View, m: Member, best: FamilyResult, chosen: FamilyResult, one: Criterion
) -> Estimate:
    alpha, gate = one.test.alpha, one.estimand["gate"]
    top, beforehand = best.members[m.name], chosen.members[m.name]
    support = top.p_support_raw if top.p_support_raw is not None else top.p_support
    outcome = Outcome.INCONCLUSIVE
    if support <= alpha:
        outcome = Outcome.PASS
    elif beforehand.p_refute <= alpha:
        outcome = Outcome.FAIL
    return Estimate(
        name=m.name,
        estimate=top.estimate,
        low=top.low,
        high=top.high,
        level=top.level,
        p=support,
        p_against=beforehand.p_refute,
        outcome=outcome.name,
        values=top.values,
        hedges_g=top.hedges_g,
        note=top.reason,
        details={
            "best_dose": _ordered(view, m.best_dose),
            "chosen": _ordered(view, m.chosen),
            "chosen_dose": _ordered(view, m.chosen_dose),
            "chosen_estimate": beforehand.estimate,
            "chosen_low": beforehand.low,
            "chosen_high": beforehand.high,
            "gates": gates(m, gate),
            "ungated": [m.ungated[r].share for r in view.replicates],
            "ungated_dose": [m.ungated[r].dose for r in view.replicates],
        },
    )


def _ordered(view: View, values: Mapping[int, float]) -> list[float]:
    return [values[r] for r in view.replicates]


def _test(test: ClaimTest) -> dict[str, Any]:
    return {
        "kind": test.kind,
        "margin": test.margin,
        "alpha": test.alpha,
        "method": test.method,
    }


def _number(name: str, result: TestResult) -> Estimate:
    return Estimate(
        name=name,
        estimate=result.estimate,
        low=result.low,
        high=result.high,
        level=result.level,
        p=result.p_support,
        p_against=result.p_refute,
        outcome=OUTCOMES[result.decision].name,
        values=result.values,
        hedges_g=result.hedges_g,
        note=result.reason,
    )


def _shown(view: View, name: str, spec: Mapping[str, Any]) -> Shown | None:
    """An estimand that never decides; left out if it cannot be computed."""
    try:
        if spec["kind"] == FAMILY:
            return explain.shown_family(name, spec, members(view, spec), view.replicates)
        values = estimate(view, spec)
        kind = "ratio-above" if spec["kind"] in explain.RATIOS else "superiority"
        margin = 1.0 if kind == "ratio-above" else 0.0
        result = decide([values[r] for r in view.replicates], Rule(kind, margin), name)
    except ClaimsError as error:
        return explain.not_shown(name, spec, error.what)
    return explain.shown(name, spec, _number(name, result), result.scale)
