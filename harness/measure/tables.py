"""Stored measurements as tables: cells in, one row per (replicate, split, arm, variant, dose) out.

A cell is one Parquet file (columns in ``docs/measurements.md``). ``summarise`` averages prompts
within a replicate, which is the only place where prompts are averaged: whatever is tested later has
one number per replicate.

Not covered: writing cells (``harness.measure.store``), statistics (``harness.stats``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.claim.schema import Claim
from harness.errors import RecordBroken
from harness.measure.job import Job, measured, require_measured
from harness.measure.store import (
    MODES,
    CellName,
    cell_table,
    digests,
    joined,
    read_json,
    read_recorded,
    record_path,
)

KEYS = ["replicate", "split", "arm", "variant", "dose"]
GENERATED = ["rate", "garbage_rate", "steps"]
SCORED = ["onset_mass", "elsewhere_mass", "ordinary_loss", "kl"]
ROWS = ["placed", "repetition", "clean_nats"]
"""Readouts of generated rows that have a column of their own, which earlier cells lack."""
TEXTS = ["fidelity"]
"""The same of scored texts."""
MOST_ROWS = 1 << 24
"""Of all cells of an attempt together."""
READOUTS = (*GENERATED[:2], *SCORED, *TEXTS, *ROWS, "format_valid")


@dataclass(frozen=True)
class Evidence:
    """All that a verdict may rest on: the claim, its cells by mode, a record per replicate."""

    claim: Claim
    kind: str
    registration: str
    attempt: str
    generate: pd.DataFrame
    score: pd.DataFrame
    features: pd.DataFrame
    records: Mapping[int, Mapping[str, Any]]
    deviations: tuple[str, ...] = ()
    probes: pd.DataFrame = field(default_factory=pd.DataFrame)
    recorded: int | None = None
    """How many replicates the closed record has; of a reproduction, the published one. None where
    no rule adds replicates, or the record is open."""

    @property
    def replicates(self) -> tuple[int, ...]:
        return tuple(sorted(self.records))


def first_replicates(evidence: Evidence, n: int) -> Evidence:
    """The evidence of replicates below ``n``, as if no other had been measured."""
    tables = {
        mode: table[table["replicate"] < n] if len(table) else table
        for mode in MODES
        for table in [getattr(evidence, mode)]
    }
    return replace(evidence, **tables, records={r: v for r, v in evidence.records.items() if r < n})


def summarise(generate: pd.DataFrame, score: pd.DataFrame) -> pd.DataFrame:
    """One row per (replicate, split, arm, variant, dose).

    ``rate`` and ``garbage_rate`` are ratios of sums over prompts (NaN without any step); the other
    readouts are means over the rows or texts that have a number (NaN without any, so also where a
    cell is older than its column). ``format_valid`` is the share of generated rows with a step and
    without a step of garbage. ``dose_measured`` is the median over generated prompts, ``fired``
    the sum of edited positions while generating, ``delta_max`` the largest change; ``dose_scored``,
    ``fired_scored`` and ``delta_scored`` are the same in scoring.
    """
    parts = []
    if len(generate):
        total = generate.groupby(KEYS, sort=True)
        sums = total[["steps", "behaviour", "garbage", "fired"]].sum()
        with np.errstate(divide="ignore", invalid="ignore"):
            sums["rate"] = sums["behaviour"] / sums["steps"].replace(0, np.nan)
            sums["garbage_rate"] = sums["garbage"] / sums["steps"].replace(0, np.nan)
        sums["dose_measured"] = total["dose_measured"].median()
        sums["delta_max"] = total["delta_max"].max()
        valid = (generate["steps"] > 0) & (generate["garbage"] == 0)
        sums["format_valid"] = valid.groupby([generate[key] for key in KEYS], sort=True).mean()
        sums[ROWS] = _means(generate, ROWS)
        parts.append(sums.drop(columns=["behaviour", "garbage"]))
    if len(score):
        means = _means(score, [*SCORED, *TEXTS])
        scored = score.groupby(KEYS, sort=True)
        means["fired_scored"] = scored["fired"].sum()
        means["dose_scored"] = scored["dose_measured"].median()
        means["delta_scored"] = scored["delta_max"].max()
        parts.append(means)
    if not parts:
        return pd.DataFrame(columns=[*KEYS, "steps", *READOUTS])
    return pd.concat(parts, axis=1).reset_index()


def _means(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Means of the columns by condition; NaN for a column that the table does not have."""
    present = [name for name in columns if name in table]
    means = table.groupby(KEYS, sort=True)[present].mean()
    return means.reindex(columns=columns).astype(np.float64)


def was_measured(readout: str, generate: pd.DataFrame, score: pd.DataFrame) -> bool:
    """Whether the cells have what a readout is made of."""
    of = {**dict.fromkeys(ROWS, generate), **dict.fromkeys([*SCORED, *TEXTS], score)}
    table = of.get(readout, generate)
    return bool(len(table)) and (readout not in of or readout in table)


def was_scored(readout: str) -> bool:
    """Whether a readout comes from scored texts, and not from generated ones."""
    return readout in (*SCORED, *TEXTS)


def load_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """All cells of a folder, one table per mode (empty if there is none).

    Raises :class:`RecordBroken` for what is no cell, and for more rows than fit into memory.
    """
    found: dict[str, list[Any]] = {mode: [] for mode in MODES}
    rows = 0
    for path in sorted((folder / "cells").glob("*.parquet")):
        found[CellName.parse(path.name).mode].append(table := cell_table(path))
        rows += len(table)
        if rows > MOST_ROWS:
            raise RecordBroken(
                f"more than {MOST_ROWS} rows", where=str(folder), fix="Restore the stored cells"
            )
    return {mode: joined(parts) if parts else pd.DataFrame() for mode, parts in found.items()}


def load_evidence(job: Job) -> Evidence:
    """A job's evidence as it is on disk, checked against ``attempt.json`` if that is there.

    Raises :class:`NothingThere` without any measured replicate, :class:`RecordBroken` where a file
    is not the one that was recorded.
    """
    require_measured(job)
    record = job.folder / "attempt.json"
    known = read_recorded(record) if record.is_file() else None
    done = measured(job)  # after looking for the record, which a run beside us may be closing
    if known is not None:
        schema, recorded = known
        found = digests(job.folder, done, schema)
        for name in sorted({*recorded, *found}):
            if recorded.get(name) != found.get(name):
                raise RecordBroken(
                    f"{name} is missing"
                    if name not in found
                    else f"{name} is not the file that was recorded"
                    if name in recorded
                    else f"{name} was added after the record was closed",
                    where=str(job.folder.relative_to(job.root)),
                    fix="Restore it from version control",
                )
    tables = load_tables(job.folder)
    kept = {
        mode: table[table["replicate"].isin(done)] if len(table) else table
        for mode, table in tables.items()
    }
    return Evidence(
        claim=job.claim,
        kind=job.kind,
        registration=job.registration,
        attempt=job.attempt,
        generate=kept["generate"],
        score=kept["score"],
        features=kept["features"],
        probes=kept["probes"],
        records={r: read_json(record_path(job.folder, r)) for r in done},
        deviations=job.deviations,
        recorded=None if job.open or job.claim.subject.sequential is None else len(job.replicates),
    )
