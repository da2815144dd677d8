"""What the pages of a Parquet column say they unpack to, read from their headers alone.

A page's header (Thrift's compact protocol) gives its size before and after unpacking, and a reader
allocates and fills the latter, whatever the file's footer says. The header is read here so far as
needed: fields 1 to 3 (kind, unpacked size, packed size), everything else is stepped over.

Not covered: what is in a page (pyarrow reads it), encryption.
"""

from __future__ import annotations

MOST_PAGE = 64 << 20
"""Bytes that one page may unpack to. Writers aim at one million."""
MOST_PAGES = 1024
"""Of one column in one row group."""
MOST_FIELDS = 256
MOST_DEPTH = 8

STOP, TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(13)


class Oversized(ValueError):
    """Pages that cannot be followed, or that unpack to too much; in words."""


def unpacked_bytes(data: bytes, start: int, end: int) -> int:
    """The sum of what the pages in ``data[start:end]`` unpack to. Raises :class:`Oversized`."""
    if not 0 <= start <= end <= len(data):
        raise Oversized("a column lies outside the file")
    total, at, count = 0, start, 0
    while at < end:
        count += 1
        if count > MOST_PAGES:
            raise Oversized(f"a column has more than {MOST_PAGES} pages")
        header = _Header(data, at, end)
        unpacked, packed = header.sizes()
        if unpacked > MOST_PAGE:
            raise Oversized(f"a page unpacks to {unpacked} bytes, more than {MOST_PAGE}")
        total += unpacked
        at = header.at + packed
    if at != end:
        raise Oversized("a page reaches beyond its column")
    return total


class _Header:
    """One page header, read forwards; ``at`` is behind it when :meth:`sizes` has returned."""

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self.data, self.at, self.end = data, at, end
        self.fields = 0

    def sizes(self) -> tuple[int, int]:
        found: dict[int, int] = {}
        last = 0
        while (field := self._field(last)) is not None:
            last, kind = field
            if kind == I32 and last in (2, 3):
                found[last] = self._zigzag()
            else:
                self._skip(kind, 0)
        unpacked, packed = found.get(2, -1), found.get(3, -1)
        if unpacked < 0 or packed < 0:
            raise Oversized("a page does not say how large it is")
        return unpacked, packed

    def _byte(self) -> int:
        if self.at >= self.end:
            raise Oversized("a page header is cut off")
        self.at += 1
        return self.data[self.at - 1]

    def _varint(self) -> int:
        value = shift = 0
        while shift < 64:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
        raise Oversized("a number in a page header has no end")

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _field(self, last: int) -> tuple[int, int] | None:
        """(id, type) of the next field, or None at the end of the struct."""
        self.fields += 1
        if self.fields > MOST_FIELDS:
            raise Oversized("a page header has too many parts")
        byte = self._byte()
        if byte & 0x0F == STOP:
            return None
        delta = byte >> 4
        return (last + delta if delta else self._zigzag()), byte & 0x0F

    def _skip(self, kind: int, depth: int) -> None:
        if depth > MOST_DEPTH:
            raise Oversized("a page header is nested too deep")
        if kind in (I16, I32, I64):
            self._varint()
        elif kind == BYTE:
            self._byte()
        elif kind in (DOUBLE, BINARY):
            length = 8 if kind == DOUBLE else self._varint()
            self.at += length
        elif kind == STRUCT:
            last = 0
            while (field := self._field(last)) is not None:
                last = field[0]
                self._skip(field[1], depth + 1)
        elif kind not in (TRUE, FALSE):
            raise Oversized("a page header holds a collection, which none does")
