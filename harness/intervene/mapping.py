"""Linear maps between the residuals of two models, fitted on paired activations.

A direction found in one model means nothing in another whose basis differs, as after a separate
initialisation. Here the source model's activations are mapped to the host's, position by position
of the same texts, and the map's linear part is applied to the direction.

| map | linear part M of: centred source @ M = centred host |
|---|---|
| procrustes | the orthogonal matrix with least squared error (scipy.linalg.orthogonal_procrustes) |
| affine | ridge least squares, with :data:`RIDGE` times the mean variance added to each variance |

Explained variance is 1 - |error|^2 / |centred host|^2, on the texts that the map was fitted on, and
on the odd ones for a map fitted on the even ones. A procrustes map has no scale of its own, so that
it may explain less than nothing.

Not covered: maps that are not linear, models of different tokenizers (positions would not pair).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from harness.errors import ClaimsError, UnknownName, nearest
from harness.intervene.context import Direction
from harness.intervene.gather import Gathered

KINDS = ("procrustes", "affine")
RIDGE = 1e-3


@dataclass(frozen=True)
class LinearMap:
    """``matrix`` [d_source, d_host]; share of the host's variance explained, seen and held out."""

    kind: str
    matrix: Tensor
    explained: float
    held_out: float


def fit_map(kind: str, source: Gathered, host: Gathered) -> LinearMap:
    """The map from the source model's site to the host's. Rows must be paired (same texts).

    Raises :class:`UnknownName` for another kind, :class:`ClaimsError` for activations that do not
    pair, and for a procrustes map between residuals of different widths.
    """
    if kind not in KINDS:
        raise UnknownName(f"no map {kind!r}", fix=f"Nearest maps: {nearest(kind, KINDS)}")
    paired = torch.equal(source.item, host.item) and torch.equal(source.variant, host.variant)
    if not paired:
        raise ClaimsError(
            "the two models' activations are not paired", fix="Gather both on the same texts"
        )
    widths = source.x.shape[1], host.x.shape[1]
    if kind == "procrustes" and widths[0] != widths[1]:
        raise ClaimsError(
            f"an orthogonal map does not lead from {widths[0]} dimensions to {widths[1]}",
            fix="Use map: affine",
        )
    x, y = source.x.double(), host.x.double()
    matrix = _matrix(kind, x, y)
    even = source.item % 2 == 0
    half = _matrix(kind, x[even], y[even]) if 1 < int(even.sum()) < len(x) else matrix
    return LinearMap(
        kind, matrix.float(), _explained(matrix, x, y), _explained(half, x[~even], y[~even])
    )


def mapped(direction: Direction, found: LinearMap, source: str, host: str) -> Direction:
    """The direction in the host's space: its unit vector mapped, its length scaled as that was.

    Raises :class:`ClaimsError` where the map takes it to nothing.
    """
    vector = direction.unit.double() @ found.matrix.double()
    size = float(vector.norm())
    if not size > 0:
        raise ClaimsError(
            f"the {found.kind} map takes the direction to nothing",
            where=host,
            fix="The host's activations do not vary where the source's do; use map: procrustes",
        )
    about = {
        **direction.provenance,
        "map": found.kind,
        "map_source": source,
        "map_host": host,
        "map_explained_variance": f"{found.explained:.6g}",
        "map_explained_variance_held_out": f"{found.held_out:.6g}",
        "map_stretch": f"{size:.6g}",
        **({"map_ridge": f"{RIDGE:g}"} if found.kind == "affine" else {}),
    }
    return Direction((vector / size).float(), direction.norm * size, about)


def _matrix(kind: str, x: Tensor, y: Tensor) -> Tensor:
    x, y = x - x.mean(0), y - y.mean(0)
    if kind == "procrustes":
        from scipy import linalg

        matrix, _ = linalg.orthogonal_procrustes(x.numpy(), y.numpy())
        return torch.from_numpy(matrix)
    moments = x.T @ x
    ridge = RIDGE * moments.diagonal().mean()
    return torch.linalg.solve(moments + ridge * torch.eye(len(moments), dtype=x.dtype), x.T @ y)


def _explained(matrix: Tensor, x: Tensor, y: Tensor) -> float:
    """Share of the variance of y [N, d] that x @ matrix explains, both about their means."""
    if len(x) < 2:
        return float("nan")
    x, y = x - x.mean(0), y - y.mean(0)
    total = float(y.square().sum())
    return 1 - float((x @ matrix - y).square().sum()) / total if total > 0 else float("nan")
