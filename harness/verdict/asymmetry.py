"""The asymmetry of steering: what an edit takes from one model against what it brings to another.

Both are shares of one gap, that between the two models without intervention: ``arm`` acts on the
model of ``baseline`` and closes a share of it, ``against`` acts on the model of ``reference`` and
closes a share from the other side. The estimand is the first share minus the second,

- at equal dose: both are read at the same dose, each in units of its own model's residual norm;
- at equal KL: both are read where their KL from the clean model first reaches, along their doses,
  that of ``arm`` at the judged dose, or the largest KL that both reach. So a grid of small doses on
  the other side brings the goal down for both, and cannot win.

Not covered: whether either edit is coherent or specific (preconditions), candidates of a family.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.verdict.gap import along, closed, first_reached
from harness.verdict.view import View

Spec = Mapping[str, Any]


def steering_asymmetry(view: View, spec: Spec) -> dict[int, float]:
    """Share closed by ``arm`` minus share closed from the other side by ``against``."""
    return {
        r: _at_equal_kl(view, spec, r) if spec["equal"] == "kl" else _at_equal_dose(view, spec, r)
        for r in view.replicates
    }


def _from_the_other_side(spec: Spec) -> Spec:
    return {**spec, "baseline": spec["reference"], "reference": spec["baseline"]}


def _at_equal_dose(view: View, spec: Spec, r: int) -> float:
    at, readout = spec.get("at"), spec["readout"]
    one = view.value(r, spec["arm"], readout, at)
    two = view.value(r, spec["against"], readout, at)
    return closed(view, spec, r, one) - closed(view, _from_the_other_side(spec), r, two)


def _at_equal_kl(view: View, spec: Spec, r: int) -> float:
    one = _path(view, spec, r, spec["arm"])
    two = _path(view, _from_the_other_side(spec), r, spec["against"])
    goal = view.value(r, spec["arm"], "kl", spec.get("at"))
    goal = min(goal, float(one[0].max()), float(two[0].max()))
    return first_reached(*one, goal) - first_reached(*two, goal)


def _path(view: View, spec: Spec, r: int, arm: str) -> tuple[np.ndarray, np.ndarray]:
    """KL and share of the gap along an arm's doses, from dose 0."""
    shares = [closed(view, spec, r, float(v)) for v in along(view, r, arm, spec["readout"])]
    return along(view, r, arm, "kl"), np.array(shares)
