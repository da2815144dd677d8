"""Which part of a direction the matrix that reads its site lets through, and which it does not.

At ``attn.hook_z`` and ``mlp.hook_post`` all that the model makes of an activation x goes through
one matrix W, W_O or W_down, that writes W x into the residual. A direction v is the sum of its part
in the row space of W and its part in the null space; W sends the latter to nothing. Makelov, Lange
& Nanda 2023 (Is this the subspace you are looking for?) show what follows for patching: along v the
coefficient is read as v . x, in which the null-space part counts, and written along W v, in which
it does not. So a part that the model never reads can decide how much is written of a part that the
model does not use.

What holds exactly, for an edit x' = x + a v: W x' = W x + a W v_row. So

- an edit along the null-space part alone changes nothing, whatever the operation and the dose;
- adding the same multiple of v and of its row-space part does the same;
- projecting out and patching do not: the coefficient of v is v . x, that of its row-space part is
  v_row . x / |v_row|.

The rank is the number of singular values above max(shape) x 2^-23 x the largest one (the usual
tolerance, for weights that are kept in single precision).

Not covered: sites in the residual, which many matrices read through norms; biases, which do not
depend on x; what a later layer makes of what is written.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from harness.errors import ClaimsError, UnknownName
from harness.intervene.context import Direction

PARTS = ("row-space", "null-space")
EPSILON = 2.0**-23
NOTHING = 1e-4
"""A part shorter than this, of a vector of length 1, is the rounding of single precision."""
MATRICES = {".attn.hook_z": "attn", ".mlp.hook_post": "mlp"}
"""End of a site's name -> the part of the block whose output matrix reads it."""


@dataclass(frozen=True)
class RowSpace:
    """``rows`` [rank, m]: an orthonormal basis (float64) of the row space of a matrix [d, m];
    ``name`` says which matrix."""

    name: str
    rows: Tensor
    tolerance: float

    @property
    def rank(self) -> int:
        return len(self.rows)

    @property
    def width(self) -> int:
        return self.rows.shape[1]

    def part(self, vectors: Tensor, part: str) -> Tensor:
        """The part of vectors [..., m] in the row space or the null space."""
        x = vectors.double()
        inside = (x @ self.rows.T) @ self.rows
        return inside if part == PARTS[0] else x - inside

    def share(self, direction: Direction) -> float:
        """The share of the squared length that is in the row space, from 0 to 1; of a subspace,
        the mean over its orthonormal directions."""
        of = direction.unit[None] if direction.basis is None else direction.basis
        x = of.double()
        return float((x @ self.rows.T).square().sum() / x.square().sum())


def read_by(hook: str) -> tuple[str, int] | None:
    """(part of the block, layer) of the one matrix that reads a site; None where there is none."""
    for end, part in MATRICES.items():
        if hook.endswith(end):
            return part, int(hook.split(".")[1])
    return None


def row_space(matrix: Tensor, name: str) -> RowSpace:
    """The row space of a matrix [d, m]."""
    _, values, rows = torch.linalg.svd(matrix.detach().double().cpu(), full_matrices=False)
    tolerance = max(matrix.shape) * EPSILON * float(values.max())
    return RowSpace(name, rows[values > tolerance], tolerance)


def described(direction: Direction, space: RowSpace) -> Direction:
    """The direction with its shares in its provenance."""
    share = space.share(direction)
    about = {
        "matrix": space.name,
        "matrix_rank": str(space.rank),
        "matrix_width": str(space.width),
        "matrix_tolerance": f"{space.tolerance:.6g}",
        "row_space_share": f"{share:.6g}",
        "null_space_share": f"{1 - share:.6g}",
    }
    return replace(direction, provenance={**direction.provenance, **about})


def part_of(direction: Direction, space: RowSpace, part: str) -> Direction:
    """One part of a direction: its projection, of length 1; its natural length as much shorter.

    Of a subspace, the span of the projections of its directions, and within it the projection of
    its vector. Raises :class:`ClaimsError` where nothing is left but rounding, and
    :class:`UnknownName` for another part.
    """
    if part not in PARTS:
        raise UnknownName(f"no part {part!r} of a direction", fix=f"Parts: {', '.join(PARTS)}")
    vector = space.part(direction.unit, part)
    size = float(vector.norm())
    if size < NOTHING:
        raise ClaimsError(
            f"the direction has nothing in the {part.replace('-', ' ')} of {space.name}, whose "
            f"rank is {space.rank} of {space.width}",
            where=direction.provenance.get("hook", space.name),
            fix="Use another direction, or none of its parts",
        )
    basis = None
    if direction.basis is not None:
        _, values, spanned = torch.linalg.svd(
            space.part(direction.basis, part), full_matrices=False
        )
        basis = spanned[values > NOTHING].float()
    about = {**direction.provenance, "part": part, "part_length": f"{size:.6g}"}
    unit = (vector / size).float()
    return Direction(unit, direction.norm * size, about, basis)
