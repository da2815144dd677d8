"""One cell from its bytes: columns and types as declared, bounded before anything is unpacked.

Parquet is a compressed format whose footer says what the pages will unpack to, and both come from
whoever wrote the file: some hundred bytes can claim a billion rows, or hold pages that unpack to
gigabytes. So the footer is checked first (rows, columns, types, codecs), then the size that every
page declares (``harness.measure.pages``), and text is unpacked as a dictionary, once per distinct
value.

Not covered: which cells there should be (``harness.plan.expand``), what the numbers mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harness.measure.pages import Oversized, unpacked
from harness.shown import unseen

if TYPE_CHECKING:
    import pyarrow as pa

MOST_BYTES = 256 << 20
"""Of a file."""
MOST_UNPACKED = 512 << 20
MOST_ROWS = 1 << 21
MOST_GROUPS = 16
"""Writers start a new one after a million rows."""
MOST_THRIFT = 1 << 20
"""Bytes of a string, and entries of a list, in the footer."""
LONGEST_TEXT = 1 << 16
MOST_TEXT = 128 << 20
"""Bytes of one column's text once every row has its own: a dictionary stores a text once."""
LARGEST_COUNT = 2**31 - 1
"""A sum of as many as there can be rows is exact in 64 bits."""

TEXT, COUNT, NUMBER = "text", "count", "number"
LABEL = "label"
"""Text that may end up on a terminal: every character can be seen."""
PROOF = {"fired": COUNT, "dose_measured": NUMBER, "delta_max": NUMBER}
KEYS = {"variant": LABEL, "dose": NUMBER, "prompt": COUNT, "stratum": TEXT}
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "generate": {
        **KEYS,
        **{"steps": COUNT, "behaviour": COUNT, "garbage": COUNT, "text": TEXT},
        **PROOF,
    },
    "score": {
        **KEYS,
        **{"onset_mass": NUMBER, "elsewhere_mass": NUMBER, "ordinary_loss": NUMBER, "kl": NUMBER},
        **PROOF,
    },
    "features": {
        **{"dictionary": LABEL, "hook": LABEL, "feature": COUNT, "text_variant": LABEL},
        **{"stratum": TEXT, "positions_class": LABEL, "positions": COUNT},
        **{"fires_regulation": COUNT, "fires_standard": COUNT},
    },
    "probes": {
        **{"probe": LABEL, "model": LABEL, "item": LABEL, "quantity": LABEL},
        **{"value": NUMBER, "text": TEXT},
    },
}
"""Mode -> column -> what it holds."""
LATER: Mapping[str, Mapping[str, str]] = {
    "generate": {"placed": NUMBER, "repetition": NUMBER, "clean_nats": NUMBER},
    "score": {"fidelity": NUMBER},
}
"""Mode -> columns that cells written since there is such a readout have, and earlier ones lack."""
IDENTITY: Mapping[str, tuple[str, ...]] = {
    "generate": ("variant", "dose", "prompt"),
    "score": ("variant", "dose", "prompt"),
    "features": (*("dictionary", "hook", "feature", "text_variant", "stratum", "positions_class"),),
    "probes": ("probe", "model", "item", "quantity"),
}
"""Columns that together occur once."""


class NotACell(ValueError):
    """Why a file is refused, in words."""


def table_of(data: bytes, mode: str, keys: Mapping[str, Any] | None = None) -> pa.Table:
    """The table that a Parquet file of a mode holds, behind columns of constant ``keys``.

    Of Arrow's kind: a verdict rests on hundreds of cells, and to turn each into a frame takes
    longer than to read it.

    Raises :class:`NotACell`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, str] = {**COLUMNS[mode], **LATER.get(mode, {})}
    try:
        thrift = {f"thrift_{of}_size_limit": MOST_THRIFT for of in ("string", "container")}
        about = pq.ParquetFile(pa.BufferReader(data), **thrift)
        columns = _footer(about.metadata, about.schema_arrow, columns, LATER.get(mode, {}))
        if unpacked(data) > MOST_UNPACKED:
            raise NotACell(f"its pages unpack to more than {MOST_UNPACKED} bytes")
        words = [c for c, kind in columns.items() if kind in (TEXT, LABEL)]
        file = pq.ParquetFile(
            pa.BufferReader(data), metadata=about.metadata, read_dictionary=words, **thrift
        )
        arrow = file.read(use_threads=False)
        arrow.validate(full=True)
    except (pa.ArrowException, OSError, ValueError, Oversized) as error:
        ours = isinstance(error, NotACell | Oversized)
        raise NotACell(str(error) if ours else type(error).__name__) from error
    found = {name: _column(arrow[name], name, columns[name]) for name in columns}
    if "dose" in found and not _doses(found["dose"]):
        raise NotACell("a dose is not a number of 0 or more")
    identity = list(IDENTITY[mode])
    table = pa.table(found)
    if table.group_by(identity, use_threads=False).aggregate([([], "count_all")]).num_rows < len(
        table
    ):
        raise NotACell(f"a row stands twice ({', '.join(identity)})")
    constant = {name: pa.repeat(value, len(table)) for name, value in (keys or {}).items()}
    return pa.table({**constant, **found})


def _doses(column: pa.ChunkedArray) -> bool:
    import pyarrow.compute as pc

    fits = pc.and_(pc.is_finite(column), pc.greater_equal(column, 0.0))
    return not column.null_count and bool(pc.all(fits).as_py() is not False)


def _footer(
    about: Any, schema: pa.Schema, columns: Mapping[str, str], later: Mapping[str, str]
) -> dict[str, str]:
    """What the footer says of itself, checked before a page is read; the columns that are there:
    all but, perhaps, some of ``later``."""
    columns = {name: k for name, k in columns.items() if name in schema.names or name not in later}
    if about.num_rows > MOST_ROWS:
        raise NotACell(f"{about.num_rows} rows, more than {MOST_ROWS}")
    if about.num_row_groups > MOST_GROUPS:
        raise NotACell(f"{about.num_row_groups} row groups, more than {MOST_GROUPS}")
    if sorted(schema.names) != sorted(columns):
        missing = sorted(set(columns) - set(schema.names))
        unknown = sorted(set(schema.names) - set(columns))
        words = [f"without column {missing[0]}"] if missing else []
        words += [f"with a column {unknown[0]!r:.60}"] if unknown else []
        raise NotACell(" and ".join(words) or "a column stands twice")
    for name, kind in columns.items():
        if not _fits(schema.field(name).type, kind):
            raise NotACell(f"column {name} holds {str(schema.field(name).type)[:60]}, not {kind}")
    return columns


def _fits(found: pa.DataType, kind: str) -> bool:
    import pyarrow.types as t

    if kind in (TEXT, LABEL):
        inner = found.value_type if t.is_dictionary(found) else found
        return bool(t.is_string(inner) or t.is_large_string(inner))
    if kind == COUNT:
        return bool(t.is_integer(found))
    return bool(t.is_integer(found) or t.is_float32(found) or t.is_float64(found))


def _column(column: pa.ChunkedArray, name: str, kind: str) -> pa.ChunkedArray:
    """A column as it may be used: text as text, counts as integers, numbers in 64 bits."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if kind == NUMBER:
        return column.cast(pa.float64(), safe=False)  # an empty place is NaN
    if column.null_count:
        raise NotACell(f"column {name} has empty places")
    if kind == COUNT:
        ends = pc.min_max(column).as_py()
        if len(column) and not 0 <= ends["min"] <= ends["max"] <= LARGEST_COUNT:
            raise NotACell(f"column {name} holds a count below 0 or above {LARGEST_COUNT}")
        return column
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    for chunk in column.unify_dictionaries().chunks:
        _words(chunk, name, kind)
    return column.cast(pa.string())


def _words(chunk: pa.DictionaryArray, name: str, kind: str) -> None:
    """Check the distinct texts of a column, and what all of them take when they are written out."""
    import pyarrow.compute as pc

    lengths = pc.binary_length(chunk.dictionary)
    longest = pc.max(lengths).as_py() or 0
    if longest > LONGEST_TEXT:
        raise NotACell(f"column {name} holds a text of {longest} bytes")
    total = pc.sum(lengths.cast("int64").take(chunk.indices)).as_py() or 0
    if total > MOST_TEXT:
        raise NotACell(f"column {name} holds {total} bytes of text, more than {MOST_TEXT}")
    if kind == LABEL and any(unseen(c) for word in chunk.dictionary.to_pylist() for c in word):
        raise NotACell(f"column {name} holds a character that cannot be seen")
