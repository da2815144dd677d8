"""Edits of what an activation has inside a subspace: take it out, or put another's in its place.

    x' = x + sum_i b_i * (target_i - gain * (b_i . x))        where the condition is active

with orthonormal b_i. Coordinates are all read from the activation as it comes. A condition of lower
rank than others in its batch is padded with zero rows, which change nothing, not even a bit; rank 1
is the arithmetic of ``harness.intervene.edit`` to the bit.

Not covered: adding a vector inside a subspace, which is an ordinary edit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from harness.errors import ClaimsError, UnknownName, nearest

OPERATIONS = ("project-out", "patch")


@dataclass(frozen=True)
class SubspaceEdit:
    """C conditions at one site, each with up to k directions; a ``Rewrite``."""

    hook: str
    positions: str
    basis: Tensor  # [C, k, d]
    gain: Tensor  # [C]
    target: Tensor  # [C, k]
    active: Tensor  # [C] bool

    @property
    def size(self) -> int:
        return len(self.basis)

    def apply(self, x: Tensor, condition: Tensor) -> Tensor:
        """Activations [n, d] edited by conditions [n]; x is left alone."""
        out, gain = x, self.gain[condition]
        # a direction at a time and by element, so that a row does not depend on its batch
        for i in range(self.basis.shape[1]):
            unit = self.basis[condition, i]
            along = (x * unit).sum(-1)
            out = out + unit * (self.target[condition, i] - gain * along)[:, None]
        return out

    @staticmethod
    def stack(edits: Sequence[SubspaceEdit]) -> SubspaceEdit:
        """The conditions of several edits at one site, in order."""
        sites = {(e.hook, e.positions) for e in edits}
        if len(sites) != 1:
            raise ClaimsError(
                f"cannot run {len(sites)} sites in one batch: {sorted(sites)}",
                fix="Stack edits of one hook and one position class",
            )
        most = max(e.basis.shape[1] for e in edits)
        return SubspaceEdit(
            edits[0].hook,
            edits[0].positions,
            torch.cat([_padded(e.basis, most) for e in edits]),
            torch.cat([e.gain for e in edits]),
            torch.cat([_padded(e.target, most) for e in edits]),
            torch.cat([e.active for e in edits]),
        )


def _padded(part: Tensor, most: int) -> Tensor:
    """Zeros after the second axis, up to ``most``."""
    wanted = (part.shape[0], most - part.shape[1], *part.shape[2:])
    return torch.cat([part, part.new_zeros(wanted)], 1)


def subspace_operation(
    name: str,
    hook: str,
    positions: str,
    bases: Sequence[Tensor],
    shares: Tensor,
    means: Tensor | None = None,
) -> SubspaceEdit:
    """``project-out`` or ``patch`` of one basis [k_c, d] per condition.

    ``shares`` [C] (1: all of it) is the dose; ``means`` [C, d] is what a patch puts the component
    of: the other model's mean activation. Raises :class:`UnknownName` for another operation, which
    has no meaning for several directions at once.
    """
    if name not in OPERATIONS:
        raise UnknownName(
            f"{name} does not act on a subspace", fix=f"Nearest: {nearest(name, OPERATIONS)}"
        )
    if name == "patch" and means is None:
        raise ClaimsError(
            "patch needs the other model's mean activation", fix="Name both models' roles"
        )
    most = max(len(b) for b in bases)
    basis = torch.stack([_padded(b[None], most)[0] for b in bases])
    target = basis.new_zeros(basis.shape[:2])
    if name == "patch" and means is not None:
        target = shares[:, None] * (basis * means[:, None]).sum(-1)
    return SubspaceEdit(hook, positions, basis, shares, target, shares != 0)
