"""Directions on disk: one safetensors file with the unit vector, its provenance, and the basis of a
subspace.

Pickles are refused: loading one runs code, and it has no metadata to check.

Not covered: GGUF control vectors.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from harness.digest import canonical, write_atomic
from harness.errors import ClaimsError
from harness.intervene.context import Direction
from harness.shapes import each, record, text
from harness.strictjson import NotJson, parse_object
from harness.subject.weights import float_header, load_tensors

SCHEMA = "causal-claims/direction/1"
SUBSPACE = "causal-claims/subspace/1"
"""With a second tensor, ``basis`` [k, d], whose rows are orthonormal and span the unit vector."""
KEY = "causal-claims"
UNIT_WITHIN = 1e-4
ABOUT = record({"schema": text, "norm": text, "provenance": each(text)})


def save_direction(path: Path, direction: Direction) -> None:
    """Write atomically; the bytes depend on the direction only."""
    from safetensors.torch import save

    about = {
        "schema": SCHEMA if direction.basis is None else SUBSPACE,
        "norm": float(direction.norm).hex(),
        "provenance": {k: str(v) for k, v in direction.provenance.items()},
    }
    # One metadata key only: safetensors writes several in an order that changes from run to run.
    words = canonical(about).decode()
    tensors = {"unit": direction.unit.contiguous()}
    if direction.basis is not None:
        tensors["basis"] = direction.basis.contiguous()
    write_atomic(path, save(tensors, metadata={KEY: words}))


def load_direction(path: Path, d_model: int | None = None) -> Direction:
    """Read and check. Raises :class:`ClaimsError` for a missing, foreign or broken file, or one
    whose vector is not a unit vector of ``d_model`` numbers."""
    if path.suffix != ".safetensors":
        raise ClaimsError(
            f"a direction must be a .safetensors file, not {path.suffix or 'a bare name'!r}",
            where=str(path),
            fix="Pickles (.pt, .pkl, .npy with objects) run code when loaded; save it with "
            "harness.intervene.store.save_direction",
        )
    if not path.is_file():
        raise ClaimsError("no such direction file", where=str(path), fix="Check the path")
    header = float_header(path)
    try:
        about = parse_object((header.metadata or {}).get(KEY, "{}").encode())
    except NotJson as error:
        raise ClaimsError(
            f"its metadata are not JSON ({error})", where=str(path), fix="Save it again"
        ) from None
    wanted = {SCHEMA: ["unit"], SUBSPACE: ["basis", "unit"]}.get(str(about.get("schema")))
    if wanted is None or sorted(header.entries) != wanted:
        raise ClaimsError(
            f"not a direction: schema {about.get('schema')!r:.80}",
            where=str(path),
            fix=f"Expected, under the metadata key {KEY!r}, schema {SCHEMA} with one tensor called "
            f"unit, or {SUBSPACE} with a basis: what harness.intervene.store.save_direction writes",
        )
    norm = _norm(about.get("norm"))
    if (words := ABOUT(about, "")) or norm is None:
        raise ClaimsError(
            f"its metadata are not those of a direction: {words or 'the norm is no finite number'}",
            where=str(path),
            fix="Save it again",
        )
    tensors = load_tensors(path)
    unit = tensors["unit"]
    size = float(unit.double().norm())
    if unit.dim() != 1 or not math.isclose(size, 1.0, abs_tol=UNIT_WITHIN):
        raise ClaimsError(
            f"not a unit vector: shape {list(unit.shape)}, length {size:.4g}", where=str(path)
        )
    if d_model is not None and len(unit) != d_model:
        raise ClaimsError(
            f"{len(unit)} numbers, but the model's residual has {d_model}",
            where=str(path),
            fix="Fit the direction on this model",
        )
    basis = tensors.get("basis")
    if basis is not None:
        _check_basis(path, basis, unit)
    return Direction(unit, norm, about["provenance"], basis)


def _check_basis(path: Path, basis: Tensor, unit: Tensor) -> None:
    """Raise :class:`ClaimsError` unless the rows are orthonormal and the unit vector is in them."""
    rows = basis.double()
    good = basis.dim() == 2 and basis.shape[1] == len(unit) and 1 <= len(basis) <= len(unit)
    if good:
        apart = rows @ rows.T - torch.eye(len(rows), dtype=rows.dtype)
        outside = unit.double() - (rows @ unit.double()) @ rows
        good = float(apart.abs().max()) < UNIT_WITHIN and float(outside.norm()) < UNIT_WITHIN
    if not good:
        raise ClaimsError(
            f"not an orthonormal basis around its unit vector: shape {list(basis.shape)}",
            where=str(path),
            fix="Save it again",
        )


def _norm(text: Any) -> float | None:
    """A finite number of 0 or more, written in hexadecimal."""
    try:
        value = float.fromhex(text) if isinstance(text, str) else math.nan
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) and value >= 0 else None
