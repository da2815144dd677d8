"""Cells survive the way to disk and back, and say so when they did not."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from harness.errors import RecordBroken
from harness.measure.store import (
    SCHEMA,
    WITHOUT_DIRECTIONS,
    CellName,
    digests,
    direction_file,
    json_bytes,
    measured_replicates,
    read_cell,
    read_recorded,
    unrecorded,
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


def with_directions(folder: Path) -> Path:
    """One measured replicate, and directions of it and of another."""
    write_cell(folder, NAME, TABLE)
    write_record(folder, 3, {})
    for replicate in (3, 4):
        path = folder / "directions" / direction_file("mean-difference@host+0", replicate)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"unit")
    return folder


def test_directions_of_measured_replicates_are_covered(tmp_path: Path) -> None:
    """Those of a replicate without record are not, and the first schema knows none."""
    with_directions(tmp_path)
    name = "directions/mean-difference@host+0.r3.safetensors"
    assert set(digests(tmp_path, [3])) == {f"cells/{NAME.file}", name, "replicate.3.json"}
    assert set(digests(tmp_path, [3], WITHOUT_DIRECTIONS)) == {
        f"cells/{NAME.file}",
        "replicate.3.json",
    }


def test_a_foreign_file_among_the_directions_is_named(tmp_path: Path) -> None:
    """What nothing wrote is not skipped in silence."""
    (with_directions(tmp_path) / "directions" / "notes.safetensors").write_bytes(b"")
    with pytest.raises(RecordBroken, match=r"notes\.safetensors"):
        digests(tmp_path, [3])


def test_files_that_no_record_lists_are_found(tmp_path: Path) -> None:
    """Cells and directions alike; under the first schema directions were in no record."""
    with_directions(tmp_path)
    files = digests(tmp_path, [3])
    extra = "directions/mean-difference@host+0.r4.safetensors"
    assert unrecorded(tmp_path, SCHEMA, files) == (extra,)
    assert unrecorded(tmp_path, WITHOUT_DIRECTIONS, files) == ()
    (tmp_path / "cells" / "notes.txt").write_bytes(b"")
    assert unrecorded(tmp_path, SCHEMA, files) == ("cells/notes.txt", extra)
    assert unrecorded(tmp_path, WITHOUT_DIRECTIONS, files) == ("cells/notes.txt",)


ONE = "sha256:" + "0" * 64


@pytest.mark.parametrize("change", [{"schema": "causal-claims/attempt/3"}, {"files": []}, {}])
def test_a_record_of_another_make_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    """A schema that is not known cannot be checked, so it is not taken for checked."""
    path = tmp_path / "attempt.json"
    path.write_bytes(json_bytes({"schema": SCHEMA, "files": {"a": ONE}, **change}))
    if change:
        with pytest.raises(RecordBroken, match=r"not (the|a) record of"):
            read_recorded(path)
    else:
        assert read_recorded(path) == (SCHEMA, {"a": ONE})
