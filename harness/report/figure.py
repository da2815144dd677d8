"""What a figure on a page consists of: drawings, a key, words for those who do not see it, a table.

Not covered: drawing (the ``*_figure`` modules) and layout (the templates).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from harness.report import svg


@dataclass(frozen=True)
class Table:
    """The numbers behind a figure, as text; the first column heads its row."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class KeyEntry:
    """One line of a figure's key: ``mark`` names the swatch's style, ``text`` says what it is."""

    mark: str
    text: str


@dataclass(frozen=True)
class FigureView:
    """One figure. ``narrow`` replaces ``wide`` on small screens; None: ``wide`` serves both."""

    id: str
    title: str
    caption: str
    description: str
    wide: Markup
    table: Table
    narrow: Markup | None = None
    key: tuple[KeyEntry, ...] = ()


def margins(axes: Axes, left: float, right: float, top: float, bottom: float) -> None:
    """Place the axes so many CSS pixels from the figure's edges."""
    figure = axes.get_figure(root=True)
    assert figure is not None  # axes are made by a figure
    width, height = (72 * inches for inches in figure.get_size_inches())
    axes.set_position(
        (left / width, bottom / height, 1 - (left + right) / width, 1 - (top + bottom) / height)
    )


def heading(axes: Axes, text: str, size: float = svg.FONT, shift: float = 0.0) -> None:
    """A horizontal title above the left edge of the axes: easier to read than a rotated label."""
    axes.annotate(
        text,
        (0, 1),
        (-shift, 8),
        xycoords="axes fraction",
        textcoords="offset points",
        ha="left",
        va="bottom",
        fontsize=size,
        color=svg.INK,
    )


def ticks(count: int) -> MaxNLocator:
    """At most so many steps, of sizes that people count in."""
    return MaxNLocator(count, steps=[1, 2, 2.5, 5, 10])


def log_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Places for labels on a logarithmic axis: at most ``most``, and three at least where a range
    of positive numbers has so many that people count in."""
    first, last = math.floor(math.log10(low)), math.floor(math.log10(high))
    decades = range(first, last + 1)
    found: list[float] = []
    for leading in ((1, 2, 5), (1, 3), (1,)):
        found = [v for n in decades for d in leading if low <= (v := float(f"{d}e{n}")) <= high]
        if len(found) <= most:
            break
    while len(found) > most:
        found = found[::2]
    if len(found) < 3:
        found = [v for v in ticks(most).tick_values(low, high) if low <= v <= high and v > 0]
    return found


LARGEST = 1e300
"""Axes end here: beyond, their own arithmetic overflows, and there is nothing to see."""


def bounded(value: float) -> float:
    """The value, or the end of what can be drawn."""
    return min(max(value, -LARGEST), LARGEST)


def padded(low: float, high: float, share: float = 0.06) -> tuple[float, float]:
    """The range widened on both sides, never empty and never infinite."""
    low, high = bounded(low), bounded(high)
    span = high - low or abs(high) or 1.0
    return low - share * span, high + share * span


def limits(values: Sequence[float], *, floor: float | None = None) -> tuple[float, float]:
    """Axis limits around values; ``floor`` is included and not padded below."""
    if not values:
        return 0.0, 1.0
    low, high = padded(min(values), max(values))
    return (bounded(min(floor, *values)), high) if floor is not None else (low, high)
