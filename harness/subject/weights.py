"""Loading tensors from safetensors files, after their header was checked.

Pickles are never loaded: reading one runs code. Not covered: which tensors there have to be (each
loader compares names and shapes before it allocates anything).
"""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from harness.errors import ClaimsError
from harness.tensorfile import FLOATS, Header, read_header


def float_header(path: Path) -> Header:
    """The header of a file that holds floating-point tensors and nothing else.

    Raises :class:`ClaimsError`.
    """
    header = read_header(path)
    for name, entry in header.entries.items():
        if entry.dtype not in FLOATS:
            raise ClaimsError(
                f"the tensor {name[:80]!r} holds {entry.dtype}, not floating-point numbers",
                where=str(path),
                fix=f"Save it as one of {', '.join(FLOATS)}",
            )
    return header


def load_tensors(path: Path) -> dict[str, Tensor]:
    """Every tensor of a file whose header was read. Raises :class:`ClaimsError`."""
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise ClaimsError(
            f"cannot be read ({error})", where=str(path), fix="Write it again with safetensors"
        ) from error
