"""Margins that cannot lose or cannot win, numbers that are fixed beforehand, expectations.

Not covered: nulls, which need more than a margin (``nulls``); the replicates (``decidable``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from math import inf

from harness.claim.schema import Criterion, Test
from harness.lock.refusal import Refusal, refusal
from harness.lock.rules.design import Design, Span, listed
from harness.lock.rules.probed import PROBES, alike
from harness.lock.rules.spans import FEATURES, UPWARD, Undefined, span, times

EDGE = 1e-3
"""A margin nearer to the end of a natural range than this is at its end."""
EFFECTS = ("closed-gap", "beyond-controls")
STRICTEST: Mapping[str, float] = {"garbage_rate": 0.01, "ordinary_loss": 0.01, "specificity": 0.95}
"""For a null, the tightest gate that still lets a coherent production through."""
LOOSEST: Mapping[str, float] = {"garbage_rate": 0.5, "ordinary_loss": 1.0}
"""For a production, the widest gate that still asks for coherence; losses are relative."""


def margins(design: Design, criterion: Criterion) -> Iterator[Refusal]:
    """What the estimand's range says about the margin and the expectation."""
    where, test = f"criteria.{criterion.name}", criterion.test
    try:
        natural = span(design, criterion)
    except Undefined as error:
        yield refusal("unreachable", f"{where}.estimand", str(error))
        return
    if natural[0] == natural[1]:
        reason = (
            f"whatever is measured it is {natural[0]:g}: the same is compared with itself, or an "
            "intervention at dose 0 with the model as it is"
        )
        yield refusal("same", f"{where}.estimand", reason)
        return
    place = f"{where}.test.margin"
    spoken = f"[{natural[0]:g}, {natural[1]:g}]"
    if _at_dose_zero(design, criterion):
        reason = "it reads an intervention at dose 0, which is the model as it is"
        yield refusal("same", f"{where}.estimand", reason)
    if (doing_nothing := _by_nothing(design, criterion)) is not None:
        yield refusal("margin", place, doing_nothing)
    elif _all_meet(test, natural):
        yield refusal("margin", place, f"every outcome in {spoken} meets {test.margin:g}")
    elif design.pilot is not None and _all_meet(test, span(design, criterion, seen=True)):
        reason = f"where the exploration lies, every outcome meets {test.margin:g}"
        yield refusal("pilot", place, reason)
    if _none_meets(test, natural):
        yield refusal("unreachable", place, f"no outcome in {spoken} meets {test.margin:g}")
    expect = criterion.expect
    if expect is not None and not natural[0] <= expect.effect <= natural[1]:
        reason = f"the expected effect {expect.effect:g} cannot come out: the range is {spoken}"
        yield refusal("expect-side", f"{where}.expect", reason)
    yield from _gate(criterion)
    yield from _markers(criterion)


def _at_dose_zero(design: Design, criterion: Criterion) -> bool:
    keys = ("arm", "arms", "minus", "over", "against")
    arms = {name for key in keys for name in listed(criterion.estimand.get(key))}
    return criterion.estimand.get("at") == 0.0 and any(
        design.arms[a].operation for a in arms if a in design.arms
    )


def _edge(bounds: Span) -> float:
    """The tolerance at the ends of a range: none for ratios, whose ends are far out already."""
    return 0.0 if bounds[0] > 0 else EDGE


def _all_meet(test: Test, natural: Span) -> bool:
    low, high = natural
    edge = _edge(natural)
    if test.kind == "equivalence":
        return test.margin >= max(-low, high) - edge
    return test.margin <= low + edge if test.kind in UPWARD else test.margin >= high - edge


def _none_meets(test: Test, natural: Span) -> bool:
    low, high = natural
    edge = _edge(natural)
    if test.kind == "equivalence":
        return low >= test.margin - edge or high <= -test.margin + edge
    return test.margin >= high - edge if test.kind in UPWARD else test.margin <= low + edge


def _by_nothing(design: Design, criterion: Criterion) -> str | None:
    """Why doing nothing meets a margin on an effect; None where it does not."""
    spec, kind, margin = criterion.estimand, criterion.test.kind, criterion.test.margin
    upward = kind in UPWARD
    if spec.get("kind") in EFFECTS:
        if upward and margin < 0:
            return "an intervention that does nothing meets it"
        if not upward and margin >= 1:
            return "closing the whole gap meets it, and so does nothing"
    same = alike(spec) if spec.get("kind") in PROBES else None
    if same is not None and upward and margin < same:
        return f"two models that do not differ give {same:g}, which meets it"
    if spec.get("kind") in FEATURES and upward and margin < 1:
        return "two models that do not differ have the ratio 1, which meets it"
    if spec.get("kind") != "best-production":
        return None
    if not upward and margin >= 1:
        return "producing as much as the trained model meets it"
    if not upward and margin <= 0:
        return f"a null needs a smallest effect of interest above 0; the margin is {margin:g}"
    if upward:
        trained, base = (design.source(spec[key]) for key in ("trained", "baseline"))
        k, _ = times(design, trained, base, str(spec["readout"]))
        nothing = 1 / k if k else inf
        if margin <= nothing:
            return (
                f"an intervention that does nothing may reach {nothing:.3g} of the trained model; "
                "a larger margin, or a ratio precondition of trained over baseline, excludes that"
            )
    return None


def _gate(criterion: Criterion) -> Iterator[Refusal]:
    """A gate decides a family together with the margin."""
    if criterion.estimand.get("kind") != "best-production":
        return
    gate, null = criterion.estimand["gate"], criterion.test.kind == "none-of"
    for name, value in gate.items():
        where = f"criteria.{criterion.name}.estimand.gate.{name}"
        if null and name in STRICTEST:
            strict = value > STRICTEST[name] if name == "specificity" else value < STRICTEST[name]
            if strict:
                reason = (
                    f"with {value:g} hardly a dose above 0 passes, and none produces: a null by "
                    f"construction; {STRICTEST[name]:g} is the strictest for a null"
                )
                yield refusal("gate", where, reason)
        elif not null and name in LOOSEST and value >= LOOSEST[name]:
            reason = f"with {value:g} a broken model passes; write less than {LOOSEST[name]:g}"
            yield refusal("gate", where, reason)


def _markers(criterion: Criterion) -> Iterator[Refusal]:
    """Thresholds that no feature passes leave a ratio of nothing to nothing."""
    spec = criterion.estimand
    if spec.get("kind") != "feature-asymmetry":
        return
    for name, most in (("min_rate", 1.0), ("ratio_at_least", 1e6)):
        if spec[name] >= most:
            where = f"criteria.{criterion.name}.estimand.{name}"
            yield refusal("unreachable", where, f"no feature marks a model at {spec[name]:g}")


def contradictions(design: Design) -> Iterator[Refusal]:
    """Criteria on the same number whose supports have nothing in common."""
    for one, two in combinations(design.claim.criteria, 2):
        if dict(one.estimand) != dict(two.estimand):
            continue
        (a, b), (c, d) = _supported(one.test), _supported(two.test)
        if max(a, c) >= min(b, d):
            reason = f"criteria {one.name} and {two.name} cannot both be supported"
            yield refusal("unreachable", f"criteria.{two.name}.test", reason)


def _supported(test: Test) -> Span:
    if test.kind == "equivalence":
        return -test.margin, test.margin
    return (test.margin, inf) if test.kind in UPWARD else (-inf, test.margin)
