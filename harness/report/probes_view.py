"""What the probes read: a figure for each number of layers or heads, tables of the rest.

Values are those of every replicate; means are over replicates. Contexts are those of the first
replicate, strongest first, and nobody picked them.

Not covered: which of the numbers a criterion tests (the criteria say so).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from harness.report import svg
from harness.report.figure import FigureView, KeyEntry, Table, limits, margins, ticks
from harness.report.records import ReportInput
from harness.report.words import NONE, clean, humane, number

FEWEST_ITEMS = 4
"""A number of fewer items is read more easily in a table."""
MOST_CONTEXTS = 20
WIDE, NARROW, HEIGHT = 700, 340, 230
COLOURS = (svg.DATA, svg.OTHER, svg.THIRD)
SWATCHES = ("thick", "other-thick", "third-thick")
CONTEXT = "context"
P = "p"
"""A p-value: the mean of several says nothing."""
APART = 0.24
"""Between the dots of two models at one head."""


@dataclass(frozen=True)
class ProbesView:
    """Figures, one table of all other numbers, and a table of contexts for each probe that has
    some, with its heading."""

    figures: tuple[FigureView, ...]
    numbers: Table | None
    contexts: tuple[tuple[str, Table], ...]


def probes_view(report: ReportInput) -> ProbesView | None:
    """The view, or None where the claim has no probes."""
    cells = report.cells.get("probes")
    if cells is None or not len(cells):
        return None
    kinds = {str(p["name"]): str(p["kind"]) for p in report.claim.get("probes") or ()}
    rows = cells[cells["quantity"] != CONTEXT]
    row = rows["item"].map(lambda item: _row(str(item))[0])
    figures, rest = [], []
    for (probe, quantity, of), part in rows.groupby(["probe", "quantity", row], sort=False):
        if of == ALONE or part["item"].nunique() < FEWEST_ITEMS:
            rest.append(part)
            continue
        kind = humane(kinds.get(str(probe), "probe"))
        what = f"{humane(str(quantity))}{f', {of}' if of else ''}"
        title = f"{kind[0].upper()}{kind[1:]} ({humane(str(probe))}): {what}"
        figures.append(_figure(f"probe-{probe}-{quantity}-{of}", title, part))
    return ProbesView(tuple(figures), _numbers(rest), _contexts(cells))


ITEM = re.compile(r"(?:([a-z]+)\.)?(?:h?([0-9]{1,4})|embed)", re.ASCII)
ALONE = "-"


def _row(item: str) -> tuple[str, int]:
    """The row of layers or heads that an item stands in (:data:`ALONE`: none), and its place."""
    match = ITEM.fullmatch(item)
    if match is None:
        return ALONE, 0
    return match[1] or "", -1 if match[2] is None else int(match[2])


def _figure(name: str, title: str, rows: pd.DataFrame) -> FigureView:
    rows = rows.assign(item=rows["item"].map(lambda item: str(item).rpartition(".")[2]))
    items = sorted(map(str, rows["item"].unique()), key=lambda item: _row(item)[1])
    models = [str(m) for m in dict.fromkeys(rows["model"])]
    wide = rows.pivot_table(index=["model", "replicate"], columns="item", values="value")[items]
    means = {m: wide.loc[m].to_numpy().mean(0) for m in models}
    course = " ".join(
        f"{humane(m)}: "
        + ", ".join(f"{number(v)} at {i}" for i, v in zip(items, means[m], strict=True))
        + "."
        for m in models
    )
    drawn = "Dots" if items[0].startswith("h") else "Line chart"
    words = f"{drawn} over {rows['replicate'].nunique()} replicates. Means: {course}"
    body = [
        (f"{humane(str(m))} r{r}", *(number(v, 3) for v in values))
        for (m, r), values in zip(wide.index, wide.to_numpy(), strict=True)
    ]
    body += [(f"{humane(m)} (mean)", *(number(v, 3) for v in means[m])) for m in models]
    key = [KeyEntry(SWATCHES[n % 3], f"{humane(m)}: mean") for n, m in enumerate(models)]
    return FigureView(
        id=name,
        title=title,
        caption="Dots are replicates, bars their means."
        if items[0].startswith("h")
        else "Thin lines are replicates, thick lines their means.",
        description=words,
        wide=_draw(WIDE, name, title, words, wide, models),
        narrow=_draw(NARROW, f"{name}-n", title, words, wide, models),
        table=Table(("model", *items), tuple(body)),
        key=tuple(key),
    )


def _draw(
    width: int, name: str, title: str, words: str, values: pd.DataFrame, models: list[str]
) -> Markup:
    items = list(values.columns)
    with svg.Canvas(width, HEIGHT) as figure:
        axes = figure.subplots()
        margins(axes, 40, 8, 14, 30)
        x = np.arange(len(items))
        for n, model in enumerate(models):
            rows = values.loc[model].to_numpy()
            colour = COLOURS[n % len(COLOURS)]
            if items[0].startswith("h"):  # heads have no order that a line could follow
                at = x + APART * (n - (len(models) - 1) / 2)
                axes.plot(np.tile(at, len(rows)), rows.ravel(), "o", color=colour, ms=3, alpha=0.45)
                axes.plot(at, rows.mean(0), "_", color=colour, markersize=13, markeredgewidth=2.4)
                continue
            for row in rows:
                axes.plot(x, row, color=colour, linewidth=1, alpha=0.45)
            axes.plot(x, rows.mean(0), color=colour, linewidth=2.4, marker="o", markersize=3.5)
        axes.set_xticks(x, items)
        seen = [float(v) for v in values.to_numpy().ravel() if np.isfinite(v)]
        axes.set_ylim(*limits(seen, floor=0.0 if min(seen, default=0.0) >= 0 else None))
        axes.yaxis.set_major_locator(ticks(5))
        return svg.inline(figure, name, title, words)


def _numbers(parts: list[pd.DataFrame]) -> Table | None:
    if not parts:
        return None
    keys = ["probe", "model", "item", "quantity"]
    rows = pd.concat(parts)
    found = rows.groupby(keys, sort=False)["value"].agg(["mean", "min", "max"]).reset_index()
    body: list[tuple[str, ...]] = [
        (
            *(clean(str(row[k])) for k in keys),
            NONE if row["quantity"] == P else number(row["mean"], 3),
            *(number(row[k], 3) for k in ("min", "max")),
        )
        for _, row in found.iterrows()
    ]
    return Table(("probe", "model", "of", "number", "mean", "least", "most"), tuple(body))


def _contexts(cells: pd.DataFrame) -> tuple[tuple[str, Table], ...]:
    found: list[tuple[str, Table]] = []
    rows = cells[(cells["quantity"] == CONTEXT) & (cells["replicate"] == cells["replicate"].min())]
    for probe, part in rows.groupby("probe", sort=False):
        first = part.sort_values("item").head(MOST_CONTEXTS)
        body = tuple(
            (str(row["item"]), number(row["value"], 2), clean(str(row["text"])))
            for _, row in first.iterrows()
        )
        heading = f"{humane(str(probe))}: strongest contexts in replicate {_first(part)}"
        found.append((heading, Table(("rank", "activation", "context and what follows"), body)))
    return tuple(found)


def _first(rows: pd.DataFrame) -> Any:
    return rows["replicate"].iloc[0]
