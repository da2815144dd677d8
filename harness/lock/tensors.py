"""Digest of a safetensors file by the tensors it holds, without any tensor library.

The digest covers names, types, shapes, bytes and the file's own metadata; the order in which
tensors lie in the file does not matter. The header is read as what it is, input from a stranger.

Not covered: whether the numbers are finite, what they mean (``harness.intervene.store``).
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import IO, Any

from harness.digest import PREFIX, digest
from harness.errors import ClaimsError
from harness.paths import open_inside

MOST_HEADER = 1 << 22
CHUNK = 1 << 20


def tensors_digest(root: Path, relative: str) -> str:
    """Digest of the tensors in ``root/relative``, read a piece at a time, whatever their size.

    Raises :class:`ClaimsError`.
    """
    with open_inside(root, relative) as file:
        whole = os.fstat(file.fileno()).st_size
        head = file.read(8)
        size = int.from_bytes(head, "little")
        if len(head) < 8 or not 2 <= size <= min(MOST_HEADER, whole - 8):
            raise _bad(relative, "the header's length is wrong")
        try:
            header = json.loads(file.read(size), object_pairs_hook=_once)
        except (ValueError, RecursionError) as error:
            raise _bad(relative, f"the header cannot be read ({error})") from None
        if not isinstance(header, dict):
            raise _bad(relative, "the header is no mapping")
        described = _described(file, relative, header, 8 + size, whole - 8 - size)
    try:
        return digest(described)
    except ValueError as error:  # not a number, an integer beyond 2^53, half a character
        raise _bad(relative, f"the header has no single meaning ({error})") from None


def _described(
    file: IO[bytes], relative: str, header: dict[str, Any], start: int, size: int
) -> dict[str, Any]:
    """The header with each tensor's bytes, ``size`` of them from ``start``, as their digest."""
    spans = {
        name: _span(relative, name, entry, size)
        for name, entry in header.items()
        if name != "__metadata__"
    }
    at = 0
    for low, high in sorted(spans.values()):  # before reading: overlaps would be read many times
        if low != at:
            raise _bad(relative, "tensors overlap, or leave bytes between them")
        at = high
    if at != size:
        raise _bad(relative, "bytes follow the last tensor")
    out: dict[str, Any] = {k: v for k, v in header.items() if k == "__metadata__"}
    for name, (low, high) in spans.items():
        out[name] = {
            "dtype": header[name].get("dtype"),
            "shape": header[name].get("shape"),
            "bytes": _digest_span(file, relative, start + low, high - low),
        }
    return out


def _digest_span(file: IO[bytes], relative: str, start: int, size: int) -> str:
    state = hashlib.sha256()
    file.seek(start)
    while size:
        piece = file.read(min(CHUNK, size))
        if not piece:
            raise _bad(relative, "it became shorter while it was read")
        state.update(piece)
        size -= len(piece)
    return PREFIX + state.hexdigest()


def _span(relative: str, name: str, entry: Any, size: int) -> tuple[int, int]:
    offsets = entry.get("data_offsets") if isinstance(entry, dict) else None
    if not (
        isinstance(offsets, list)
        and len(offsets) == 2
        and all(type(n) is int for n in offsets)
        and 0 <= offsets[0] <= offsets[1] <= size
    ):
        raise _bad(relative, f"the tensor {name!r} lies outside the file")
    return offsets[0], offsets[1]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        raise ValueError("a key stands twice")
    return out


def _bad(relative: str, what: str) -> ClaimsError:
    return ClaimsError(
        f"not a safetensors file: {what}", where=relative, fix="Write it again with safetensors"
    )
