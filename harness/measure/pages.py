"""What a Parquet file's columns say they unpack to, read from its footer and page headers alone.

A page's header gives its size before and after unpacking, and a reader allocates and fills the
latter, whatever the footer says. Footer and headers are read here (``harness.measure.thrift``),
before any library builds objects from them: pyarrow's ``RowGroupMetaData.column`` ends the process
where a footer contradicts itself, so nothing here asks it.

Not covered: what is in a page (pyarrow reads it).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.measure.thrift import NotThrift, Reader

MOST_PAGE = 64 << 20
"""Bytes that one page may unpack to. Writers aim at one million."""
MOST_PAGES = 1024
"""Of one column in one row group."""
MAGIC = b"PAR1"

ROW_GROUPS, COLUMNS = 4, 1
"""Fields of a footer and of a row group."""
ELSEWHERE, ABOUT = 1, 3
"""Of a column: another file that holds it, and its description."""
ENCRYPTED = (8, 9)
VALUES, PACKED, DATA, DICTIONARY = 5, 7, 9, 11
"""Of a description: numbers of values and bytes, and where its pages begin."""
UNPACKED_SIZE, PACKED_SIZE = 2, 3
"""Of a page's header."""


class Oversized(ValueError):
    """Pages that cannot be followed, or that unpack to too much; in words."""


def unpacked(data: bytes) -> int:
    """The sum of what all pages of a file unpack to. Raises :class:`Oversized`."""
    return sum(unpacked_bytes(data, start, end) for start, end in _columns(data))


def _columns(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the pages of each column begin and end, as pyarrow takes it from the footer."""
    if len(data) < 12 or data[:4] != MAGIC or data[-4:] != MAGIC:
        raise Oversized("it does not begin and end as Parquet does")
    length = int.from_bytes(data[-8:-4], "little")
    end = len(data) - 8
    if length > end - 4:
        raise Oversized("its footer is longer than the file")
    try:
        footer = Reader(data, end - length, end).struct()
        for group in _structs(footer.get(ROW_GROUPS)):
            for column in _structs(group.get(COLUMNS)):
                yield from _column(column)
    except NotThrift as error:
        raise Oversized(f"its footer cannot be read: {error}") from error


def _column(column: dict[int, Any]) -> Iterator[tuple[int, int]]:
    about = column.get(ABOUT)
    if not isinstance(about, dict) or ELSEWHERE in column or any(n in column for n in ENCRYPTED):
        raise Oversized("a column is encrypted, in another file, or not described")
    values, packed, start = (_number(about, n) for n in (VALUES, PACKED, DATA))
    if DICTIONARY in about:
        first = _number(about, DICTIONARY)
        start = first if 0 < first < start else start  # where pyarrow begins
    if values:  # else no page is read
        yield start, start + packed


def _structs(value: Any) -> list[dict[int, Any]]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Oversized("its footer lists no row groups or columns")
    return value


def _number(about: dict[int, Any], field: int) -> int:
    value = about.get(field)
    if type(value) is not int:
        raise Oversized("a column does not say where its pages are")
    return value


def unpacked_bytes(data: bytes, start: int, end: int) -> int:
    """The sum of what the pages in ``data[start:end]`` unpack to. Raises :class:`Oversized`."""
    if not 0 <= start <= end <= len(data):
        raise Oversized("a column lies outside the file")
    total, at, count = 0, start, 0
    while at < end:
        count += 1
        if count > MOST_PAGES:
            raise Oversized(f"a column has more than {MOST_PAGES} pages")
        reader = Reader(data, at, end)
        try:
            header = reader.struct()
        except NotThrift as error:
            raise Oversized(f"a page header cannot be read: {error}") from error
        larger, packed = header.get(UNPACKED_SIZE), header.get(PACKED_SIZE)
        if type(larger) is not int or type(packed) is not int or larger < 0 or packed < 0:
            raise Oversized("a page does not say how large it is")
        if larger > MOST_PAGE:
            raise Oversized(f"a page unpacks to {larger} bytes, more than {MOST_PAGE}")
        total += larger
        at = reader.at + packed
    if at != end:
        raise Oversized("a page reaches beyond its column")
    return total
