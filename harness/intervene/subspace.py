"""Subspaces: k ordered orthonormal directions, and the vector inside them that an arm adds.

| method | subspace |
|---|---|
| pca-difference | the k largest principal components of the paired differences (centred) |
| pca-within | those of positive's activations (centred) |

With the lead ``mean-difference`` the first direction is that of the mean difference, and the other
k - 1 are components of what is left when it is taken out. What ``add`` and ``subtract`` use is the
*natural vector*: the mean difference, positive minus negative, projected on the subspace; so its
sign is the data's. With the lead that is the mean difference itself, to the bit.

Not covered: rank 1 without a lead, which is the method's single direction
(``harness.intervene.fit``), oriented by the host's gradient; editing (``subspace_edit``).
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from harness.errors import ClaimsError
from harness.intervene.context import Direction, FitContext
from harness.intervene.fit import fit_direction

NOTHING = 1e-12
"""A component whose variance is below this share of the largest one's is rounding."""


def fit_subspace(
    method: str,
    context: FitContext,
    positive: str | None,
    negative: str | None,
    rank: int,
    lead: str | None = None,
) -> Direction:
    """The subspace as a :class:`Direction` with a ``basis`` [rank, d].

    Raises :class:`ClaimsError` where fewer than ``rank`` components vary, or where the mean
    difference has nothing inside the subspace; :class:`UnknownName` as ``fit_direction`` does.
    """
    first = fit_direction("mean-difference", context, positive, negative)
    one = context.gathered(context.role(positive, "positive")).x.double()
    two = context.gathered(context.role(negative, "negative")).x.double()
    cloud = one - two if method == "pca-difference" else one
    mean = one.mean(0) - two.mean(0)
    leading = first.unit.double()[None] if lead is not None else mean.new_zeros(0, len(mean))
    parts, share = _components(cloud, leading, rank - len(leading), method)
    basis = torch.cat([leading, parts])
    inside = (basis @ mean) @ basis
    length, whole = float(inside.norm()), float(mean.norm())
    if not length > NOTHING * whole:
        raise ClaimsError(
            f"the mean difference has nothing inside the {rank} components of {method}",
            where=f"{context.hook} at {context.positions}",
            fix="Use lead: mean-difference, or another method",
        )
    about = {
        **first.provenance,
        "method": method,
        "rank": str(rank),
        "lead": lead or "",
        "variance_inside": f"{share:.6g}",
        "mean_difference_inside": f"{length / whole:.6g}",
        "norm_is": "length of the mean difference inside the subspace",
    }
    if lead is not None:
        return replace(first, provenance=about, basis=basis.float())
    return Direction((inside / length).float(), length, about, basis.float())


def _components(cloud: Tensor, leading: Tensor, count: int, method: str) -> tuple[Tensor, float]:
    """The largest principal components [count, d] beside ``leading`` [j, d] (orthonormal), and the
    share of the variance that both hold together."""
    centred = cloud - cloud.mean(0)
    total = float(centred.square().sum())
    rest = centred - (centred @ leading.T) @ leading
    values, vectors = torch.linalg.eigh(rest.T @ rest)
    order = torch.arange(len(values) - 1, len(values) - 1 - count, -1)
    if count > len(values) or (count and not float(values[order[-1]]) > NOTHING * total):
        varying = int((values > NOTHING * total).sum())
        raise ClaimsError(
            f"{method} has {varying} components that vary, not {count}",
            fix="Write a smaller rank, or fit on more texts",
        )
    parts = vectors[:, order].T
    parts = parts - (parts @ leading.T) @ leading  # rounding: rest is almost without leading
    parts = parts / parts.norm(dim=-1, keepdim=True) if count else parts
    held = total - float(rest.square().sum()) + float(values[order].sum())
    return parts, held / total if total > 0 else 0.0


def orthonormal(drawn: Tensor) -> Tensor:
    """Orthonormal rows that span the rows [..., k, d], the first one along the first.

    Raises :class:`ClaimsError` where they are dependent.
    """
    q, r = torch.linalg.qr(drawn.double().mT)
    diagonal = r.diagonal(dim1=-2, dim2=-1)
    if not bool((diagonal.abs() > 1e-9 * diagonal.abs().max()).all()):
        raise ClaimsError("the directions of a subspace are dependent", fix="Write a smaller rank")
    return (q * diagonal.sign()[..., None, :]).mT.float()
