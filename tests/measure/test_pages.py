"""Descriptions in Thrift's compact form: read as they are, or refused in words."""

from __future__ import annotations

import io
from contextlib import suppress

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.measure.pages import Oversized, unpacked
from harness.measure.thrift import MOST_DEPTH, NotThrift, Reader


def written(rows: int, groups: int = 1, **options: object) -> bytes:
    """A file of a text and a number, by pyarrow."""
    frame = pd.DataFrame({"word": ["a", "b"] * (rows // 2), "n": range(rows)})
    out = io.BytesIO()
    size = max(1, rows // groups)
    pq.write_table(pa.Table.from_pandas(frame), out, row_group_size=size, **options)
    return out.getvalue()


@pytest.mark.parametrize("options", [{}, {"compression": "none"}, {"use_dictionary": False},
                                     {"data_page_size": 512}, {"version": "1.0"}])  # fmt: skip
@pytest.mark.parametrize("groups", [1, 3])
def test_pages_unpack_to_what_pyarrow_says_of_them(options: dict[str, object], groups: int) -> None:
    """Law: headers aside, the sum over all columns of the footer's own totals."""
    data = written(6000, groups, **options)
    about = pq.ParquetFile(pa.BufferReader(data)).metadata
    columns = [about.row_group(g).column(c) for g in range(about.num_row_groups)
               for c in range(about.num_columns)]  # fmt: skip
    total = sum(column.total_uncompressed_size for column in columns)
    assert 0.5 * total < unpacked(data) <= total


@given(st.binary(max_size=80), st.integers(0, 60))
def test_any_bytes_are_a_struct_or_none(data: bytes, start: int) -> None:
    """Nothing but a refusal comes out, and nothing behind the end is read."""
    reader = Reader(data, start, len(data))
    try:
        reader.struct()
    except NotThrift:
        return
    assert start < reader.at <= len(data)


@given(st.integers(0, 3000), st.binary(min_size=1, max_size=4))
def test_a_damaged_footer_is_refused_or_followed(at: int, put: bytes) -> None:
    """Never anything else."""
    data = bytearray(written(40))
    place = len(data) - 8 - at % (len(data) - 12)
    data[place : place + len(put)] = put
    with suppress(Oversized):
        assert unpacked(bytes(data)) >= 0


def test_what_is_nested_too_deep_or_too_long_is_refused() -> None:
    """Before it is followed."""
    with pytest.raises(NotThrift, match="nested too deep"):
        Reader(b"\x1c" * (MOST_DEPTH + 2), 0, 99).struct()
    with pytest.raises(NotThrift, match="longer than the description"):
        Reader(b"\x19\xf5\xff\xff\xff\x7f", 0, 6).struct()
    for text in (b"", b"PAR1" * 3, b"PAR1" + b"\xff" * 4 + b"PAR1"):
        with pytest.raises(Oversized):
            unpacked(text)
