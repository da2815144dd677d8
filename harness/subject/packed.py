"""Linear layers prepared once for the CPU's matrix kernels.

:class:`Packed` gives a row the same bits whatever other rows there are (tested), by oneDNN's packed
product: 1.1 times as fast as MKL's, packed or plain, and 1.8 times where the width is odd, such as
an unembedding of 8,197 rows (an AMD core of 2022, 256 to 1,800 rows; on an earlier one MKL packed
for the number of rows was 1.1 times as fast as oneDNN).

A call of it costs 10 to 35 microseconds before the first number, a third of the product with 256
rows of the miniature. So small weights are multiplied by the plain product, with the weight laid
the other way round: by :class:`Packed` from :data:`FEWEST_ROWS` rows on, if on this machine that
gives the packed product's bits; by its :meth:`~Packed.quick` form, whose rows agree with the others
to rounding, in any case.

Not covered: gradients (use the weights themselves), weights that change later: they are read once.
Elsewhere than on a CPU in float32 a :class:`Packed` product is ``torch.nn.functional.linear``.
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
FEWEST_ROWS = 8
"""Batches are filled up to this many rows: fewer may be products of another kind, of other bits."""
TRIED = (*range(FEWEST_ROWS, 32), 64, 255, 256, 700)
"""Numbers of rows at which the plain product is compared."""


class Product(Protocol):
    """x [..., in] -> x @ weight.T [..., out] for one weight [out, in]."""

    weight: Tensor

    def __call__(self, x: Tensor) -> Tensor: ...

    def quick(self) -> Product:
        """The fastest product with this weight; its rows agree with this one's to rounding."""


class Packed:
    """A :class:`Product` whose rows have the same bits among any number of rows."""

    def __init__(self, weight: Tensor) -> None:
        self.weight = weight.detach()
        self._packed = _pack(self.weight) if _usable(self.weight) else None
        agrees = _small(self.weight) and plain_agrees(*self.weight.shape)
        self._plain = Plain(self.weight) if agrees else None

    def __call__(self, x: Tensor) -> Tensor:
        if self._packed is None or x.numel() == 0:
            return F.linear(x, self.weight)
        if self._plain is not None and x.numel() >= FEWEST_ROWS * x.shape[-1]:
            return self._plain(x)
        return _packed_product(x, self._packed)

    def quick(self) -> Product:
        return (self._plain or Plain(self.weight)) if _small(self.weight) else self


class Plain:
    """A :class:`Product` by the plain matrix product, of a weight laid the other way round."""

    def __init__(self, weight: Tensor) -> None:
        self.weight = weight.detach()
        self._turned = self.weight.t().contiguous()  # [in, out]

    def __call__(self, x: Tensor) -> Tensor:
        rows = x.reshape(-1, x.shape[-1])
        return torch.mm(rows, self._turned).view(*x.shape[:-1], self._turned.shape[1])

    def quick(self) -> Product:
        return self


def _usable(weight: Tensor) -> bool:
    there = torch.backends.mkldnn.is_available() and hasattr(
        torch.ops.mkldnn, "_reorder_linear_weight"
    )
    return there and weight.device.type == "cpu" and weight.dtype == torch.float32


def _small(weight: Tensor) -> bool:
    return weight.numel() <= SMALL and _usable(weight)


def _pack(weight: Tensor) -> Tensor:
    packed: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight, ROWS_HINT)
    return packed


def _packed_product(x: Tensor, packed: Tensor) -> Tensor:
    out: Tensor = torch.ops.mkldnn._linear_pointwise(x, packed, None, "none", [], "")
    return out


@cache
def plain_agrees(outer: int, inner: int) -> bool:
    """Whether, on this machine, the plain product with weights of this shape gives the bits of the
    packed one at every number of rows that is tried.

    They do where the inner dimension is summed in one block, in its order.
    """
    make = torch.Generator().manual_seed(outer * 8191 + inner)
    weight = torch.randn(outer, inner, generator=make)
    x = torch.randn(max(TRIED), inner, generator=make)
    packed, plain = _pack(weight), Plain(weight)
    return all(torch.equal(plain(x[:rows]), _packed_product(x[:rows], packed)) for rows in TRIED)
