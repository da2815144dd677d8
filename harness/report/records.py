"""What goes into a report and what comes out of it.

The report shows; it does not judge. Every statistic it prints was computed by ``harness.verdict``
and stands in ``verdict.json``; the cells are used only to draw curves and to quote generations.

Not covered: reading these things from a workspace (the command line does), the numbers' meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from harness.errors import RecordBroken
from harness.report.words import VERDICTS

SCHEMA = "causal-claims/verdict/1"

KEYS: Mapping[str, tuple[str, ...]] = {
    "generate": (
        *("arm", "replicate", "split", "variant", "dose", "prompt", "steps", "behaviour"),
        *("garbage", "text", "fired", "dose_measured", "delta_max"),
    ),
    "score": (
        *("arm", "replicate", "split", "variant", "dose", "fired", "dose_measured"),
        *("onset_mass", "elsewhere_mass", "ordinary_loss", "kl"),
    ),
    "probes": ("probe", "model", "item", "quantity", "value", "text", "replicate"),
    "features": ("replicate", "split", "dictionary", "hook", "positions", "positions_class"),
}
"""Columns without which a mode's cells cannot be shown."""


@dataclass(frozen=True)
class ReportInput:
    """Everything a claim's page is made of.

    ``verdict`` is ``verdict.json``; ``claim`` the claim's canonical JSON; ``lock`` the lock's JSON
    (None for an exploration); ``ledger`` the ledger's rows that concern the claim, in order;
    ``cells`` one frame per mode (``generate``, ``score``, ...) with the columns of the measurement
    tables plus ``arm``, ``replicate``, ``split``; ``replicates`` the replicate records;
    ``anchors`` the outside timestamps or signatures over the ledger (none: UNANCHORED);
    ``versions`` every registration of the claim with its standing and what it changed (see
    ``harness.verdict.versions``); ``related`` claims that a withdrawal ties to this one (see
    ``harness.report.related``);
    ``separator`` what stands between two steps of a decoded generation; ``row`` the last row of the
    ledger that was read (0: none).
    """

    verdict: Mapping[str, Any]
    claim: Mapping[str, Any]
    lock: Mapping[str, Any] | None = None
    ledger: tuple[Mapping[str, Any], ...] = ()
    cells: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    replicates: tuple[Mapping[str, Any], ...] = ()
    anchors: tuple[Mapping[str, Any], ...] = ()
    versions: tuple[Mapping[str, Any], ...] = ()
    related: tuple[Mapping[str, Any], ...] = ()
    separator: str = " ; "
    row: int = 0

    @property
    def id(self) -> str:
        return str(self.claim["id"])

    @property
    def status(self) -> str:
        return str(self.verdict["status"])

    @property
    def split(self) -> str:
        """The split whose cells are shown."""
        return "explore" if self.status == "EXPLORATORY" else "confirm"


@dataclass(frozen=True)
class Rendered:
    """One page, twice."""

    html: str
    markdown: str


@dataclass(frozen=True)
class IndexRow:
    """One claim on the index.

    ``standing`` is a verdict's status, or what keeps the claim from having one (``LOCKED``,
    ``INCOMPLETE``, ``UNLOCKED``, ``NOT REPORTED``, ``WITHDRAWN``, ...). ``href`` leads to the
    claim's page, relative to the index; empty where there is none. ``criteria`` are pairs of
    name and outcome.
    """

    claim: str
    title: str
    standing: str
    sentence: str = ""
    n: int | None = None
    unit: str = ""
    registration: str = ""
    attempt: str = ""
    href: str = ""
    note: str = ""
    criteria: tuple[tuple[str, str], ...] = ()


def checked(report: ReportInput) -> ReportInput:
    """The same input, if a page can honestly be made of it.

    Raises :class:`RecordBroken` where verdict and claim speak of different claims, where a verdict
    that only a registration can give comes without one, and where cells lack a column.
    """
    where = f"verdict of {report.claim.get('id', '?')}"
    for key in ("schema", "claim", "status", "sentence"):
        if key not in report.verdict:
            raise RecordBroken(f"the verdict has no {key!r}", where=where, fix="Judge it again")
    if report.verdict["schema"] != SCHEMA:
        raise RecordBroken(
            f"the verdict's schema is {report.verdict['schema']!r}, this version reads {SCHEMA!r}",
            where=where,
            fix="Judge it again with this version",
        )
    if report.verdict["claim"] != report.claim.get("id"):
        raise RecordBroken(
            f"the verdict is about {report.verdict['claim']!r}",
            where=where,
            fix="Give each claim its own verdict",
        )
    if report.status not in VERDICTS:
        raise RecordBroken(
            f"no such status: {report.status!r}", where=where, fix=f"One of: {', '.join(VERDICTS)}"
        )
    if report.status != "EXPLORATORY" and not report.verdict.get("registration"):
        raise RecordBroken(
            f"a {report.status} without a registration",
            where=where,
            fix="Lock the claim and run it; without a lock it can only be EXPLORATORY",
        )
    for mode, frame in report.cells.items():
        missing = [c for c in KEYS.get(mode, ()) if c not in frame.columns]
        if len(frame) and missing:
            raise RecordBroken(
                f"the {mode} cells have no column {', '.join(missing)}",
                where=report.id,
                fix="Measure again, or restore the stored cells",
            )
    return report
