"""Small multiples: one small panel per candidate of an arm, all on the same axes.

Not covered: damage of candidates (the gate's results stand in the criterion's table).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from harness.report import svg
from harness.report.curves import Curve
from harness.report.dose_figure import NARROW, READOUTS, X_LABELS, lines
from harness.report.figure import FigureView, KeyEntry, Table, heading, limits, ticks
from harness.report.words import humane, mean_over, number, plain, shortened


def panels_figure(
    curves: tuple[Curve, ...],
    readout: str,
    name: str,
    levels: Mapping[str, float],
    marks: Mapping[str, Mapping[int, float]],
    unit: str = "residual",
) -> FigureView:
    """Small multiples: one panel per candidate of an arm, all on the same axes.

    ``marks`` gives, per variant, replicate -> dose to be marked with a dot.
    """
    arm = humane(curves[0].arm)
    what = READOUTS.get(readout, humane(readout))
    title = f"{arm[0].upper()}{arm[1:]}: {what}, one panel per candidate"
    across = 3 if len(curves) > 2 else len(curves)
    down = -(-len(curves) // across)
    words = f"{len(curves)} small line charts on the same axes. " + " ".join(
        f"{c.variant}: mean {number(c.mean[0])} at dose {plain(c.doses[0])}, "
        f"{number(c.mean[-1])} at dose {plain(c.doses[-1])}."
        for c in curves
    )
    seen = [float(v) for c in curves for v in c.values[np.isfinite(c.values)]]
    with svg.Canvas(NARROW, 96 * down + 44) as figure:
        grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
        height = 96 * down + 44
        figure.subplots_adjust(
            left=32 / NARROW,
            right=1 - 6 / NARROW,
            top=1 - 24 / height,
            bottom=40 / height,
            hspace=0.55,
            wspace=0.14,
        )
        for axes, curve in zip(grid.flat, curves, strict=False):
            lines(axes, curve, 1.8)
            for value in levels.values():
                axes.axhline(value, color=svg.MUTED, linewidth=1, linestyle=(0, (1, 2.2)))
            _marks(axes, curve, marks.get(curve.variant, {}))
            heading(axes, shortened(curve.variant), size=svg.FONT - 1.5)
        for axes in list(grid.flat)[len(curves) :]:
            axes.set_visible(False)
        grid[0, 0].set_ylim(*limits([*seen, *levels.values()], floor=0.0))
        grid[0, 0].yaxis.set_major_locator(ticks(3))
        grid[0, 0].xaxis.set_major_locator(ticks(2))
        figure.text(0.5, 6 / height, X_LABELS[unit], ha="center", va="bottom", color=svg.MUTED)
        wide = svg.inline(figure, name, title, words)
    doses = curves[0].doses
    rows = tuple(
        (
            c.variant,
            *(mean_over(m, n, len(c.values), 3) for m, n in zip(c.mean, c.counts, strict=True)),
        )
        for c in curves
    )
    table = Table(("candidate", *(f"mean at {plain(d)}" for d in doses)), rows)
    key = [KeyEntry("thin", "replicate"), KeyEntry("thick", "mean of replicates")]
    key += [KeyEntry("dots", f"mean of {', '.join(map(humane, levels))}")] if levels else []
    key += [KeyEntry("alert-dot", "the dose a replicate is judged at")] if marks else []
    return FigureView(name, title, "", words, wide, table, key=tuple(key))


def _marks(axes: Axes, curve: Curve, marks: Mapping[int, float]) -> None:
    for row, replicate in zip(curve.values, curve.replicates, strict=True):
        dose = marks.get(replicate)
        if dose in curve.doses:
            value = row[curve.doses.index(dose)]
            axes.plot([dose], [value], "o", color=svg.ALERT, markersize=3.2, zorder=6)
