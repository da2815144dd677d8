"""Heads that arms chose by what they do: which one it was in each replicate, as a page shows it.

Not covered: choosing (``harness.measure.runner_heads``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.report.figure import Table
from harness.report.records import ReportInput
from harness.report.words import humane, listing, number

HEADS_NOTE = (
    "Chosen in each replicate on the select split, by attention from the site's positions to "
    "earlier positions of the class; drawn where the arm is a control."
)
HEADS = ("arm", "chosen as", "head by replicate", "attention, mean", "next best, mean")


def heads_view(report: ReportInput) -> Table | None:
    """One row per arm that chooses; None where no record has any."""
    arms = {str(a.get("name")): a.get("heads") for a in report.claim.get("arms") or ()}
    found: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    for record in report.replicates:
        for name, row in (record.get("heads") or {}).items():
            found.setdefault(str(name), []).append((f"r{record.get('replicate', '')}", row))
    rows = tuple(
        (
            humane(name),
            _words(arms.get(name)),
            ", ".join(_one(label, row) for label, row in several),
            _mean([row["attention"] for _, row in several]),
            _mean([row["next"] for _, row in several if row.get("next") is not None]),
        )
        for name, several in found.items()
    )
    return Table(HEADS, rows) if rows else None


def _one(label: str, row: Mapping[str, Any]) -> str:
    partner = row.get("partner")
    also = f" (the other model's: {partner})" if partner is not None else ""
    return f"{label}: {row['head']}{also}"


def _words(written: Any) -> str:
    if not isinstance(written, Mapping):
        return listing(written)
    if "other_than" in written:
        return f"drawn, not that of {humane(str(written['other_than']))}"
    texts = f", {written['texts']} texts" if written.get("texts") else ""
    return f"attends to {listing(written.get('attends'))}{texts}"


def _mean(values: list[float]) -> str:
    return number(sum(values) / len(values) if values else None, 3)
