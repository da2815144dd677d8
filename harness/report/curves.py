"""Cells as curves: one value per replicate and dose, and their mean over replicates.

The report averages nothing else. Averaging prompts within a replicate is
:func:`harness.measure.tables.summarise`, the same function the judge uses.

Not covered: drawing (``harness.report.dose_figure``), intervals and tests (the verdict has them).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from harness.claim.feature_arms import MATCHED_RATE
from harness.claim.vocabulary import LATER
from harness.measure.tables import summarise
from harness.report.records import ReportInput

Arms = Mapping[str, Mapping[str, Any]]

ALSO = ("onset_mass", "elsewhere_mass", "kl", *LATER)
"""Readouts that are shown where a claim reads them, beside behaviour, garbage and loss."""

RANDOM = "random directions"
"""What most control arms draw."""


@dataclass(frozen=True)
class Curve:
    """One arm's variant along its doses.

    ``values`` is [replicates, doses] (NaN: not measured), ``mean`` [doses] over the replicates
    that have a value.
    """

    arm: str
    variant: str
    replicates: tuple[int, ...]
    doses: tuple[float, ...]
    values: np.ndarray
    mean: np.ndarray

    @property
    def counts(self) -> tuple[int, ...]:
        """How many replicates have a value, dose by dose."""
        return tuple(int(n) for n in np.isfinite(self.values).sum(axis=0))

    @property
    def partial(self) -> bool:
        """Whether the mean at some dose is over some of the replicates only."""
        return any(0 < n < len(self.values) for n in self.counts)

    @property
    def empty(self) -> bool:
        return not np.isfinite(self.values).any()


@dataclass(frozen=True)
class Points:
    """One arm's values as points: dose, value and replicate, each [k]."""

    arm: str
    doses: tuple[float, ...]
    values: tuple[float, ...]
    replicates: tuple[int, ...]


def arms_of(claim: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The claim's arms by name, in the claim's order."""
    return {str(arm["name"]): arm for arm in claim.get("arms") or ()}


def summary(report: ReportInput) -> pd.DataFrame:
    """One row per (replicate, split, arm, variant, dose) of the split that is shown."""
    empty = pd.DataFrame()
    frame = summarise(report.cells.get("generate", empty), report.cells.get("score", empty))
    return frame[frame["split"] == report.split].reset_index(drop=True)


def curves(
    frame: pd.DataFrame, arm: str, readout: str, order: Sequence[str] = ()
) -> tuple[Curve, ...]:
    """The arm's variants, those of ``order`` first; none where nothing was measured."""
    if readout not in frame.columns:
        return ()
    rows = frame[frame["arm"] == arm]
    found = [str(v) for v in rows["variant"].drop_duplicates()]
    names = [v for v in order if v in found] + [v for v in found if v not in order]
    return tuple(_curve(rows[rows["variant"] == name], arm, name, readout) for name in names)


def _curve(rows: pd.DataFrame, arm: str, variant: str, readout: str) -> Curve:
    table = rows.pivot_table(
        index="replicate", columns="dose", values=readout, aggfunc="first", dropna=False
    )
    values = table.to_numpy(dtype=np.float64)
    known = np.isfinite(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0.0).sum(axis=0)
    mean = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
    return Curve(
        arm=arm,
        variant=variant,
        replicates=tuple(int(r) for r in table.index),
        doses=tuple(float(d) for d in table.columns),
        values=values,
        mean=mean,
    )


def points(frame: pd.DataFrame, arm: str, readout: str) -> Points | None:
    """The arm's finite values, one per replicate, variant and dose but 0; None if there are
    none."""
    if readout not in frame.columns:
        return None
    rows = frame[(frame["arm"] == arm) & np.isfinite(frame[readout].astype(np.float64))]
    rows = rows[rows["dose"] != 0]  # where every direction is the same: none
    if not len(rows):
        return None
    return Points(
        arm=arm,
        doses=tuple(float(d) for d in rows["dose"]),
        values=tuple(float(v) for v in rows[readout]),
        replicates=tuple(int(r) for r in rows["replicate"]),
    )


def sweeps(frame: pd.DataFrame, arms: Arms) -> tuple[str, ...]:
    """Arms with a grid of doses, in the claim's order; random controls are none."""
    doses = frame.groupby(["arm", "replicate"])["dose"].nunique().groupby("arm").max()
    return tuple(
        name for name, arm in arms.items() if not arm.get("control") and doses.get(name, 0) > 1
    )


def plain_arms(frame: pd.DataFrame, arms: Arms) -> tuple[str, ...]:
    """Arms without an intervention that were measured, in the claim's order."""
    seen = set(frame["arm"])
    return tuple(
        name
        for name, arm in arms.items()
        if not arm.get("operation") and name in seen and not arm.get("control")
    )


def controls(frame: pd.DataFrame, arms: Arms) -> tuple[str, ...]:
    """Arms of random directions that were measured, in the claim's order."""
    seen = set(frame["arm"])
    return tuple(name for name, arm in arms.items() if arm.get("control") and name in seen)


def drawn(arm: Mapping[str, Any]) -> str:
    """What a control arm draws, in words."""
    return "features" if arm.get("control") == MATCHED_RATE else RANDOM


def judged_doses(report: ReportInput) -> dict[int, float]:
    """Replicate -> the dose the claim's dose rule chose, for the replicates that have one."""
    found = {}
    for record in report.replicates:
        dose = (record.get("dose") or {}).get("judged")
        if dose is not None:
            found[int(record["replicate"])] = float(dose)
    return found


def named(claim: Mapping[str, Any]) -> tuple[str, ...]:
    """Readouts of :data:`ALSO` that anything in the claim reads, in that order."""
    rows = [row.get("estimand") or {} for row in claim.get("criteria") or ()]
    rows += [*(claim.get("shown") or ()), *(claim.get("preconditions") or ())]
    rule = claim.get("dose_rule") or {}
    found = {str(row.get(key)) for row in (*rows, rule) for key in ("readout", "damage")}
    found |= {str(name) for name in rule.get("bounds") or ()}
    return tuple(name for name in ALSO if name in found)
