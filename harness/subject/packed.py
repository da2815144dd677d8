"""Linear layers prepared once for the CPU's matrix kernels.

:class:`Packed` is for any number of rows. oneDNN's packed product is faster than the plain one
(1.1x; 1.5x where the width is odd, such as an unembedding of 8,197 rows), and, as tested, gives a
row the same bits whatever other rows there are. :class:`Fitted` is for products that are repeated
with the same number of rows: MKL packs for that number, which is another 1.1 times faster; packing
costs about a tenth of one product with 600 rows. Its rows agree with the others to rounding.

Small weights are another matter: a call of the packed products costs 10 to 35 microseconds before
the first number, a third of the product with 256 rows of the miniature. There both use the plain
product with the weight laid the other way round, if on this machine it gives their bits.

Not covered: gradients (use the weights themselves), weights that change later: they are read once.
Elsewhere than on a CPU in float32 both are ``torch.nn.functional.linear``.
"""

from __future__ import annotations

from functools import cache
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

ROWS_HINT = 256
SMALL = 1 << 17
"""Numbers of a weight up to which the plain product was the fastest (64 to 1,024 rows)."""
TRIED = (2, 3, 7, 8, 16, 31, 64, 255, 256, 700)
"""Numbers of rows at which the plain product is compared."""


class Product(Protocol):
    """x [..., in] -> x @ weight.T [..., out] for one weight [out, in]."""

    weight: Tensor

    def __call__(self, x: Tensor) -> Tensor: ...


class Packed:
    """A :class:`Product` for any number of rows."""

    def __init__(self, weight: Tensor) -> None:
        self.weight = weight.detach()
        self._packed = _pack(self.weight) if _usable(self.weight) else None
        self._turned = _turned(self.weight)

    def __call__(self, x: Tensor) -> Tensor:
        if self._packed is None or x.numel() == 0:
            return F.linear(x, self.weight)
        # one row alone is a product of another kind, with other bits
        if self._turned is not None and x.numel() > x.shape[-1]:
            rows = x.reshape(-1, x.shape[-1])
            return torch.mm(rows, self._turned).view(*x.shape[:-1], -1)
        return _packed_product(x, self._packed)


class Fitted:
    """A :class:`Product` for x [rows, in] that packs anew, and keeps the packing, for every number
    of rows that it meets: meant to live as long as the few numbers recur."""

    def __init__(self, weight: Tensor) -> None:
        self.weight = weight.detach()
        self._packed: dict[int, Tensor] = {}
        self._usable = _usable(self.weight) and _fits()
        self._turned = _turned(self.weight)

    def __call__(self, x: Tensor) -> Tensor:
        rows = x.shape[0]
        if not self._usable or rows == 0:
            return F.linear(x, self.weight)
        if self._turned is not None and rows > 1:
            return torch.mm(x, self._turned)
        if rows not in self._packed:
            self._packed[rows] = torch.ops.mkl._mkl_reorder_linear_weight(self.weight, rows)
        out: Tensor = torch.ops.mkl._mkl_linear(x, self._packed[rows], self.weight, None, rows)
        return out


def _usable(weight: Tensor) -> bool:
    there = torch.backends.mkldnn.is_available() and hasattr(
        torch.ops.mkldnn, "_reorder_linear_weight"
    )
    return there and weight.device.type == "cpu" and weight.dtype == torch.float32


def _fits() -> bool:
    # MKL's packing is held by oneDNN's tensors
    return torch.backends.mkl.is_available() and hasattr(torch.ops.mkl, "_mkl_linear")


def _pack(weight: Tensor) -> Tensor:
    packed: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight, ROWS_HINT)
    return packed


def _packed_product(x: Tensor, packed: Tensor) -> Tensor:
    out: Tensor = torch.ops.mkldnn._linear_pointwise(x, packed, None, "none", [], "")
    return out


def _turned(weight: Tensor) -> Tensor | None:
    """A small weight laid the other way round [in, out], where the plain product may be used."""
    if weight.numel() > SMALL or not _usable(weight) or not plain_agrees(*weight.shape):
        return None
    return weight.t().contiguous()


@cache
def plain_agrees(outer: int, inner: int) -> bool:
    """Whether, on this machine, the plain product with weights of this shape gives the bits of the
    packed products at every number of rows that is tried.

    They do where the inner dimension is summed in one block, in its order.
    """
    make = torch.Generator().manual_seed(outer * 8191 + inner)
    weight = torch.randn(outer, inner, generator=make)
    x = torch.randn(max(TRIED), inner, generator=make)
    packed, turned = _pack(weight), weight.t().contiguous()
    for rows in TRIED:
        some = x[:rows]
        plain = torch.mm(some, turned)
        if not torch.equal(plain, _packed_product(some, packed)):
            return False
        if _fits():
            fitted = torch.ops.mkl._mkl_reorder_linear_weight(weight, rows)
            if not torch.equal(plain, torch.ops.mkl._mkl_linear(some, fitted, weight, None, rows)):
                return False
    return True
