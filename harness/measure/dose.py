"""Choosing the judged dose: a pure function of the select split, per replicate.

Not covered: doses by KL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from harness.claim.schema import DoseRule

UNREADABLE = 1e9
"""Stands for a rise that is not a number: larger than any bound."""
RELATIVE = ("ordinary_loss",)
"""Readouts whose rise is bounded relative to the baseline; others by difference."""


@dataclass(frozen=True)
class DoseRow:
    """One dose of the grid on the select split: removal in units of the readout, rises, bounds."""

    dose: float
    removal: float
    rises: Mapping[str, float]
    admissible: bool


@dataclass(frozen=True)
class Chosen:
    """The judged dose (None: no dose above 0 is admissible) and the table it was read from."""

    judged: float | None
    table: tuple[DoseRow, ...]

    def as_json(self) -> dict[str, Any]:
        return {"judged": self.judged, "table": [asdict(row) for row in self.table]}


def choose(rule: DoseRule, summary: pd.DataFrame) -> Chosen:
    """The dose that removes most of ``rule.readout`` among those within the bounds.

    ``summary`` holds one replicate's select split. Ties go to the smaller dose.
    """
    base = summary[summary["arm"] == rule.baseline].iloc[0]
    rows = []
    for _, row in summary[summary["arm"] == rule.arm].sort_values("dose").iterrows():
        rises = {name: rise(name, row, base) for name in rule.bounds}
        within = all(np.isfinite(v) and v <= rule.bounds[k] for k, v in rises.items())
        removal = float(base[rule.readout] - row[rule.readout])
        ok = bool(within and row["dose"] > 0 and np.isfinite(removal))
        rows.append(DoseRow(float(row["dose"]), _finite(removal), rises, ok))
    open_to = [row for row in rows if row.admissible]
    best = max(open_to, key=lambda row: (row.removal, -row.dose)) if open_to else None
    return Chosen(None if best is None else best.dose, tuple(rows))


def rise(readout: str, row: pd.Series[Any], base: pd.Series[Any]) -> float:
    """Rise over the baseline, relative for losses; NaN where undefined becomes a huge number, so
    that what cannot be measured is never admissible."""
    difference = float(row[readout]) - float(base[readout])
    if readout in RELATIVE:
        difference = difference / float(base[readout]) if base[readout] else np.nan
    return _finite(difference)


def _finite(value: float) -> float:
    return value if np.isfinite(value) else UNREADABLE
