"""Digest of a safetensors file by the tensors it holds, without any tensor library.

The digest covers names, types, shapes, bytes and the file's own metadata; the order in which
tensors lie in the file does not matter. The header is read as what it is, input from a stranger
(``harness.tensorfile``); the tensors are read a piece at a time, whatever their size.

Not covered: whether the numbers are finite, what they mean (``harness.intervene.store``).
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import IO, Any

from harness.digest import PREFIX, digest
from harness.errors import ClaimsError
from harness.paths import open_inside
from harness.tensorfile import METADATA, MOST_HEADER, NotTensors, parse_header

CHUNK = 1 << 20


def tensors_digest(root: Path, relative: str) -> str:
    """Digest of the tensors in ``root/relative``. Raises :class:`ClaimsError`."""
    with open_inside(root, relative) as file:
        try:
            return digest(_described(file))
        except (NotTensors, ValueError) as error:  # also a number without canonical form
            raise ClaimsError(
                f"not a safetensors file: {error}",
                where=relative,
                fix="Write it again with safetensors",
            ) from None


def _described(file: IO[bytes]) -> dict[str, Any]:
    """The header with each tensor's bytes as their digest."""
    whole = os.fstat(file.fileno()).st_size
    head = file.read(8)
    length = int.from_bytes(head, "little")
    header = parse_header(head + file.read(min(length, MOST_HEADER)), whole)
    out: dict[str, Any] = {} if header.metadata is None else {METADATA: dict(header.metadata)}
    for name, entry in header.entries.items():
        out[name] = {
            "dtype": entry.dtype,
            "shape": list(entry.shape),
            "bytes": _digest_span(file, header.body + entry.low, entry.high - entry.low),
        }
    return out


def _digest_span(file: IO[bytes], start: int, size: int) -> str:
    state = hashlib.sha256()
    file.seek(start)
    while size:
        piece = file.read(min(CHUNK, size))
        if not piece:
            raise NotTensors("it became shorter while it was read")
        state.update(piece)
        size -= len(piece)
    return PREFIX + state.hexdigest()
