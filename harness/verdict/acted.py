"""Whether an arm on dictionary features changed any activation; if not, it says nothing.

A feature that never fires cannot be ablated, and one that never fires in the positive model has no
scale to be set to. Such an arm is underdosed by construction; what it reads is no null.

Not covered: doses that are small (the precondition ``coverage``); other operations, which change
something at every dose above 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.claim.feature_arms import FEATURE_OPERATIONS
from harness.claim.schema import Arm

Key = tuple[Any, ...]
"""(replicate, split, arm, variant, dose)"""
UNMOVED = "The replicate's record has the rates and scales of its features"


def unmoved(arm: Arm, key: Key, row: Mapping[str, Any], scored: bool) -> str:
    """Why the numbers of a condition are about nothing, by its row of the summary; empty where it
    changed something, and for arms on anything but features."""
    replicate, _, name, variant, dose = key
    if arm.operation not in FEATURE_OPERATIONS or dose == 0:
        return ""
    column, doing = ("delta_scored", "scoring") if scored else ("delta_max", "generating")
    if float(row.get(column, np.nan)) != 0:
        return ""
    return (
        f"UNDERDOSED: arm {name!r} {variant!r} at dose {dose:g} changed nothing while {doing} in "
        f"replicate {replicate}: its features do not fire there, have no scale, or are as set"
    )
