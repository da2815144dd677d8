"""What a number of a probe can be, for the rules that look at margins.

Not covered: whether the item exists (only the model knows; the judge names the nearest).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

from harness.claim.probes import PROBES as KINDS
from harness.lock.rules.design import Design, Span

PROBES = ("probe", "probe-contrast", "probe-ratio")
RATIOS = (0.0, inf)
OTHER = {"probe-contrast": "minus", "probe-ratio": "over"}


def probed(design: Design, spec: Mapping[str, Any]) -> Span:
    """Least and largest value; both the same where a number is compared with itself."""
    probe = next(p for p in design.claim.probes if p.name == spec["probe"])
    ranges = KINDS[probe.kind].quantities
    low, high = ranges[spec["read"]]
    if spec["kind"] == "probe":
        return low, high
    one, two = tuple(spec[k] for k in ("on", "item", "read")), other(spec)
    ratio = spec["kind"] == "probe-ratio"
    if one == two:
        return (1.0, 1.0) if ratio else (0.0, 0.0)
    if ratio:
        return RATIOS
    least, most = ranges[two[2]]
    return low - most, high - least


def other(spec: Mapping[str, Any]) -> tuple[str, str, str]:
    """(role, item, quantity) of what a number is compared with."""
    key = OTHER[spec["kind"]]
    on, item, read = (spec.get(f"{key}_{k}") or spec[k] for k in ("on", "item", "read"))
    return str(on), str(item), str(read)


def alike(spec: Mapping[str, Any]) -> float | None:
    """What the estimand is for two models that do not differ; None where it compares no two."""
    if spec["kind"] not in OTHER:
        return None
    on, item, read = other(spec)
    if on == spec["on"] or (item, read) != (spec["item"], spec["read"]):
        return None
    return 1.0 if spec["kind"] == "probe-ratio" else 0.0
