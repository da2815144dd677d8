"""Manipulation checks and random controls.

An arm that is only compared with (``than``) needs no dose band: where it did not fire it has
removed nothing, and the difference is 0.

Not covered: positive controls (``nulls``).
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.claim.schema import Arm, Criterion
from harness.lock.refusal import Refusal, refusal
from harness.lock.rules.design import PUSHES, Design, listed

CONTROLS_AT_LEAST = 20
QUANTILE_AT_LEAST = 0.9


def _rank(design: Design, arm: Arm) -> int:
    """How many directions an arm's vectors span."""
    names = arm.directions if arm.of is None else (arm.of,)
    return max((d.rank or 1 for d in design.claim.directions if d.name in names), default=1)


def _like(arm: Arm, design: Design) -> object:
    """The features that an arm is about: its own, or those that its random ones resemble."""
    return arm.features if arm.like is None else design.arms[arm.like].features


def controls(design: Design, criterion: Criterion) -> Iterator[Refusal]:
    """Dose bands of the deciding arms; number, place and quantile of the random ones."""
    spec, where = criterion.estimand, f"criteria.{criterion.name}"
    banded = {p.params["arm"] for p in design.preconditions("dose-band")}
    compared = listed(spec.get("than"))
    for arm in design.tested(criterion):
        if arm.operation in PUSHES and arm.name not in (*banded, *compared):
            reason = f"no precondition of kind dose-band for arm {arm.name}, which decides"
            yield refusal("dose-band", where, reason)
    for arm in design.named(criterion):
        if arm.control and arm.count < CONTROLS_AT_LEAST:
            reason = f"{arm.count} random controls; compare with at least {CONTROLS_AT_LEAST}"
            yield refusal("random-controls", f"arms.{arm.name}.count", reason)
    if spec.get("quantile", 1.0) < QUANTILE_AT_LEAST:
        reason = (
            f"a direction that is nothing special may exceed the {spec['quantile']:g} quantile of "
            f"its random controls; write at least {QUANTILE_AT_LEAST:g}"
        )
        yield refusal("random-controls", f"{where}.estimand.quantile", reason)
    ours = design.arms.get(str(spec.get("arm")))
    for name in listed(spec.get("controls")):
        other = design.arms.get(name)
        if ours is None or other is None:
            continue
        sites = [design.claim.sites.get(a.site or "") for a in (ours, other)]
        alike = ours.operation == other.operation and ours.unit == other.unit
        alike = alike and (ours.operation in PUSHES or _rank(design, ours) == _rank(design, other))
        alike = alike and _like(other, design) == _like(ours, design)
        if sites[0] != sites[1] or not alike:
            reason = f"{name} does not intervene where and as {ours.name} does"
            yield refusal("unlike-controls", f"arms.{name}", reason)
