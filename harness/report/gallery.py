"""Which figures a claim's page has, made from its cells and its verdict.

Not covered: how each is drawn (the ``*_figure`` modules).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from harness.report import curves as cv
from harness.report.criteria import replicate_labels
from harness.report.dose_figure import X_LABELS, DoseData, dose_figure
from harness.report.figure import FigureView, Table
from harness.report.forest_figure import family_figure, forest_figure, member_group, member_label
from harness.report.panels_figure import panels_figure
from harness.report.records import ReportInput
from harness.report.single import single
from harness.report.words import finite, humane, number

THIN = "\N{NARROW NO-BREAK SPACE}"
BELOW = ("garbage_rate", "ordinary_loss")
"""Readouts drawn below the behaviour; after them those of ``curves.named``."""


@dataclass(frozen=True)
class Sweep:
    """One arm along its doses: behaviour first, damage below; or one panel per candidate."""

    heading: str
    note: str
    treated: bool
    """Drawn large: the arm that is judged, and arms that a criterion sets against it."""
    main: FigureView
    below: tuple[FigureView, ...]


@dataclass(frozen=True)
class Gallery:
    """All figures of a page; ``panels`` are the sweeps with many candidates."""

    sweeps: tuple[Sweep, ...]
    panels: tuple[FigureView, ...]
    forests: tuple[FigureView, ...]
    families: tuple[FigureView, ...]
    features: Table | None
    single: Table | None
    """Arms without a grid of doses: their means over replicates."""


def gallery(report: ReportInput, frame: pd.DataFrame) -> Gallery:
    """The figures; ``frame`` is :func:`harness.report.curves.summary`."""
    arms = cv.arms_of(report.claim)
    main = _treatment(report.claim, cv.sweeps(frame, arms))
    sweeps, panels = [], []
    against = _against(report.verdict)
    for arm in sorted(cv.sweeps(frame, arms), key=lambda n: (n != main, n not in against)):
        order = tuple(arms[arm].get("directions") or ())
        found = tuple(c for c in cv.curves(frame, arm, "rate", order) if not c.empty)
        if len(found) > 1:
            marks = _best_doses(report.verdict, arm)
            name = f"panels-{_slug(arm)}"
            levels = _levels(frame, arms, "rate", arm)
            panels.append(panels_figure(found, "rate", name, levels, marks, unit_of(arms[arm])))
        elif found:
            sweeps.append(_sweep(report, frame, arm, main))
    criteria = tuple(report.verdict.get("criteria") or ())
    return Gallery(
        sweeps=tuple(sweeps),
        panels=tuple(panels),
        forests=_forests(report, criteria),
        families=_families(criteria),
        features=_features(report),
        single=single(frame, arms, ("rate", *BELOW, *cv.named(report.claim))),
    )


def unit_of(arm: Mapping[str, Any]) -> str:
    """The unit of an arm's doses, one that an axis has words for."""
    unit = str(arm.get("unit") or arm.get("operation") or "")
    return unit if unit in X_LABELS else "residual"


def _slug(name: str) -> str:
    """A name as part of an id: ASCII letters, digits and hyphens; other characters by number."""
    return "".join(c if c.isascii() and (c.isalnum() or c == "-") else f"_{ord(c):x}" for c in name)


def _treatment(claim: Mapping[str, Any], swept: Sequence[str]) -> str:
    """The arm that is drawn first: the one whose dose is judged, else the first one with a grid
    that a criterion reads."""
    ruled = str((claim.get("dose_rule") or {}).get("arm") or "")
    return ruled or next((arm for arm, _ in _read(claim) if arm in swept), "")


def _read(claim: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Arm and readout of each criterion that has one of each, and the arm that it is set off
    against."""
    found = [row.get("estimand") or {} for row in claim.get("criteria") or ()]
    return [
        (str(e[key]), str(e["readout"]))
        for e in found
        for key in ("arm", "minus")
        if e.get(key) and e.get("readout")
    ]


def _levels(frame: pd.DataFrame, arms: cv.Arms, readout: str, arm: str) -> dict[str, float]:
    """Means of the arms without intervention, unlabelled ones only, except the arm's own host."""
    host = arms[arm].get("on")
    found = {}
    for name in cv.plain_arms(frame, arms):
        if arms[name].get("on") == host or arms[name].get("label"):
            continue
        curve = cv.curves(frame, name, readout)
        if curve and np.isfinite(curve[0].mean[0]):
            found[name] = float(curve[0].mean[0])
    return found


def _sweep(report: ReportInput, frame: pd.DataFrame, arm: str, treatment: str) -> Sweep:
    arms = cv.arms_of(report.claim)
    treated = arm == treatment
    large = treated or arm in _against(report.verdict)
    judged = cv.judged_doses(report) if large else {}
    random = tuple(
        name
        for name in (cv.controls(frame, arms) if treated else ())
        if arms[name].get("on") == arms[arm].get("on")
    )

    def data(readout: str) -> DoseData | None:
        found = [c for c in cv.curves(frame, arm, readout) if not c.empty]
        if not found:
            return None
        points = tuple(p for n in random[:2] if (p := cv.points(frame, n, readout)))
        levels = _levels(frame, arms, readout, arm) if readout != "ordinary_loss" else {}
        drawn = {n: cv.drawn(arms[n]) for n in random}
        return DoseData(readout, found[0], levels, points, judged, unit_of(arms[arm]), drawn)

    def figure(readout: str, *, large: bool) -> FigureView | None:
        found = data(readout)
        name = f"dose-{_slug(arm)}-{_slug(readout)}"
        return dose_figure(found, name, large=large) if found else None

    shown = ("rate", *BELOW, *cv.named(report.claim))
    asked = next((r for name, r in _read(report.claim) if name == arm and r in shown), "rate")
    first = asked if large and data(asked) else "rate"
    main = figure(first, large=large)
    assert main is not None  # the caller saw a curve of rates
    below = tuple(f for f in (figure(r, large=False) for r in shown if r != first) if f)
    return Sweep(humane(arm), str(arms[arm].get("label") or ""), large, main, below)


def _against(verdict: Mapping[str, Any]) -> set[str]:
    """Arms that criteria compare the treatment with from the other side."""
    return {
        str(name)
        for row in verdict.get("criteria") or ()
        if (name := (row.get("estimand") or {}).get("against"))
    }


def _best_doses(verdict: Mapping[str, Any], arm: str) -> dict[str, dict[int, float]]:
    """Variant -> replicate -> the dose at which the gate judged it, where the verdict says so."""
    order = list((verdict.get("dose") or {}).get("replicates") or ())
    found: dict[str, dict[int, float]] = {}
    for row in verdict.get("criteria") or ():
        for member in row.get("members") or ():
            name = str(member.get("name", ""))
            doses = (member.get("details") or {}).get("best_dose") or ()
            if member_group(name) == arm and len(doses) == len(order):
                found[member_label(name)] = {
                    int(r): float(d) for r, d in zip(order, doses, strict=True)
                }
    return found


def _forests(
    report: ReportInput, criteria: tuple[Mapping[str, Any], ...]
) -> tuple[FigureView, ...]:
    """One per criterion with values; a family's shows its strongest member."""
    return tuple(
        forest_figure(row, replicate_labels(report.verdict, len(row["values"])), f"forest-{i}")
        for i, row in enumerate(criteria)
        if any(finite(v) is not None for v in row.get("values") or ()) and not row.get("members")
    )


def _families(criteria: tuple[Mapping[str, Any], ...]) -> tuple[FigureView, ...]:
    """One per criterion and group of members; all of them on one axis, so that they compare."""
    families = [row for row in criteria if row.get("members")]
    span = [
        v
        for row in families
        for m in row["members"]
        for v in (finite(x) for x in (*m.get("values", ()), m.get("low"), m.get("high")))
        if v is not None
    ]
    found = []
    for i, row in enumerate(families):
        groups: dict[str, list[Mapping[str, Any]]] = {}
        for m in row["members"]:
            groups.setdefault(member_group(str(m.get("name", ""))), []).append(m)
        found += [
            family_figure(group if len(groups) > 1 else "", members, row, f"family-{i}-{j}", span)
            for j, (group, members) in enumerate(groups.items())
        ]
    return tuple(found)


def _features(report: ReportInput) -> Table | None:
    """Firings per dictionary and text variant in both models, summed over features."""
    cells = report.cells.get("features")
    if cells is None or not len(cells) or "fires_regulation" not in cells.columns:
        return None
    cells = cells[cells["split"] == report.split]
    if not len(cells):
        return None
    keys = ["dictionary", "hook", "text_variant"]
    counts = ["positions", "fires_regulation", "fires_standard"]
    total = cells.groupby(keys, sort=True)[counts].sum().reset_index()
    rows = tuple(
        (*(str(row[k]) for k in keys), *(f"{int(row[c]):,}".replace(",", THIN) for c in counts))
        for _, row in total.iterrows()
    )
    heads = (
        "dictionary",
        "hook",
        "text variant",
        "feature positions",
        "fires in the trained model",
        "fires in the standard model",
    )
    return Table(heads, rows)


def dictionary_table(report: ReportInput) -> Table | None:
    """Quality of every dictionary, means and worst over replicates."""
    found: dict[str, list[Mapping[str, float | None]]] = {}
    for record in report.replicates:
        for key, row in (record.get("dictionaries") or {}).items():
            found.setdefault(str(key), []).append(row)
    if not found:
        return None
    rows = tuple(
        (
            key.partition("/")[0],
            key.partition("/")[2],
            str(len(several)),
            number(float(np.mean(_column(several, "explained_variance"))), 3),
            number(float(np.min(_column(several, "explained_variance"))), 3),
            number(float(np.max(_column(several, "dead_fraction"))), 3),
            number(float(np.mean(_column(several, "l0"))), 1),
        )
        for key, several in sorted(found.items(), key=lambda item: item[0].split("/")[::-1])
    )
    heads = ("dictionary", "hook", "n", "explained variance", "lowest", "most dead", "mean active")
    return Table(heads, rows)


def _column(rows: Sequence[Mapping[str, float | None]], key: str) -> list[float]:
    """One figure of several records; NaN, which then is the whole column's, where one has none."""
    return [float("nan") if (value := row.get(key)) is None else float(value) for row in rows]


def health_table(report: ReportInput) -> Table | None:
    """Health and dose of every replicate, as recorded when it was measured."""
    records = [r for r in report.replicates if r.get("health")]
    if not records:
        return None
    roles = tuple(dict.fromkeys(role for r in records for role in r["health"]))
    fields = {"loss_gap": "loss gap", "behaviour_rate": "behaviour", "garbage_rate": "garbage"}
    heads = ["replicate"]
    heads += [f"{humane(role)}: {words}" for role in roles for words in fields.values()]
    rows = tuple(
        (
            f"r{record.get('replicate', '')}",
            *(
                number((record["health"].get(role) or {}).get(key), 3)
                for role in roles
                for key in fields
            ),
            number((record.get("dose") or {}).get("judged"), 3),
        )
        for record in records
    )
    return Table((*heads, "judged dose"), rows)
