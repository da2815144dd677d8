"""Judging: evidence in, verdict out; pure, so that anyone can judge the same measurements again.

Where a rule adds replicates, first how far it had to go (``harness.verdict.stopping``).
Order then: replicates that fail the health precondition are excluded if the claim's exclusion rule
covers them; preconditions are checked, and one that fails makes the claim INVALID; criteria are
tested, and the claim takes the worst of their outcomes. Numbers that are missing, infinite or not
numbers make the claim INVALID and are named.

Not covered: whether the evidence is what was registered (``harness.measure.job``,
``harness.verdict.verify``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.claim.canonical import test_to_json
from harness.claim.kinds import ESTIMANDS
from harness.claim.power import rule_of
from harness.claim.schema import Criterion, Precondition
from harness.errors import ClaimsError
from harness.measure.tables import Evidence
from harness.stats.records import BET, Rule, TestResult, UntestableError, methods_of
from harness.stats.rules import decide, decide_means
from harness.verdict import explain
from harness.verdict.estimands import estimate
from harness.verdict.exclusion import exclude
from harness.verdict.families import FAMILIES
from harness.verdict.judge_family import judge_members, show_members
from harness.verdict.preconditions import KINDS, Check
from harness.verdict.ratios import TWO_MEANS
from harness.verdict.records import (
    CriterionResult,
    Estimate,
    Outcome,
    PreconditionResult,
    Shown,
    Verdict,
)
from harness.verdict.stopping import DECIDED, HOPELESS, followed, words
from harness.verdict.view import MissingNumber, View
from harness.verdict.weigh import weigh

OUTCOMES = {"support": Outcome.PASS, "refute": Outcome.FAIL, "neither": Outcome.INCONCLUSIVE}
NO_EFFECT = {"identity": "superiority", "ratio": "ratio-above", "means": "mean-ratio-above"}
"""Scale of an estimand that is shown -> the rule that gives its interval."""


def judge(evidence: Evidence, judged_by: str = "", seed: int = 0) -> Verdict:
    """The verdict on one claim's evidence.

    ``judged_by`` is the evaluator's digest, kept in the record; ``seed`` is used only by tests that
    must draw sign flips at random (derived from the lock).
    """
    course = followed(evidence, lambda part: settled(part, seed))
    evidence = replace(course.counted, deviations=(*course.counted.deviations, *course.deviations))
    claim = evidence.claim
    kept, excluded = exclude(claim, evidence)
    view = View(evidence, kept)
    checks = tuple(_precondition(view, p) for p in claim.preconditions)
    criteria, broken = _criteria(view, seed)
    checks = (*checks, *broken)
    shown = tuple(s for s in (_shown(view, n, spec) for n, spec in claim.shown.items()) if s)
    status = weigh(evidence, course.complete, checks, criteria)
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
        sequential=course.told,
    )
    return explain.with_sentence(verdict, words(claim, course.told, evidence.kind))


def settled(evidence: Evidence, seed: int = 0) -> str:
    """Why a rule that adds replicates stops with this evidence; empty where it goes on.

    Only bets can be decided before the most is reached: a test for a fixed number of replicates
    that is looked at again and again is false more often than its alpha says.
    """
    view = View(evidence, exclude(evidence.claim, evidence)[0])
    criteria, broken = _criteria(view, seed)
    health = [p for p in evidence.claim.preconditions if p.kind == "health"]
    if broken or not all(_precondition(view, p).held for p in health):
        return HOPELESS
    decided = all(c.method == BET and c.outcome is not Outcome.INCONCLUSIVE for c in criteria)
    return DECIDED if decided else ""


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
            what = error.what
            if isinstance(error, UntestableError):
                what = error.what_of(view.replicates)
            broken.append(
                PreconditionResult(
                    name=f"{one.name}-measurable",
                    kind="measurable",
                    why="a criterion needs a finite number from every replicate",
                    held=False,
                    got=what,
                    needed="finite numbers that vary between replicates",
                    values=(),
                    sentence=explain.precondition(
                        f"{one.name}-measurable", False, what, "finite numbers"
                    ),
                )
            )
    return tuple(found), tuple(broken)


def criterion(view: View, one: Criterion, seed: int = 0) -> CriterionResult:
    """Test one criterion. Raises :class:`MissingNumber`, :class:`UntestableError`."""
    spec: dict[str, Any] = dict(one.estimand)
    rule = rule_of(one.test, seed)
    if spec["kind"] in FAMILIES:
        return judge_members(view, one, spec, rule)
    result = _decided(view, spec, rule, one.name)
    number = _number(one.name, result, view)
    outcome = OUTCOMES[result.decision]
    return CriterionResult(
        name=one.name,
        why=one.why,
        outcome=outcome,
        sentence=explain.criterion(one, number, outcome, len(view.replicates)),
        estimand=spec,
        test=test_to_json(one.test),
        number=number,
        scale=result.scale,
        method=result.method,
        n=result.n,
        smallest_p=result.smallest_p,
    )


def _decided(view: View, spec: Mapping[str, Any], rule: Rule, name: str) -> TestResult:
    """An estimand's numbers under a rule; two of them per replicate for a ratio of means."""
    if spec["kind"] in TWO_MEANS:
        one, two = TWO_MEANS[spec["kind"]](view, spec)
        return decide_means(_ordered(view, one), _ordered(view, two), rule, name)
    return decide(_ordered(view, estimate(view, spec)), rule, name)


def _ordered(view: View, values: Mapping[int, float]) -> list[float]:
    return [values[r] for r in view.replicates]


def _number(name: str, result: TestResult, view: View) -> Estimate:
    details = dict(result.details)
    if details.get("decided_at") is not None:  # from a place in the order to the replicate's number
        details["decided_at"] = view.replicates[details["decided_at"]]
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
        details=details,
    )


def _shown(view: View, name: str, spec: Mapping[str, Any]) -> Shown | None:
    """An estimand that never decides; left out if it cannot be computed."""
    try:
        if spec["kind"] in FAMILIES:
            return show_members(view, name, spec)
        kind = NO_EFFECT[ESTIMANDS[spec["kind"]].scale]
        margin = 0.0 if kind == "superiority" else 1.0
        rule = Rule(kind, margin, method=methods_of(kind)[0])
        result = _decided(view, spec, rule, name)
    except ClaimsError as error:
        return explain.not_shown(name, spec, error.what)
    return explain.shown(name, spec, _number(name, result, view), result.scale)
