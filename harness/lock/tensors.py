"""Digest of a safetensors file by the tensors it holds, without any tensor library.

The digest covers names, types, shapes, bytes and the file's own metadata; the order in which
tensors lie in the file does not matter. The header is read as what it is, input from a stranger
(``harness.tensorfile``).

Not covered: whether the numbers are finite, what they mean (``harness.intervene.store``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.digest import digest, digest_bytes
from harness.errors import ClaimsError
from harness.paths import read_inside
from harness.tensorfile import METADATA, NotTensors, parse_header

MOST_BYTES = 1 << 30


def tensors_digest(root: Path, relative: str) -> str:
    """Digest of the tensors in ``root/relative``. Raises :class:`ClaimsError`."""
    data = read_inside(root, relative, MOST_BYTES)
    try:
        header = parse_header(data, len(data))
    except NotTensors as error:
        raise ClaimsError(
            f"not a safetensors file: {error}",
            where=relative,
            fix="Write it again with safetensors",
        ) from None
    body = memoryview(data)[header.body :]
    out: dict[str, Any] = {} if header.metadata is None else {METADATA: dict(header.metadata)}
    for name, entry in header.entries.items():
        out[name] = {
            "dtype": entry.dtype,
            "shape": list(entry.shape),
            "bytes": digest_bytes(bytes(body[entry.low : entry.high])),
        }
    return digest(out)
