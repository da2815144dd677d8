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
NAMED = ("probe", "on", "item", "read")
OTHER = {"probe-contrast": "minus", "probe-ratio": "over"}


def probed(design: Design, spec: Mapping[str, Any]) -> Span:
    """Least and largest value; both the same where a number is compared with itself."""
    low, high = _range(design, spec["probe"], spec["read"])
    if spec["kind"] == "probe":
        return low, high
    one, two = tuple(str(spec[k]) for k in NAMED), other(spec)
    ratio = spec["kind"] == "probe-ratio"
    if one == two:
        return (1.0, 1.0) if ratio else (0.0, 0.0)
    if ratio:
        return RATIOS
    least, most = _range(design, two[0], two[3])
    return low - most, high - least


def _range(design: Design, name: str, read: str) -> Span:
    probe = next(p for p in design.claim.probes if p.name == name)
    return KINDS[probe.kind].quantities[read]


def other(spec: Mapping[str, Any]) -> tuple[str, ...]:
    """(probe, role, item, quantity) of what a number is compared with."""
    key = OTHER[spec["kind"]]
    return tuple(str(spec.get(f"{key}_{k}") or spec[k]) for k in NAMED)


def alike(spec: Mapping[str, Any]) -> float | None:
    """What the estimand is for two models, or two dictionaries, that do not differ; None where it
    compares no two."""
    if spec["kind"] not in OTHER:
        return None
    probe, on, item, read = other(spec)
    if (item, read) != (spec["item"], spec["read"]) or (probe, on) == (spec["probe"], spec["on"]):
        return None
    return 1.0 if spec["kind"] == "probe-ratio" else 0.0
