"""Cells on disk: one Parquet file each, written atomically, read back with their digests checked.

    <folder>/cells/<arm>.r<replicate>.<split>.<mode>.parquet
    <folder>/directions/<label>.r<replicate>.safetensors
    <folder>/replicate.<r>.json      written last: a replicate without it is not measured
    <folder>/attempt.json            written once all are there: digests of everything above

Attempts recorded under the first schema have no digests of directions, and keep their bytes.

Not covered: what the columns mean (``harness.measure.tables``), the ledger (``harness.lock``).
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from harness import strictjson
from harness.digest import canonical, digest_file, write_atomic
from harness.errors import NothingThere, RecordBroken
from harness.measure.cells import MOST_BYTES, NotACell, table_of
from harness.measure.record_shapes import fault
from harness.regular import Unreadable, read_regular
from harness.strictjson import NotJson, parse_object

if TYPE_CHECKING:
    import pyarrow as pa

MOST = {".parquet": MOST_BYTES, ".json": 4 * strictjson.MOST_BYTES, ".safetensors": 1 << 30}
"""Suffix -> bytes that are digested at the most; what is read has bounds of its own."""
MODES = ("generate", "score", "features", "probes")
WITHOUT_DIRECTIONS = "causal-claims/attempt/1"
SCHEMA = "causal-claims/attempt/2"
"""Of ``attempt.json``: what is recorded from now on."""
DIRECTION = re.compile(r"(?P<label>[a-z0-9@+-]+)\.r(?P<replicate>[0-9]+)\.safetensors")
RECORD = re.compile(r"replicate\.(0|[1-9][0-9]*)\.json")
FILE = re.compile(
    r"(?P<arm>[a-z0-9-]+)\.r(?P<replicate>0|[1-9][0-9]{0,8})\.(?P<split>[a-z]+)\.(?P<mode>[a-z]+)"
    r"\.parquet"
)


@dataclass(frozen=True)
class CellName:
    """What a cell file's name says."""

    arm: str
    replicate: int
    split: str
    mode: str

    @property
    def file(self) -> str:
        return f"{self.arm}.r{self.replicate}.{self.split}.{self.mode}.parquet"

    @classmethod
    def parse(cls, file: str) -> CellName:
        """Inverse of ``file``. Raises :class:`RecordBroken` for a foreign name."""
        match = FILE.fullmatch(file)
        if match is None or match["mode"] not in MODES:
            raise RecordBroken("not the name of a cell", where=file, fix="Remove the file")
        return cls(match["arm"], int(match["replicate"]), match["split"], match["mode"])


def write_cell(folder: Path, name: CellName, table: pd.DataFrame) -> None:
    """Write one cell; the same table gives the same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    arrow = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
    pq.write_table(arrow, buffer, compression="zstd", version="2.6")
    write_atomic(folder / "cells" / name.file, buffer.getvalue())


def read_cell(path: Path) -> pd.DataFrame:
    """One cell with arm, replicate and split as columns. Raises :class:`RecordBroken`."""
    return joined([cell_table(path)])


def joined(tables: Sequence[pa.Table]) -> pd.DataFrame:
    """Cells of one mode, one below the other; NaN where one is older than a column."""
    import pyarrow as pa

    whole = pa.concat_tables(tables, promote_options="permissive")
    frame: pd.DataFrame = whole.to_pandas(use_threads=False)
    return frame


def cell_table(path: Path) -> pa.Table:
    """The same as Arrow's table, to be joined with others. Raises :class:`RecordBroken`."""
    name = CellName.parse(path.name)
    keys = {"arm": name.arm, "replicate": name.replicate, "split": name.split}
    try:
        return table_of(read_regular(path, MOST_BYTES), name.mode, keys)
    except (OSError, Unreadable, NotACell) as error:
        words = type(error).__name__ if isinstance(error, OSError) else error
        raise RecordBroken(
            f"not a readable cell ({words})",
            where=str(path),
            fix="Restore it from version control; a cell is never repaired by hand",
        ) from error


def record_path(folder: Path, replicate: int) -> Path:
    return folder / f"replicate.{replicate}.json"


def write_record(folder: Path, replicate: int, record: dict[str, Any]) -> None:
    """The replicate's record, written after its cells: its presence means they are complete."""
    write_atomic(record_path(folder, replicate), json_bytes(record))


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from disk, of the shape that files of its name have.

    Raises :class:`NothingThere` or :class:`RecordBroken`.
    """
    try:
        value = parse_object(read_regular(path, strictjson.MOST_BYTES))
    except FileNotFoundError as error:
        raise NothingThere("no such record", where=str(path), fix="Run the claim first") from error
    except (OSError, Unreadable, NotJson) as error:
        words = type(error).__name__ if isinstance(error, OSError) else error
        raise RecordBroken(
            f"not readable as JSON ({words})", where=str(path), fix="Restore it"
        ) from error
    if words := fault(path.name, value):
        raise RecordBroken(f"not a record of its name: {words}", where=str(path), fix="Restore it")
    return value


def json_bytes(value: Any) -> bytes:
    """Readable JSON with a final newline; refuses NaN and infinities."""
    canonical(value)  # refuses what has no single meaning
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def measured_replicates(folder: Path, planned: int) -> tuple[int, ...]:
    """Replicates whose record is on disk."""
    return tuple(r for r in range(planned) if record_path(folder, r).is_file())


def recorded_replicates(path: Path) -> int | None:
    """How many replicates an ``attempt.json`` is the record of; None where there is none, or none
    that can be read (whoever reads it for more says so)."""
    try:
        _, files = read_recorded(path)
    except (NothingThere, RecordBroken):
        return None
    return sum(RECORD.fullmatch(name) is not None for name in files)


def direction_file(label: str, replicate: int) -> str:
    """The name of a fitted direction's file."""
    return f"{label}.r{replicate}.safetensors"


def digests(folder: Path, replicates: Iterable[int], schema: str = SCHEMA) -> dict[str, str]:
    """Relative name -> digest, of every cell, direction and record of these replicates.

    ``schema`` is that of the ``attempt.json`` the digests are for. Raises :class:`RecordBroken` for
    a file that bears no name of ours.
    """
    wanted = set(replicates)
    found = [
        path
        for path in sorted((folder / "cells").glob("*.parquet"))
        if CellName.parse(path.name).replicate in wanted
    ]
    if schema != WITHOUT_DIRECTIONS:
        found += [
            path
            for path in sorted((folder / "directions").glob("*.safetensors"))
            if _replicate_of(path.name) in wanted
        ]
    found += [record_path(folder, r) for r in sorted(wanted)]
    return {p.relative_to(folder).as_posix(): digest_file(p, MOST[p.suffix]) for p in found}


def read_recorded(path: Path) -> tuple[str, dict[str, str]]:
    """The schema of an ``attempt.json`` and the digests it holds, by relative name.

    Raises :class:`NothingThere`, :class:`RecordBroken` also for a schema that is not known.
    """
    value = read_json(path)
    schema, files = value.get("schema"), value.get("files")
    if schema not in (WITHOUT_DIRECTIONS, SCHEMA) or not isinstance(files, dict):
        raise RecordBroken(
            f"not the record of an attempt: schema {schema!r}",
            where=str(path),
            fix="Restore it from version control, or use the version that wrote it",
        )
    return schema, files


def unrecorded(folder: Path, schema: str, files: Mapping[str, str]) -> tuple[str, ...]:
    """Files among the cells and directions that ``files`` does not list, sorted."""
    places = ("cells",) if schema == WITHOUT_DIRECTIONS else ("cells", "directions")
    found = (path for place in places for path in (folder / place).glob("*"))
    names = (path.relative_to(folder).as_posix() for path in found)
    return tuple(sorted(name for name in names if name not in files))


def _replicate_of(file: str) -> int:
    match = DIRECTION.fullmatch(file)
    if match is None:
        raise RecordBroken("not the name of a direction", where=file, fix="Remove the file")
    return int(match["replicate"])
