"""Cells survive the way to disk and back, and say so when they did not."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from harness.errors import RecordBroken
from harness.measure.store import (
    CellName,
    digests,
    json_bytes,
    measured_replicates,
    read_cell,
    write_cell,
    write_record,
)

TABLE = pd.DataFrame(
    {
        **{"variant": ["", "a"], "dose": [0.0, 0.5], "prompt": [0, 1], "stratum": "s"},
        **{"onset_mass": 0.1, "elsewhere_mass": 0.1, "ordinary_loss": 1.0, "kl": float("nan")},
        **{"fired": [0, 3], "dose_measured": [float("nan"), 0.5], "delta_max": [0.0, 1.0]},
    }
)
NAME = CellName("treat", 3, "confirm", "score")


def test_a_cell_reads_back_as_written_with_its_keys(tmp_path: Path) -> None:
    """Arm, replicate and split come from the file's name."""
    write_cell(tmp_path, NAME, TABLE)
    table = read_cell(tmp_path / "cells" / NAME.file)
    assert set(zip(table["arm"], table["replicate"], table["split"], strict=True)) == {
        ("treat", 3, "confirm")
    }
    pd.testing.assert_frame_equal(table[list(TABLE.columns)], TABLE, check_dtype=False)


def test_the_same_table_gives_the_same_bytes(tmp_path: Path) -> None:
    """Digests of cells mean something only if writing is deterministic."""
    for place in ("one", "two"):
        write_cell(tmp_path / place, NAME, TABLE)
        write_record(tmp_path / place, 3, {"a": 1})
    assert digests(tmp_path / "one", [3]) == digests(tmp_path / "two", [3])
    assert len(digests(tmp_path / "one", [3])) == 2


def test_a_damaged_cell_is_named(tmp_path: Path) -> None:
    """Bytes that are not Parquet are an error with the file in it."""
    write_cell(tmp_path, NAME, TABLE)
    path = tmp_path / "cells" / NAME.file
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(RecordBroken, match=r"treat\.r3\.confirm\.score"):
        read_cell(path)


def test_a_replicate_without_record_is_not_measured(tmp_path: Path) -> None:
    """Cells alone do not count: the record is written last."""
    write_cell(tmp_path, NAME, TABLE)
    assert measured_replicates(tmp_path, 8) == ()
    write_record(tmp_path, 3, {})
    assert measured_replicates(tmp_path, 8) == (3,)


def test_records_refuse_nan() -> None:
    """A published number is a number."""
    with pytest.raises(Exception, match=r"(?i)nan|float|out of range"):
        json_bytes({"a": float("nan")})
