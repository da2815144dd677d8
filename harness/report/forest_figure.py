"""Forest plots: one dot per replicate, the estimate with its interval, the margin as a line.

The side of the margin that the claim asserts is shaded. Families have one row per member, in the
member's colour of outcome-free ink: the outcome is told in words, in the table.

Not covered: intervals of single replicates. A replicate is one number; its spread over prompts is
not what the test is about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from harness.report import svg
from harness.report.figure import (
    LARGEST,
    FigureView,
    KeyEntry,
    Table,
    bounded,
    log_ticks,
    margins,
    padded,
    ticks,
)
from harness.report.words import decimals, finite, humane, interval, number, plain, shortened

WIDTH = 340
ROW = 19
ABOVE = ("superiority", "ratio-above", "mean-ratio-above", "some-of", "all-of")
BELOW = ("below", "none-of")
MEMBERS = {"contrasts": "contrast", "ordering": "step", "dose-ordering": "step"}
"""Families whose members are no candidates."""


def forest_figure(criterion: Mapping[str, Any], replicates: Sequence[str], name: str) -> FigureView:
    """One criterion over its replicates; ``replicates`` are the labels of its values, in order."""
    values = [finite(v) for v in criterion.get("values") or ()]
    estimate, low, high = (finite(criterion.get(k)) for k in ("estimate", "low", "high"))
    margin, kind = finite(criterion.get("margin")), _kind(criterion)
    places = decimals(estimate, *values, low=low, high=high)
    title = humane(str(criterion["name"]))
    words = (
        f"Forest plot of {len(values)} replicates: "
        + ", ".join(f"{r} {number(v, places)}" for r, v in zip(replicates, values, strict=False))
        + f". Estimate {number(estimate, places)}, interval {interval(low, high, places)}, "
        f"margin {plain(margin)}."
    )
    height = ROW * (len(values) + 1.6) + 58
    with svg.Canvas(WIDTH, height) as figure:
        axes = figure.add_subplot()
        left = 12 + 6.4 * max([len("estimate"), *(len(r) for r in replicates)])
        margins(axes, left, 14, 24, 34)
        frame(axes, [*values, estimate, low, high], margin, kind, criterion.get("scale"))
        for row, value in enumerate(values):
            if value is not None:
                axes.plot([value], [row], "o", color=svg.DATA, markersize=5.5, zorder=4)
        bottom = len(values) + 0.3
        whisker(axes, estimate, low, high, bottom, diamond=True)
        axes.axhline(len(values) - 0.35, color=svg.RULE, linewidth=0.8)
        axes.set_yticks([*range(len(values)), bottom], [*replicates[: len(values)], "estimate"])
        axes.set_ylim(bottom + 0.8, -0.8)
        drawing = svg.inline(figure, name, title, words)
    rows = [(r, number(v, places)) for r, v in zip(replicates, values, strict=False)]
    rows += [
        ("estimate", number(estimate, places)),
        ("interval", interval(low, high, places)),
        ("margin", plain(margin)),
    ]
    key = (
        KeyEntry("dot", "replicate"),
        KeyEntry("diamond", "estimate and interval"),
        KeyEntry("dash", "margin"),
        KeyEntry("shade", "where the claim lies"),
    )
    return FigureView(
        name, title, "", words, drawing, Table(("replicate", "value"), tuple(rows)), key=key
    )


def family_figure(
    group: str,
    members: Sequence[Mapping[str, Any]],
    criterion: Mapping[str, Any],
    name: str,
    span: Sequence[float | None],
) -> FigureView:
    """The members of one group of a family side by side; ``span`` makes groups share an axis."""
    margin = finite(criterion.get("margin"))
    labels = [member_label(str(m["name"])) for m in members]
    title = (
        f"{humane(group)}: {humane(str(criterion['name']))}"
        if group
        else humane(str(criterion["name"]))
    )
    words = (
        f"Interval plot of {len(members)} {member_word(criterion)}s, margin {plain(margin)}. "
        + " ".join(
            f"{label}: {number(m.get('estimate'))} {interval(m.get('low'), m.get('high'))}."
            for label, m in zip(labels, members, strict=True)
        )
    )
    height = ROW * len(members) + 66
    ticked = [shortened(label) for label in labels]
    with svg.Canvas(WIDTH, height) as figure:
        axes = figure.add_subplot()
        margins(axes, 12 + 5.9 * max(map(len, ticked)), 14, 24, 34)
        frame(axes, span, margin, _kind(criterion), criterion.get("scale"))
        for row, member in enumerate(members):
            for value in member.get("values") or ():
                if finite(value) is not None:
                    axes.plot([value], [row], "o", color=svg.DATA, markersize=3.4, alpha=0.35)
            estimate, low, high = (finite(member.get(k)) for k in ("estimate", "low", "high"))
            whisker(axes, estimate, low, high, row)
        axes.set_yticks(range(len(members)), ticked)
        axes.set_ylim(len(members) - 0.3, -0.7)
        drawing = svg.inline(figure, name, title, words)
    rows = tuple(
        (label, number(m.get("estimate")), interval(m.get("low"), m.get("high")))
        for label, m in zip(labels, members, strict=True)
    )
    key = (
        KeyEntry("dot", "replicate"),
        KeyEntry("diamond", "estimate and interval"),
        KeyEntry("dash", "margin"),
        KeyEntry("shade", "where the claim lies"),
    )
    return FigureView(
        name,
        title,
        "",
        words,
        drawing,
        Table((member_word(criterion), "estimate", "interval"), rows),
        key=key,
    )


def member_word(criterion: Mapping[str, Any]) -> str:
    """What a member of a criterion's family is called."""
    return MEMBERS.get(str((criterion.get("estimand") or {}).get("kind")), "candidate")


def member_label(name: str) -> str:
    """The candidate's name without its group."""
    return name.partition("/")[2] or name


def member_group(name: str) -> str:
    """The group a member belongs to (its arm), or nothing."""
    return name.partition("/")[0] if "/" in name else ""


def _kind(criterion: Mapping[str, Any]) -> str:
    return str((criterion.get("test") or {}).get("kind", ""))


def frame(
    axes: Axes, values: Sequence[float | None], margin: float | None, kind: str, scale: Any
) -> None:
    """Axis limits, the margin's line and label, and the shaded side that the claim asserts."""
    seen = [v for v in values if v is not None]
    edges = [] if margin is None else [margin, -margin] if kind == "equivalence" else [margin]
    log = scale == "log" and all(v > 0 for v in [*seen, *edges])
    nought = [1.0] if log or kind == "mean-ratio-above" else [0.0]
    low, high = padded(min([*seen, *edges, *nought]), max([*seen, *edges, *nought]))
    if log:
        low = max(min([*seen, *edges, 1.0]), 1 / LARGEST) / 1.15
        high = bounded(max([*seen, *edges, 1.0])) * 1.15
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(log_ticks(low, high)))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel("logarithmic scale", fontsize=svg.FONT - 1)
    else:
        axes.xaxis.set_major_locator(ticks(5))
    axes.set_xlim(low, high)
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
    axes.axvline(nought[0], color=svg.MUTED, linewidth=0.8, zorder=1)
    if margin is None:
        return
    if kind in ABOVE:
        axes.axvspan(margin, high, color=svg.SHADE, linewidth=0, zorder=0)
    elif kind in BELOW:
        axes.axvspan(low, margin, color=svg.SHADE, linewidth=0, zorder=0)
    elif kind == "equivalence":
        axes.axvspan(-margin, margin, color=svg.SHADE, linewidth=0, zorder=0)
    for edge in edges:
        axes.axvline(edge, color=svg.ALERT, linewidth=1.4, linestyle=(0, (4, 3)), zorder=2)
    axes.annotate(
        f"margin {plain(margin)}",
        (edges[0], 1),
        (0, 5),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha=_anchor(edges[0], low, high),
        color=svg.ALERT,
    )


def _anchor(at: float, low: float, high: float) -> str:
    """Keep a label inside the axes."""
    place = (at - low) / (high - low)
    return "left" if place < 0.2 else "right" if place > 0.8 else "center"


def whisker(
    axes: Axes,
    estimate: float | None,
    low: float | None,
    high: float | None,
    row: float,
    *,
    diamond: bool = False,
) -> None:
    """An estimate with its interval; nothing where there is no estimate."""
    if low is not None and high is not None:
        axes.plot([low, high], [row, row], color=svg.INK, linewidth=2, zorder=5)
    if estimate is not None:
        size = 8.5 if diamond else 6
        axes.plot([estimate], [row], "D", color=svg.INK, markersize=size - 1.5, zorder=6)
