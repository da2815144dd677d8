"""Which dictionary features the arms of a claim edited in every replicate, and their rates.

Their numbers mean nothing beyond one trained dictionary; the rates are what they were chosen by.

Not covered: counts of all features (``harness.report.gallery``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.report.figure import Table
from harness.report.records import ReportInput
from harness.report.words import humane, number

HEADS = (
    *("arm", "replicate", "dictionary", "variant", "feature"),
    *("rate, positive", "rate, negative", "rate, host", "scale"),
)
MOST_ROWS = 2000


def edited_table(report: ReportInput) -> Table | None:
    """One row per arm, replicate, variant and feature, in the claim's order; None without any."""
    rows = [
        row
        for arm in report.claim.get("arms") or ()
        for record in report.replicates
        for row in _rows(str(arm["name"]), record)
    ]
    return Table(HEADS, tuple(rows[:MOST_ROWS])) if rows else None


def _rows(arm: str, record: Mapping[str, Any]) -> list[tuple[str, ...]]:
    about = (record.get("features") or {}).get(arm) or {}
    return [
        (
            *(humane(arm), f"r{record.get('replicate', '')}", str(about.get("dictionary", ""))),
            *(variant, str(one["feature"])),
            *(number(one[f"rate_{of}"], 3) for of in ("positive", "negative", "host")),
            number(one.get("scale"), 3),
        )
        for variant, group in (about.get("variants") or {}).items()
        for one in group
    ]
