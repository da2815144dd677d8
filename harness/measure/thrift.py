"""Thrift's compact protocol, read into plain values within bounds.

Parquet describes itself in it (footer and page headers). The libraries that read Parquet construct
objects from these descriptions before anything can be looked up in them, and some descriptions end
the whole process there (a C++ exception that no Python sees); so they are looked up here first.

A struct is a dict from field number to value (the last one where a number stands twice, as in the
libraries), a list is a list, numbers are ``int``; doubles, texts and maps are stepped over as None.

Not covered: writing, other protocols, what the fields mean.
"""

from __future__ import annotations

from typing import Any

MOST_VALUES = 1 << 18
"""Of one description, at all depths: sixteen row groups of eleven columns take some thousands."""
MOST_DEPTH = 12

STOP, TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(13)


class NotThrift(ValueError):
    """Bytes that are no description, or one that is larger than its bounds; in words."""


class Reader:
    """One struct of ``data[start:end]``; ``at`` is behind it once :meth:`struct` has returned."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self.data, self.at, self.end = data, start, min(end, len(data))
        self._values = 0

    def struct(self, depth: int = 0) -> dict[int, Any]:
        """The struct that begins here. Raises :class:`NotThrift`."""
        if depth > MOST_DEPTH:
            raise NotThrift("a description is nested too deep")
        found: dict[int, Any] = {}
        last = 0
        while True:
            byte = self._byte()
            kind, delta = byte & 0x0F, byte >> 4
            if kind == STOP:
                return found
            last = last + delta if delta else self._zigzag()
            found[last] = kind == TRUE if kind <= FALSE else self._value(kind, depth)

    def _value(self, kind: int, depth: int) -> Any:
        self._values += 1
        if self._values > MOST_VALUES:
            raise NotThrift("a description has too many parts")
        if I16 <= kind <= I64:
            return self._zigzag()
        if kind == BYTE:
            return self._byte()
        if kind in (DOUBLE, BINARY):
            self._step(8 if kind == DOUBLE else self._varint())
            return None
        if kind in (LIST, SET):
            return self._list(depth)
        if kind == STRUCT:
            return self.struct(depth + 1)
        raise NotThrift(f"a description holds a part of kind {kind}, which none does")

    def _list(self, depth: int) -> list[Any]:
        if depth > MOST_DEPTH:
            raise NotThrift("a description is nested too deep")
        byte = self._byte()
        kind, size = byte & 0x0F, byte >> 4
        if size == 15:
            size = self._varint()
        if size > self.end - self.at:  # each takes a byte at least
            raise NotThrift("a list in a description is longer than the description")
        return [
            self._byte() == TRUE if kind in (TRUE, FALSE) else self._value(kind, depth + 1)
            for _ in range(size)
        ]

    def _byte(self) -> int:
        if self.at >= self.end:
            raise NotThrift("a description is cut off")
        self.at += 1
        return self.data[self.at - 1]

    def _step(self, length: int) -> None:
        if length > self.end - self.at:
            raise NotThrift("a description is cut off")
        self.at += length

    def _varint(self) -> int:
        at = self.at
        if at < self.end and self.data[at] < 0x80:  # nearly all
            self.at = at + 1
            return self.data[at]
        value = shift = 0
        while shift < 64:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
        raise NotThrift("a number in a description has no end")

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
