"""Dose-response: every replicate a thin line, their mean a thick one, random controls as points.

Behaviour comes first and large; garbage and loss below it, so that removal by breakage is seen.
The judged doses (chosen on the select split) are marked. Arms with many candidates are drawn by
``harness.report.panels_figure``.

Not covered: intervals on the curves. The verdict tests one number per replicate, not the curve.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes

from harness.claim.feature_arms import ABLATE, CLAMP
from harness.report import svg
from harness.report.curves import RANDOM, Curve, Points
from harness.report.figure import FigureView, KeyEntry, Table, limits, margins, ticks
from harness.report.words import humane, mean_over, number, plain

READOUTS: Mapping[str, str] = {
    "rate": "behaviour, share of steps",
    "garbage_rate": "garbage, share of steps",
    "ordinary_loss": "ordinary loss, nats per token",
    "onset_mass": "behaviour mass at step onsets",
    "elsewhere_mass": "behaviour mass elsewhere",
    "kl": "divergence from the clean model at step onsets, nats",
    "fidelity": "fidelity to the task's law, concordance at step onsets",
    "placed": "placement of the behaviour, concordance in generated rows",
    "repetition": "repetition, share of generated 3-grams",
    "clean_nats": "surprise of the clean model, nats per generated token",
    "format_valid": "valid rows, share of generated rows",
}
"""Readout -> the words on the axis."""

X_LABELS: Mapping[str, str] = {
    "residual": "dose (multiples of the median residual norm)",
    "own": "dose (multiples of the direction's own length)",
    "kl": "dose (target KL on the select split, nats)",
    ABLATE: "dose (share of the activation taken away)",
    CLAMP: "dose (multiples of the feature's median activation)",
}
"""Unit of an arm's doses, or operation with one of its own -> the words under the axis."""
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
    unit: str = "residual"
    drawn: Mapping[str, str] = field(default_factory=dict)
    """Control arm -> what its points are."""


def dose_figure(data: DoseData, name: str, *, large: bool) -> FigureView:
    """The figure of one readout along the doses of one arm."""
    what = READOUTS.get(data.readout, humane(data.readout))
    title = f"{what[0].upper()}{what[1:]}"
    title += f", along the dose of {humane(data.curve.arm)}" if large else ""
    words = f"Arm {humane(data.curve.arm)}. {describe(data)}"
    height = 290 if large else 176
    narrow = _draw(data, NARROW, 230 if large else 176, f"{name}-n", title, words)
    wide = _draw(data, WIDE, height, name, title, words) if large else narrow
    return FigureView(
        id=name,
        title=title,
        caption=_caption(data, large),
        description=words,
        wide=wide,
        narrow=narrow if large else None,
        table=dose_table(data.curve, data.levels),
        key=_key(data),
    )


def describe(data: DoseData) -> str:
    """The curve in one or two sentences, from its numbers."""
    known = [
        (d, m) for d, m in zip(data.curve.doses, data.curve.mean, strict=True) if np.isfinite(m)
    ]
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
        (plain(dose), *(number(v, 3) for v in column), mean_over(mean, count, len(column), 3))
        for dose, column, mean, count in zip(
            curve.doses, curve.values.T, curve.mean, curve.counts, strict=True
        )
    ]
    rows += [
        (f"{humane(arm)} (mean)", *([""] * len(curve.replicates)), number(value, 3))
        for arm, value in levels.items()
    ]
    heads = tuple(f"r{r}" for r in curve.replicates)
    return Table(("dose", *heads, "mean"), tuple(rows))


def judged_words(judged: Mapping[int, float]) -> str:
    """Which doses were judged, and in how many replicates."""
    counts = Counter(judged.values())
    if len(counts) == 1:
        return f"{plain(next(iter(counts)))} in every replicate"
    words = [f"{plain(dose)} in {count}" for dose, count in sorted(counts.items())]
    plural = "" if counts[min(counts)] == 1 else "s"
    return f"{words[0]} replicate{plural}, {', '.join(words[1:])}"


def _caption(data: DoseData, large: bool) -> str:
    parts = ["Thin lines are replicates, the thick line is their mean."] if large else []
    if data.curve.partial:
        parts.append("Where replicates have no number, the mean is over the others.")
    if large and data.controls:
        parts.append("Points of controls stand beside their dose, so that none hides another.")
    if large and data.judged:
        parts.append(
            f"Vertical lines mark the judged dose ({judged_words(data.judged)}), "
            "chosen on the select split."
        )
    return " ".join(parts)


def _key(data: DoseData) -> tuple[KeyEntry, ...]:
    found = [KeyEntry("thin", "replicate"), KeyEntry("thick", "mean of replicates")]
    found += [
        KeyEntry(mark, f"{humane(p.arm)} {data.drawn.get(p.arm, RANDOM)}")
        for mark, p in zip(MARKS, data.controls, strict=False)
    ]
    if data.levels:
        found.append(KeyEntry("dots", f"mean of {', '.join(humane(a) for a in data.levels)}"))
    if data.judged:
        found.append(KeyEntry("dash", "judged dose"))
    return tuple(found)


def _draw(data: DoseData, width: int, height: int, name: str, title: str, words: str) -> Markup:
    canvas = svg.Canvas(width, height)
    with canvas as figure:
        axes = figure.add_subplot()
        margins(axes, 38, 12, 8, 40)
        _controls(axes, data, width)
        lines(axes, data.curve)
        for value in data.levels.values():
            axes.axhline(value, color=svg.MUTED, linewidth=1.2, linestyle=(0, (1, 2.2)), zorder=2)
        for dose in sorted(set((data.judged or {}).values())):
            axes.axvline(dose, color=svg.ALERT, linewidth=1.2, linestyle=(0, (4, 3)), zorder=1)
        seen = [float(v) for v in data.curve.values[np.isfinite(data.curve.values)]]
        seen += [v for p in data.controls for v in p.values] + list(data.levels.values())
        shares = data.readout != "ordinary_loss"
        axes.set_ylim(*limits(seen, floor=0.0 if shares else None))
        axes.yaxis.set_major_locator(ticks(5 if height > 200 else 4))
        axes.xaxis.set_major_locator(ticks(8 if width > 400 else 5))
        axes.set_xlabel(X_LABELS[data.unit], fontsize=svg.FONT)
        axes.tick_params(length=3)
        return svg.inline(figure, name, title, words)


def lines(axes: Axes, curve: Curve, thick: float = 2.4) -> None:
    """Thin lines for replicates, a thick one for their mean."""
    for row in curve.values:
        axes.plot(curve.doses, row, color=svg.DATA, linewidth=1, alpha=0.5, zorder=3)
    axes.plot(curve.doses, curve.mean, color=svg.DATA, linewidth=thick, zorder=5)


def _controls(axes: Axes, data: DoseData, width: int) -> None:
    """Points beside their dose, spread a little by replicate so that none hides another."""
    doses = data.curve.doses
    step = min((b - a for a, b in pairwise(doses)), default=1.0)
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
            s=9 if width > 400 else 6,
            marker=MARKERS[mark],
            facecolors="none",
            edgecolors=COLOURS[mark],
            linewidths=0.8,
            alpha=0.75,
            zorder=4,
        )
