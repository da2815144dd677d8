"""Directions at sites before an output matrix: what of each the matrix reads, as a page shows it.

A direction drawn at random has, on average, rank over width of its squared length in the row space;
that stands beside the shares, so that a reader sees what would be nothing special.

Not covered: computing shares (``harness.measure.runner_split``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.report.figure import Table
from harness.report.records import ReportInput
from harness.report.words import humane, number

SPLITS_NOTE = (
    "At these sites one matrix writes what is there into the residual. The part of a direction in "
    "its null space changes nothing downstream, yet counts where a patch or a projection reads how "
    "much of the direction there is (Makelov, Lange and Nanda 2023). Shares of the squared length."
)
HEADS = (
    *("direction", "in the model", "replicates", "row-space share", "lowest", "highest"),
    *("null-space share", "rank of width", "share of a random one"),
)


def splits_view(report: ReportInput) -> Table | None:
    """One row per direction and host; None where no record has any."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for record in report.replicates:
        for label, row in (record.get("row_space") or {}).items():
            found.setdefault(str(label), []).append(row)
    parts = {str(d.get("name")): d.get("part") for d in report.claim.get("directions") or ()}
    rows = tuple(_row(label, several, parts) for label, several in found.items())
    return Table(HEADS, rows) if rows else None


def _row(label: str, several: list[Mapping[str, Any]], parts: Mapping[str, Any]) -> tuple[str, ...]:
    name, _, rest = label.partition("@")
    host, _, donor = rest.rpartition("+")
    shares = [float(row["row_space"]) for row in several]
    mean = sum(shares) / len(shares)
    ranks = tuple(dict.fromkeys(f"{row['rank']} of {row['width']}" for row in several))
    random = sum(row["rank"] / max(row["width"], 1) for row in several) / len(several)
    used = f" (used: its {parts[name]} part)" if parts.get(name) else ""
    return (
        humane(name) + used,
        humane(host) + (f", directions of {donor} further on" if donor not in ("", "0") else ""),
        str(len(several)),
        *(number(value, 3) for value in (mean, min(shares), max(shares), 1 - mean)),
        ", ".join(ranks),
        number(random, 3),
    )
