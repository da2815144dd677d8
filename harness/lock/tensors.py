"""Digest of a safetensors file by the tensors it holds, without any tensor library.

The digest covers names, types, shapes, bytes and the file's own metadata; the order in which
tensors lie in the file does not matter. The header is read as what it is, input from a stranger.

Not covered: whether the numbers are finite, what they mean (``harness.intervene.store``).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.digest import digest, digest_bytes
from harness.errors import ClaimsError
from harness.paths import read_inside

MOST_BYTES = 1 << 30
MOST_HEADER = 1 << 22


def tensors_digest(root: Path, relative: str) -> str:
    """Digest of the tensors in ``root/relative``. Raises :class:`ClaimsError`."""
    data = read_inside(root, relative, MOST_BYTES)
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or not 2 <= size <= min(MOST_HEADER, len(data) - 8):
        raise _bad(relative, "the header's length is wrong")
    try:
        header = json.loads(data[8 : 8 + size], object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise _bad(relative, f"the header cannot be read ({error})") from None
    if not isinstance(header, dict):
        raise _bad(relative, "the header is no mapping")
    body = memoryview(data)[8 + size :]
    spans = []
    out: dict[str, Any] = {}
    for name, entry in header.items():
        if name == "__metadata__":
            out[name] = entry
            continue
        low, high = _span(relative, name, entry, len(body))
        spans.append((low, high))
        out[name] = {
            "dtype": entry.get("dtype"),
            "shape": entry.get("shape"),
            "bytes": digest_bytes(bytes(body[low:high])),
        }
    at = 0
    for low, high in sorted(spans):
        if low != at:
            raise _bad(relative, "tensors overlap, or leave bytes between them")
        at = high
    if at != len(body):
        raise _bad(relative, "bytes follow the last tensor")
    return digest(out)


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
