"""Rules on a claim's design: margins that cannot lose, arms without a check, nulls without control.

Not covered: what the planned replicates can decide (``harness.lock.lint``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.claim.power import arms_under_test
from harness.claim.schema import Arm, Claim, Criterion, Precondition
from harness.lock.refusal import Refusal, refusal

CONTROLS_AT_LEAST = 20
PLANNED_DOSE = ("add", "subtract")
"""Operations whose dose is planned, so that the realised one can be held against it."""
SHARES = ("rate", "garbage_rate", "onset_mass", "elsewhere_mass")
"""Readouts that lie in [0, 1]."""
NOT_ARMS = ("kind", "readout", "damage", "at", "quantile")


def named_arms(claim: Claim, criterion: Criterion) -> tuple[Arm, ...]:
    """Every arm that an estimand names, under whichever key."""
    known = {arm.name: arm for arm in claim.arms}
    words: list[str] = []
    for key, value in criterion.estimand.items():
        if key not in NOT_ARMS:
            words += [value] if isinstance(value, str) else items(value)
    return tuple(known[w] for w in dict.fromkeys(words) if w in known)


def items(value: object) -> list[str]:
    """The words of a list; nothing where it is no list."""
    return [v for v in value if isinstance(v, str)] if isinstance(value, list | tuple) else []


def _range(criterion: Criterion) -> tuple[float, float] | None:
    """The values an estimand can take, where its kind and readout fix them."""
    estimand = criterion.estimand
    if criterion.test.kind == "ratio-above":
        return 0.0, float("inf")
    if estimand.get("readout") not in SHARES:
        return None
    return {"level": (0.0, 1.0), "share": (0.0, 1.0), "difference": (-1.0, 1.0)}.get(
        str(estimand.get("kind"))
    )


def margin_rules(criterion: Criterion) -> Iterator[Refusal]:
    """Margins that every outcome meets, or none can."""
    where, kind, margin = f"criteria.{criterion.name}.test.margin", *_test(criterion)
    if kind == "equivalence" and margin <= 0:
        return  # the rule itself is refused
    upward = kind in ("superiority", "ratio-above", "some-of")
    if criterion.estimand.get("kind") == "closed-gap":
        if upward and margin < 0:
            yield refusal("margin", where, "an intervention that does nothing meets it")
        elif upward and margin > 1:
            yield refusal("unreachable", where, "nothing closes more than the whole gap")
        elif margin > 1:
            yield refusal("margin", where, "closing the whole gap meets it, and so does nothing")
        return
    bounds = _range(criterion)
    if bounds is None:
        return
    low, high = bounds
    if kind == "equivalence":
        met, impossible = margin >= max(-low, high), False
    else:
        met, impossible = (margin <= low, margin >= high)
        if not upward:
            met, impossible = impossible, met
    span = f"[{low:g}, {high:g}]"
    if met:
        yield refusal("margin", where, f"every outcome in {span} meets the margin {margin:g}")
    if impossible:
        yield refusal("unreachable", where, f"no outcome in {span} meets the margin {margin:g}")


def _test(criterion: Criterion) -> tuple[str, float]:
    return criterion.test.kind, criterion.test.margin


def _tested(claim: Claim, criterion: Criterion) -> tuple[Arm, ...]:
    """The intervening arms that decide a criterion."""
    named = set(arms_under_test(criterion))
    return tuple(arm for arm in claim.arms if arm.name in named and arm.operation)


def _mentions(precondition: Precondition, arm: str) -> bool:
    return any(v == arm or arm in items(v) for v in precondition.params.values())


def arm_rules(claim: Claim, criterion: Criterion) -> Iterator[Refusal]:
    """Manipulation checks and random controls."""
    bands = [p for p in claim.preconditions if p.kind == "dose-band"]
    for arm in _tested(claim, criterion):
        if arm.operation in PLANNED_DOSE and not any(_mentions(p, arm.name) for p in bands):
            reason = f"no precondition of kind dose-band for arm {arm.name}, which decides"
            yield refusal("dose-band", f"criteria.{criterion.name}", reason)
    for arm in named_arms(claim, criterion):
        if arm.control and arm.count < CONTROLS_AT_LEAST:
            reason = f"{arm.count} random controls; compare with at least {CONTROLS_AT_LEAST}"
            yield refusal("random-controls", f"arms.{arm.name}.count", reason)


def null_rules(claim: Claim, criterion: Criterion) -> Iterator[Refusal]:
    """A claim that an intervention does not work needs a margin, a control that does, and dose."""
    kind, margin = _test(criterion)
    tested = _tested(claim, criterion)
    producing = kind == "below" and margin > 0 and any(a.operation == "add" for a in tested)
    if not tested or not (kind in ("equivalence", "none-of") or producing):
        return
    where = f"criteria.{criterion.name}"
    if margin <= 0:
        reason = (
            f"a null claim needs a smallest effect of interest above 0; the margin is {margin:g}"
        )
        yield refusal("margin", f"{where}.test.margin", reason)
    ours = {arm.name for arm in tested} | {
        str(c.estimand[k])
        for c in claim.criteria
        for k in ("baseline", "reference")
        if k in c.estimand
    }
    others = [arm.name for arm in claim.arms if arm.name not in ours and not arm.control]
    controls = [p for p in claim.preconditions if p.kind in ("share", "ratio")]
    if not any(_mentions(p, name) for p in controls for name in others):
        yield refusal(
            "positive-control",
            where,
            "a null claim without a precondition (share or ratio) on an arm outside the tested "
            "ones that must work: the measurement may be unable to see an effect",
        )
    covers = [p for p in claim.preconditions if p.kind == "coverage"]
    for arm in tested:
        if not any(_mentions(p, arm.name) for p in covers):
            reason = f"a null claim without dose coverage of arm {arm.name}: it may be underdosed"
            yield refusal("coverage", where, reason)


def pilot_rules(criterion: Criterion, pilot: Mapping[str, Sequence[float]]) -> Iterator[Refusal]:
    """A metric at its floor or ceiling, or without variation, before anything is locked."""
    bounds = _range(criterion)
    for name, values in pilot.items():
        if name.split("/", 1)[0] != criterion.name or len(values) < 2:
            continue
        ends = [e for e in bounds or () if all(abs(v - e) < 1e-9 for v in values)]
        if ends:
            reason = f"the pilot sits at {ends[0]:g}, an end of its range, in every replicate"
            yield refusal("pilot", f"criteria.{name}", reason)
        elif max(values) - min(values) < 1e-12:
            reason = f"the pilot is {values[0]:g} in every replicate: it does not vary"
            yield refusal("pilot", f"criteria.{name}", reason)
