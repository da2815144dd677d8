"""The header of a safetensors file: which tensors, of which type and shape, and where they lie.

The header is JSON that its author wrote; it is read here, strictly and bounded, before any tensor
library sees the file. Tensors must lie side by side, fill the file and have the size that their
shape says, so that nothing is allocated that the file does not hold.

Not covered: whether the numbers are finite; loading them (``harness.subject.weights``).
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import ClaimsError
from harness.regular import Unreadable, open_regular
from harness.shapes import each, text
from harness.strictjson import NotJson, parse_object

MOST_HEADER = 16 << 20
MOST_DIMENSIONS = 16
METADATA = "__metadata__"
BITS: Mapping[str, int] = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0"), 8),
    **dict.fromkeys(("U16", "I16", "F16", "BF16"), 16),
    **dict.fromkeys(("U32", "I32", "F32"), 32),
    **dict.fromkeys(("U64", "I64", "F64", "C64"), 64),
}
"""Type -> bits of one element."""
FLOATS = ("F16", "BF16", "F32", "F64")


class NotTensors(ValueError):
    """Why a file is refused, in words."""


@dataclass(frozen=True)
class Entry:
    """One tensor: its bytes are ``[low, high)`` behind the header."""

    dtype: str
    shape: tuple[int, ...]
    low: int
    high: int


@dataclass(frozen=True)
class Header:
    """What a file says it holds; ``body`` is where the tensors begin, ``metadata`` None where the
    file has none."""

    entries: Mapping[str, Entry]
    metadata: Mapping[str, str] | None
    body: int


def parse_header(data: bytes, size: int) -> Header:
    """The header at the beginning of ``data``, of a file of ``size`` bytes.

    Raises :class:`NotTensors`.
    """
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or not 2 <= length <= min(MOST_HEADER, size - 8, len(data) - 8):
        raise NotTensors("the header's length is wrong")
    try:
        header = parse_object(data[8 : 8 + length], MOST_HEADER)
    except NotJson as error:
        raise NotTensors(f"the header cannot be read ({error})") from None
    if METADATA in header and (words := each(text)(header[METADATA], METADATA)):
        raise NotTensors(words)
    metadata = header.pop(METADATA, None)
    entries = {name: _entry(name, one) for name, one in header.items()}
    at = 0
    for entry in sorted(entries.values(), key=lambda e: (e.low, e.high)):
        if entry.low != at:
            raise NotTensors("tensors overlap, or leave bytes between them")
        at = entry.high
    if at != size - 8 - length:
        raise NotTensors("bytes follow the last tensor, or are missing")
    return Header(entries, metadata, 8 + length)


def read_header(path: Path) -> Header:
    """The header of a file, which is not read further. Raises :class:`ClaimsError`."""
    try:
        with open_regular(path) as file:
            start = file.read(8)
            start += file.read(min(int.from_bytes(start, "little"), MOST_HEADER))
            return parse_header(start, os.fstat(file.fileno()).st_size)
    except (NotTensors, Unreadable, OSError) as error:
        words = error.strerror if isinstance(error, OSError) else error
        raise ClaimsError(
            f"cannot be read as safetensors: {words}",
            where=str(path),
            fix="Write it again with safetensors, as a file of its own",
        ) from error


def _entry(name: str, value: Any) -> Entry:
    shown = f"the tensor {name[:80]!r}"
    if not isinstance(value, dict):
        raise NotTensors(f"{shown} lies outside the file")
    offsets, shape = _sizes(value.get("data_offsets")), _sizes(value.get("shape"))
    dtype = value.get("dtype")
    if offsets is None or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise NotTensors(f"{shown} lies outside the file")
    if not isinstance(dtype, str) or dtype not in BITS:
        raise NotTensors(f"{shown} is of no known type")
    if shape is None or len(shape) > MOST_DIMENSIONS:
        raise NotTensors(f"{shown} has no shape")
    low, high = offsets
    if math.prod(shape) * BITS[dtype] != 8 * (high - low):
        raise NotTensors(f"{shown} has not the size of its shape")
    return Entry(dtype, shape, low, high)


def _sizes(value: Any) -> tuple[int, ...] | None:
    """Whole numbers of 0 or more, or None for anything else."""
    fits = isinstance(value, list) and all(type(n) is int and n >= 0 for n in value)
    return tuple(value) if fits else None
