"""Misfits of arms on dictionary features: unlike controls, units, other pairs of roles.

Not covered: whether the recipe has the dictionaries (``harness.claim.offers``).
"""

from __future__ import annotations

from harness.claim.feature_arms import FEATURE_OPERATIONS, STEER, STEER_UNITS
from harness.claim.schema import Arm
from harness.claim.sound import Check

ALIKE = ("on", "site", "operation", "unit")
"""What a control shares with its arm, so that they differ in their features alone."""


def check_feature_arm(check: Check, arm: Arm) -> None:
    """Note what does not fit in an arm on features; nothing for another arm."""
    if arm.operation not in FEATURE_OPERATIONS:
        return
    path, problem = f"arms.{arm.name}", check.reader.problem
    if arm.operation == STEER and arm.unit not in STEER_UNITS:
        what = f"{STEER} has no dose in {arm.unit}"
        problem(f"{path}.unit", what, f"Write {' or '.join(STEER_UNITS)}")
    other = check.arm(arm.like)
    if other is None:
        return
    if other.features is None:
        what = f"the arm {other.name!r} has no features of its own"
        problem(f"{path}.of", what, "Name an arm with features:")
        return
    for name in ALIKE:
        if getattr(arm, name) != getattr(other, name):
            what = f"{name} is not that of {other.name!r}, whose features the control resembles"
            at = path if name == "unit" else f"{path}.{name}"
            problem(at, what, f"Write {name}: {getattr(other, name)}")
            return
