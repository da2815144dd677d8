"""The production gate: the best that a candidate direction does while staying coherent.

A *member* is one candidate in one arm (``shared/mean-difference``). At each dose it passes the
gate if garbage and ordinary loss rise by no more than the gate allows and the push is specific to
onsets:

    (onset_mass rise) - (elsewhere_mass rise) >= specificity * (onset_mass rise)

Its value is the largest rate, as a share of the trained model's, over the doses that pass; dose 0
always passes, so a value is never missing.

Two values are kept apart. *best*: the maximum on the judged split, biased toward production, on
which "none of them produces" has to hold. *chosen*: at the dose that was best on the select split,
unbiased, on which "one of them does produce" has to hold. So the claim of a null and its refutation
each carry their own burden.

Not covered: the tests (``harness.stats.family``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from harness.measure.dose import UNREADABLE, rise
from harness.verdict.view import View

Spec = Mapping[str, Any]


@dataclass(frozen=True)
class Point:
    """One dose of one member in one replicate."""

    dose: float
    share: float
    rises: Mapping[str, float]
    specific: bool
    admissible: bool


@dataclass(frozen=True)
class Member:
    """One candidate: per replicate the best share, the share at the dose chosen beforehand."""

    name: str
    best: Mapping[int, float]
    best_dose: Mapping[int, float]
    chosen: Mapping[int, float]
    chosen_dose: Mapping[int, float]
    ungated: Mapping[int, Point]
    """Where the rate was largest, whatever the gate says of it."""


def members(view: View, spec: Spec) -> tuple[Member, ...]:
    """Every candidate of every arm of the family, in the claim's order."""
    out = []
    for arm_name in spec["arms"]:
        for variant in view.variants(view.claim.arm(arm_name)):
            out.append(_member(view, spec, arm_name, variant))
    return tuple(out)


def _member(view: View, spec: Spec, arm: str, variant: str) -> Member:
    best, best_dose, chosen, chosen_dose, ungated = {}, {}, {}, {}, {}
    for r in view.replicates:
        for split in (view.final, "select"):
            view.require_grid(r, arm, split)
        final = {p.dose: p for p in points(view, spec, r, arm, variant, view.final)}
        selected = points(view, spec, r, arm, variant, "select")
        top = _top(tuple(final.values()))
        best[r], best_dose[r] = top.share, top.dose
        picked = final[_top(selected).dose]
        chosen[r] = picked.share if picked.admissible else final[0.0].share
        chosen_dose[r] = picked.dose
        ungated[r] = max(final.values(), key=lambda p: (p.share, -p.dose))
    return Member(f"{arm}/{variant}", best, best_dose, chosen, chosen_dose, ungated)


def gates(member: Member, gate: Mapping[str, float]) -> dict[str, dict[str, Any]]:
    """What the gate says where the rate is largest: name -> held in every replicate, and got."""
    points_ = tuple(member.ungated.values())
    n = len(points_)
    out = {}
    for name in ("garbage_rate", "ordinary_loss"):
        rises = [p.rises[name] for p in points_]
        within = sum(v <= gate[name] for v in rises)
        got = f"mean rise {sum(rises) / n:.3g}; within in {within} of {n}"
        out[name] = {"held": within == n, "got": got}
    specific = sum(p.specific for p in points_)
    out["specificity"] = {"held": specific == n, "got": f"specific in {specific} of {n}"}
    return out


def _top(found: tuple[Point, ...]) -> Point:
    return max((p for p in found if p.admissible), key=lambda p: (p.share, -p.dose))


def points(view: View, spec: Spec, r: int, arm: str, variant: str, split: str) -> tuple[Point, ...]:
    """The gate at every dose of one member."""
    trained = view.value(r, spec["trained"], spec["readout"], split=split)
    base_row = _row(view, r, spec["baseline"], split)
    gate = spec["gate"]
    out = []
    for _, row in view.curve(r, arm, variant, split).iterrows():
        rises = {name: rise(name, row, base_row) for name in ("garbage_rate", "ordinary_loss")}
        onset = rise("onset_mass", row, base_row)
        elsewhere = rise("elsewhere_mass", row, base_row)
        # what could not be read comes as a huge rise (see ``rise``), and is nowhere in particular
        read = onset < UNREADABLE and elsewhere < UNREADABLE
        specific = read and (onset <= 0 or onset - elsewhere >= gate["specificity"] * onset)
        coherent = all(rises[name] <= gate[name] for name in rises)
        nothing = float(row["dose"]) == 0.0
        if nothing:
            view.value(r, arm, spec["readout"], 0.0, variant, split)  # the others compare
        share = view.share(
            float(row[spec["readout"]]), trained, f"{spec['readout']} of the trained model"
        )
        out.append(
            Point(
                float(row["dose"]),
                share,
                {**rises, "onset_mass": onset, "elsewhere_mass": elsewhere},
                bool(specific),
                nothing or bool(specific and coherent),
            )
        )
    return tuple(out)


def _row(view: View, r: int, arm: str, split: str) -> pd.Series:
    return view.curve(r, arm, None, split).iloc[0]
