"""Families: the numbers of every member of an estimand that has several.

A member has two numbers per replicate: the one on which "it lies above" has to hold and the one on
which "it lies below" has to. They differ for productions only, where the largest over doses is
biased upward and the one at the dose chosen beforehand is not (ADR 2).

- contrasts: one member per arm and candidate, its readout minus that of one other arm.
- ordering, dose-ordering: one member per neighbours in a stated order, later minus earlier.
- best-production: ``harness.verdict.production``.

Not covered: the tests (``harness.stats.family``), what a family's result says
(``harness.verdict.judge_family``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from harness.verdict.production import Member, members
from harness.verdict.view import View

Spec = Mapping[str, Any]


@dataclass(frozen=True)
class FamilyMember:
    """One member: replicate -> number, for each burden; ``production`` where it is one."""

    name: str
    above: Mapping[int, float]
    below: Mapping[int, float]
    production: Member | None = None


def contrasts(view: View, spec: Spec) -> tuple[FamilyMember, ...]:
    """Each arm (and candidate) minus ``minus``."""
    readout, at = spec["readout"], spec.get("at")
    other = {r: view.value(r, spec["minus"], readout, at) for r in view.replicates}
    out = []
    for name in spec["arms"]:
        variants = view.variants(view.claim.arm(name))
        for variant in variants:
            values = {
                r: view.value(r, name, readout, at, variant) - other[r] for r in view.replicates
            }
            out.append(_of(name if len(variants) == 1 else f"{name}/{variant}", values))
    return tuple(out)


def ordering(view: View, spec: Spec) -> tuple[FamilyMember, ...]:
    """Each arm minus the one before it."""
    readout, at = spec["readout"], spec.get("at")
    levels = [
        (name, {r: view.value(r, name, readout, at) for r in view.replicates})
        for name in spec["arms"]
    ]
    return _steps(levels)


def dose_ordering(view: View, spec: Spec) -> tuple[FamilyMember, ...]:
    """The arm at each dose minus the arm at the dose before it."""
    levels = [
        (f"{dose:g}", {r: view.value(r, spec["arm"], spec["readout"], dose)
                       for r in view.replicates})
        for dose in spec["doses"]
    ]  # fmt: skip
    return _steps(levels)


def best_production(view: View, spec: Spec) -> tuple[FamilyMember, ...]:
    """Each candidate: above at the dose chosen beforehand, below at its best dose."""
    return tuple(FamilyMember(m.name, m.chosen, m.best, m) for m in members(view, spec))


def _steps(levels: list[tuple[str, dict[int, float]]]) -> tuple[FamilyMember, ...]:
    return tuple(
        _of(f"{later} minus {earlier}", {r: high[r] - low[r] for r in high})
        for (earlier, low), (later, high) in pairwise(levels)
    )


def _of(name: str, values: Mapping[int, float]) -> FamilyMember:
    return FamilyMember(name, values, values)


FAMILIES: Mapping[str, Callable[[View, Spec], tuple[FamilyMember, ...]]] = {
    "best-production": best_production,
    "contrasts": contrasts,
    "ordering": ordering,
    "dose-ordering": dose_ordering,
}
"""Kind of estimand -> its members, in the claim's order."""
