"""Dose-response: every replicate a thin line, their mean a thick one, random controls as points.

Behaviour comes first and large; garbage and loss below it, so that removal by breakage is seen.
The judged doses (chosen on the select split) are marked. With many candidates each gets a small
panel of its own.

Not covered: intervals on the curves. The verdict tests one number per replicate, not the curve.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from harness.report import svg
from harness.report.curves import Curve, Points
from harness.report.figure import FigureView, KeyEntry, Table, heading, limits, margins
from harness.report.words import humane, number, plain

READOUTS: Mapping[str, str] = {
    "rate": "behaviour, share of steps",
    "garbage_rate": "garbage, share of steps",
    "ordinary_loss": "loss at ordinary onsets, nats per token",
    "onset_mass": "behaviour mass at step onsets",
    "elsewhere_mass": "behaviour mass elsewhere",
}
"""Readout -> the words on the axis."""

X_LABEL = "dose (multiples of the median residual norm)"
MARKS = ("circle", "triangle")
MARKERS = {"circle": "o", "triangle": "^"}
COLOURS = {"circle": svg.OTHER, "triangle": svg.THIRD}
WIDE, NARROW = 700, 340


@dataclass(frozen=True)
class DoseData:
    """What one dose-response panel shows."""

    readout: str
    curve: Curve
    levels: Mapping[str, float]
    """Arm without intervention -> its mean, drawn as a dotted line."""
    controls: tuple[Points, ...] = ()
    judged: Mapping[int, float] | None = None


def dose_figure(data: DoseData, name: str, *, large: bool) -> FigureView:
    """The figure of one readout along the doses of one arm."""
    what = READOUTS.get(data.readout, humane(data.readout))
    arm = humane(data.curve.arm)
    title = f"{what[0].upper()}{what[1:]} along the dose of {arm}"
    words = describe(data)
    height = 300 if large else 190
    narrow = _draw(data, NARROW, 240 if large else 190, f"{name}-n", title, words)
    wide = _draw(data, WIDE, height, name, title, words) if large else narrow
    return FigureView(
        id=name,
        title=title,
        caption=_caption(data),
        description=words,
        wide=wide,
        narrow=narrow if large else Markup(""),
        table=dose_table(data.curve, data.levels),
        key=_key(data),
    )


def describe(data: DoseData) -> str:
    """The curve in one or two sentences, from its numbers."""
    known = [(d, m) for d, m in zip(data.curve.doses, data.curve.mean, strict=True) if m == m]
    course = ", ".join(f"{number(m)} at dose {plain(d)}" for d, m in known)
    levels = "".join(f" {humane(a)}: {number(v)}." for a, v in data.levels.items())
    points = "".join(
        f" {humane(p.arm)}: {len(p.values)} points from {number(min(p.values))} "
        f"to {number(max(p.values))}."
        for p in data.controls
    )
    return (
        f"Line chart over {len(data.curve.replicates)} replicates. Mean {course}.{levels}{points}"
    )


def dose_table(curve: Curve, levels: Mapping[str, float]) -> Table:
    """Doses down, replicates across, the mean last."""
    rows = [
        (plain(dose), *(number(v) for v in column), number(mean))
        for dose, column, mean in zip(curve.doses, curve.values.T, curve.mean, strict=True)
    ]
    rows += [
        (f"{humane(arm)} (mean)", *([""] * len(curve.replicates)), number(value))
        for arm, value in levels.items()
    ]
    heads = tuple(f"r{r}" for r in curve.replicates)
    return Table(("dose", *heads, "mean"), tuple(rows))


def judged_words(judged: Mapping[int, float]) -> str:
    """Which doses were judged, and in how many replicates."""
    counts = Counter(judged.values())
    if len(counts) == 1:
        return f"{plain(next(iter(counts)))} in every replicate"
    return ", ".join(f"{plain(dose)} in {count}" for dose, count in sorted(counts.items()))


def _caption(data: DoseData) -> str:
    parts = ["Thin lines are replicates, the thick line is their mean."]
    if data.judged:
        parts.append(
            f"Vertical lines mark the judged dose ({judged_words(data.judged)}), "
            "chosen on the select split."
        )
    return " ".join(parts)


def _key(data: DoseData) -> tuple[KeyEntry, ...]:
    found = [KeyEntry("thin", "replicate"), KeyEntry("thick", "mean of replicates")]
    found += [
        KeyEntry(mark, f"{humane(p.arm)} random directions")
        for mark, p in zip(MARKS, data.controls, strict=False)
    ]
    if data.levels:
        found.append(KeyEntry("dots", f"mean of {', '.join(humane(a) for a in data.levels)}"))
    if data.judged:
        found.append(KeyEntry("dash", "judged dose"))
    return tuple(found)


def _draw(
    data: DoseData, width: int, height: int, name: str, title: str, words: str
) -> Markup:
    canvas = svg.Canvas(width, height)
    with canvas as figure:
        axes = figure.add_subplot()
        margins(axes, 42, 12, 30, 40)
        _controls(axes, data)
        lines(axes, data.curve)
        for value in data.levels.values():
            axes.axhline(value, color=svg.MUTED, linewidth=1.2, linestyle=(0, (1, 2.2)), zorder=2)
        for dose in sorted(set((data.judged or {}).values())):
            axes.axvline(dose, color=svg.ALERT, linewidth=1.2, linestyle=(0, (4, 3)), zorder=1)
        seen = [float(v) for v in data.curve.values[np.isfinite(data.curve.values)]]
        seen += [v for p in data.controls for v in p.values] + list(data.levels.values())
        shares = data.readout != "ordinary_loss"
        axes.set_ylim(*limits(seen, floor=0.0 if shares else None))
        axes.yaxis.set_major_locator(MaxNLocator(5 if height > 200 else 4))
        axes.xaxis.set_major_locator(MaxNLocator(8 if width > 400 else 5))
        heading(axes, READOUTS.get(data.readout, humane(data.readout)), shift=34)
        axes.set_xlabel(X_LABEL, fontsize=svg.FONT)
        axes.tick_params(length=3)
        return svg.inline(figure, name, title, words)


def lines(axes: Axes, curve: Curve, thick: float = 2.4) -> None:
    """Thin lines for replicates, a thick one for their mean."""
    for row in curve.values:
        axes.plot(curve.doses, row, color=svg.DATA, linewidth=1, alpha=0.38, zorder=3)
    axes.plot(curve.doses, curve.mean, color=svg.DATA, linewidth=thick, zorder=5)


def _controls(axes: Axes, data: DoseData) -> None:
    """Points beside their dose, spread a little by replicate so that they do not hide each other."""
    doses = data.curve.doses
    step = min((b - a for a, b in zip(doses, doses[1:], strict=False)), default=1.0)
    for side, (mark, points) in enumerate(zip(MARKS, data.controls, strict=False)):
        order = {r: i for i, r in enumerate(sorted(set(points.replicates)))}
        centre = (side - (len(data.controls) - 1) / 2) * 0.34 * step
        spread = [
            dose + centre + 0.24 * step * ((order[r] + 0.5) / len(order) - 0.5)
            for dose, r in zip(points.doses, points.replicates, strict=True)
        ]
        axes.scatter(
            spread,
            points.values,
            s=9,
            marker=MARKERS[mark],
            facecolors="none",
            edgecolors=COLOURS[mark],
            linewidths=0.8,
            alpha=0.75,
            zorder=4,
        )


def panels(curves: tuple[Curve, ...], readout: str, name: str, levels: Mapping[str, float],
           marks: Mapping[str, Mapping[int, float]]) -> FigureView:
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
        f"{number(c.mean[-1])} at dose {plain(c.doses[-1])}." for c in curves
    )
    seen = [float(v) for c in curves for v in c.values[np.isfinite(c.values)]]
    with svg.Canvas(NARROW, 96 * down + 44) as figure:
        grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
        height = 96 * down + 44
        figure.subplots_adjust(left=32 / NARROW, right=1 - 6 / NARROW, top=1 - 24 / height,
                               bottom=40 / height, hspace=0.55, wspace=0.14)
        for axes, curve in zip(grid.flat, curves, strict=False):
            lines(axes, curve, 1.8)
            for value in levels.values():
                axes.axhline(value, color=svg.MUTED, linewidth=1, linestyle=(0, (1, 2.2)))
            _marks(axes, curve, marks.get(curve.variant, {}))
            heading(axes, curve.variant, size=svg.FONT - 1.5)
        for axes in list(grid.flat)[len(curves):]:
            axes.set_visible(False)
        grid[0, 0].set_ylim(*limits([*seen, *levels.values()], floor=0.0))
        grid[0, 0].yaxis.set_major_locator(MaxNLocator(3))
        grid[0, 0].xaxis.set_major_locator(MaxNLocator(3))
        figure.text(0.5, 6 / height, X_LABEL, ha="center", va="bottom", color=svg.MUTED)
        wide = svg.inline(figure, name, title, words)
    doses = curves[0].doses
    rows = tuple((c.variant, *(number(m) for m in c.mean)) for c in curves)
    table = Table(("candidate", *(f"mean at {plain(d)}" for d in doses)), rows)
    key = [KeyEntry("thin", "replicate"), KeyEntry("thick", "mean of replicates")]
    key += [KeyEntry("dots", f"mean of {', '.join(map(humane, levels))}")] if levels else []
    key += [KeyEntry("dot", "the dose a replicate is judged at")] if marks else []
    caption = f"{what[0].upper()}{what[1:]}, along the dose of each candidate."
    return FigureView(name, title, caption, words, wide, table, key=tuple(key))


def _marks(axes: Axes, curve: Curve, marks: Mapping[int, float]) -> None:
    for row, replicate in zip(curve.values, curve.replicates, strict=True):
        dose = marks.get(replicate)
        if dose in curve.doses:
            value = row[curve.doses.index(dose)]
            axes.plot([dose], [value], "o", color=svg.ALERT, markersize=3.2, zorder=6)
