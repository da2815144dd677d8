"""Estimands: one number per replicate (or per member of a family), from a claim's evidence.

Every function takes a :class:`View` and the estimand's mapping (kinds and parameters are declared
in ``harness.claim.kinds``) and returns values in the order of ``view.replicates``.

- closed-gap: (baseline - arm) / (baseline - reference). 1: moved all the way; may exceed 1.
- beyond-controls: closed gap of the arm minus the largest ``quantile`` of the control arms' closed
  gaps (numpy's ``higher``: an observed value, never an interpolated one).
- damage-difference: damage of ``than`` minus damage of the arm, at equal removal: each damage curve
  is read, by linear interpolation along dose, where its removal first reaches that of the arm at
  the judged dose (or the largest removal that both reach).
- norm-ratio: lengths in activation units, each direction fitted for the role within its replicate.
- feature-asymmetry, marker-ratio: ``harness.verdict.features``. best-production:
  ``harness.verdict.production``. steering-asymmetry: ``harness.verdict.asymmetry``. mean-ratio,
  stratified-odds: ``harness.verdict.ratios``. Families: ``harness.verdict.families``.

Not covered: tests (``harness.stats``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from harness.errors import UnknownName, nearest
from harness.verdict.asymmetry import steering_asymmetry
from harness.verdict.features import feature_asymmetry, marker_ratio
from harness.verdict.gap import along, closed, first_reached
from harness.verdict.probes import probe_contrast, probe_level, probe_ratio
from harness.verdict.ratios import stratified_odds
from harness.verdict.view import View

Spec = Mapping[str, Any]
Values = dict[int, float]
"""Replicate -> number."""


def level(view: View, spec: Spec) -> Values:
    return {r: view.value(r, spec["arm"], spec["readout"], spec.get("at")) for r in view.replicates}


def contrast(view: View, spec: Spec) -> Values:
    other = {**spec, "arm": spec["minus"]}
    one, two = level(view, spec), level(view, other)
    return {r: one[r] - two[r] for r in view.replicates}


def log_ratio(view: View, spec: Spec) -> Values:
    """arm / over, as a ratio; the test takes logarithms."""
    other = {**spec, "arm": spec["over"]}
    one, two = level(view, spec), level(view, other)
    return {r: one[r] / two[r] if two[r] != 0 else float("inf") for r in view.replicates}


def closed_gap(view: View, spec: Spec) -> Values:
    return {
        r: closed(view, spec, r, view.value(r, spec["arm"], spec["readout"], spec.get("at")))
        for r in view.replicates
    }


def beyond_controls(view: View, spec: Spec) -> Values:
    treated = closed_gap(view, spec)
    out = {}
    for r in view.replicates:
        worst = []
        for name in spec["controls"]:
            arm = view.claim.arm(name)
            gaps = [
                closed(view, spec, r, view.value(r, name, spec["readout"], spec.get("at"), v))
                for v in view.variants(arm)
            ]
            worst.append(float(np.quantile(gaps, spec["quantile"], method="higher")))
        out[r] = treated[r] - max(worst)
    return out


def damage_difference(view: View, spec: Spec) -> Values:
    out = {}
    for r in view.replicates:
        base = view.value(r, spec["baseline"], spec["damage"])
        one = _path(view, spec, r, spec["arm"], base)
        two = _path(view, spec, r, spec["than"], base)
        goal = closed(view, spec, r, view.value(r, spec["arm"], spec["readout"], spec.get("at")))
        goal = min(goal, float(one[0].max()), float(two[0].max()))
        out[r] = first_reached(*two, goal) - first_reached(*one, goal)
    return out


def _path(view: View, spec: Spec, r: int, arm: str, base: float) -> tuple[np.ndarray, np.ndarray]:
    """Removal and damage along the arm's doses, starting at dose 0."""
    removal = [closed(view, spec, r, float(v)) for v in along(view, r, arm, spec["readout"])]
    return np.array(removal), along(view, r, arm, spec["damage"]) - base


def norm_ratio(view: View, spec: Spec) -> Values:
    """Natural length of one direction over another's, as recorded when they were fitted."""
    return {
        r: view.share(
            view.length(r, spec["direction"], spec["on"]),
            view.length(r, spec["to"], spec["on"]),
            f"the length of {spec['to']}, replicate {r}",
        )
        for r in view.replicates
    }


KINDS: Mapping[str, Callable[[View, Spec], Values]] = {
    "level": level,
    "contrast": contrast,
    "closed-gap": closed_gap,
    "beyond-controls": beyond_controls,
    "damage-difference": damage_difference,
    "log-ratio": log_ratio,
    "stratified-odds": stratified_odds,
    "norm-ratio": norm_ratio,
    "steering-asymmetry": steering_asymmetry,
    "feature-asymmetry": feature_asymmetry,
    "marker-ratio": marker_ratio,
    "probe": probe_level,
    "probe-contrast": probe_contrast,
    "probe-ratio": probe_ratio,
}


def estimate(view: View, spec: Spec) -> Values:
    """The estimand's number per replicate. Raises :class:`MissingNumber`, :class:`UnknownName`."""
    kind = spec["kind"]
    if kind not in KINDS:
        raise UnknownName(
            f"no estimand {kind!r}", fix=f"Nearest kinds: {nearest(kind, tuple(KINDS))}"
        )
    return KINDS[kind](view, spec)
