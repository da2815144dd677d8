"""Directions on disk: one safetensors file with the unit vector and its provenance.

Pickles are refused: loading one runs code, and it has no metadata to check.

Not covered: GGUF control vectors.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

from harness.digest import canonical, write_atomic
from harness.errors import ClaimsError
from harness.intervene.context import Direction

SCHEMA = "causal-claims/direction/1"
KEY = "causal-claims"
UNIT_WITHIN = 1e-4


def save_direction(path: Path, direction: Direction) -> None:
    """Write atomically; the bytes depend on the direction only."""
    from safetensors.torch import save

    about = {
        "schema": SCHEMA,
        "norm": float(direction.norm).hex(),
        "provenance": {k: str(v) for k, v in direction.provenance.items()},
    }
    # One metadata key only: safetensors writes several in an order that changes from run to run.
    words = canonical(about).decode()
    write_atomic(path, save({"unit": direction.unit.contiguous()}, metadata={KEY: words}))


def load_direction(path: Path, d_model: int | None = None) -> Direction:
    """Read and check. Raises :class:`ClaimsError` for a missing, foreign or broken file, or one
    whose vector is not a unit vector of ``d_model`` numbers."""
    from safetensors import SafetensorError, safe_open

    if path.suffix != ".safetensors":
        raise ClaimsError(
            f"a direction must be a .safetensors file, not {path.suffix or 'a bare name'!r}",
            where=str(path),
            fix="Pickles (.pt, .pkl, .npy with objects) run code when loaded; save it with "
            "harness.intervene.store.save_direction",
        )
    if not path.is_file():
        raise ClaimsError("no such direction file", where=str(path), fix="Check the path")
    try:
        with safe_open(str(path), "pt") as handle:
            about = json.loads((handle.metadata() or {}).get(KEY, "{}"))
            if about.get("schema") != SCHEMA or list(handle.keys()) != ["unit"]:
                raise ClaimsError(
                    f"not a direction: schema {about.get('schema')!r}",
                    where=str(path),
                    fix=f"Expected schema {SCHEMA} with one tensor called unit",
                )
            unit = handle.get_tensor("unit")
    except (SafetensorError, json.JSONDecodeError) as error:
        raise ClaimsError(
            f"not a readable safetensors file ({error})", where=str(path), fix="Save it again"
        ) from error
    size = float(unit.norm())
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
    return Direction(unit, float.fromhex(about["norm"]), about["provenance"])
