"""The table of arms without a grid of doses: means over variants, then over replicates.

Not covered: arms along their doses (``harness.report.dose_figure``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from harness.report import curves as cv
from harness.report.dose_figure import READOUTS
from harness.report.figure import Table
from harness.report.words import NONE, humane, mean_over, plain


def single(frame: pd.DataFrame, arms: cv.Arms, readouts: Sequence[str]) -> Table | None:
    """Arms at no dose or one, and random controls; None where there are none."""
    swept = cv.sweeps(frame, arms)
    readouts = [r for r in readouts if r in frame.columns]
    rows = []
    for name, arm in arms.items():
        part = frame[frame["arm"] == name]
        if name in swept or not len(part) or not readouts:
            continue
        variants = part["variant"].nunique()
        about = str(arm.get("label") or "")
        if arm.get("control"):
            about = f"{variants} {arm['control']} {cv.drawn(arm)} in each replicate"
        for dose, found in _at_doses(arm, part):
            each = found.groupby("replicate")[readouts].mean()
            cells = (mean_over(each[r].mean(), each[r].count(), len(each), 3) for r in readouts)
            rows.append((humane(name), dose, *cells, about))
    heads = ("arm", "dose", *(READOUTS[r].partition(",")[0] for r in readouts), "about")
    return Table(heads, tuple(rows)) if rows else None


def _at_doses(arm: Mapping[str, Any], part: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """The words for a dose and the rows at it: of a random control every dose but 0, which is the
    arm without intervention, and whose rows belong to no other dose's mean."""
    if not arm.get("operation"):
        return [(NONE, part)]
    if arm.get("doses") is None or arm["doses"] == "judged":
        return [("judged", part)]
    doses = sorted(set(part["dose"]) - {0.0}) or [0.0]
    return [(plain(dose), part[part["dose"] == dose]) for dose in doses]
