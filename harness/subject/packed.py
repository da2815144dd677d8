"""Linear layers packed once for the CPU's matrix kernels.

:class:`Packed` is for any number of rows. oneDNN's packed product is faster than the plain one
(1.1x; 1.5x where the width is odd, such as an unembedding of 8,197 rows), and, as tested, gives a
row the same bits whatever other rows there are. :class:`Fitted` is for products that are repeated
with the same number of rows: MKL packs for that number, which is another 1.1 times faster; packing
costs about a tenth of one product with 600 rows. Its rows agree with the others to rounding.

Not covered: gradients (use the weights themselves), weights that change later: packing reads them
once. Elsewhere than on a CPU in float32 both are ``torch.nn.functional.linear``.
"""

from __future__ import annotations

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

ROWS_HINT = 256


class Product(Protocol):
    """x [..., in] -> x @ weight.T [..., out] for one weight [out, in]."""

    weight: Tensor

    def __call__(self, x: Tensor) -> Tensor: ...


class Packed:
    """A :class:`Product` for any number of rows."""

    def __init__(self, weight: Tensor) -> None:
        self.weight = weight.detach()
        self._packed: Tensor | None = None
        usable = torch.backends.mkldnn.is_available() and hasattr(
            torch.ops.mkldnn, "_reorder_linear_weight"
        )
        if usable and weight.device.type == "cpu" and weight.dtype == torch.float32:
            self._packed = torch.ops.mkldnn._reorder_linear_weight(self.weight, ROWS_HINT)

    def __call__(self, x: Tensor) -> Tensor:
        if self._packed is None or x.numel() == 0:
            return F.linear(x, self.weight)
        out: Tensor = torch.ops.mkldnn._linear_pointwise(x, self._packed, None, "none", [], "")
        return out


class Fitted:
    """A :class:`Product` for x [rows, in] that packs anew, and keeps the packing, for every number
    of rows that it meets: meant to live as long as the few numbers recur."""

    def __init__(self, weight: Tensor) -> None:
        self.weight = weight.detach()
        self._packed: dict[int, Tensor] = {}
        usable = (
            torch.backends.mkl.is_available()
            and torch.backends.mkldnn.is_available()  # whose tensors hold MKL's packing
            and hasattr(torch.ops.mkl, "_mkl_linear")
        )
        self._usable = usable and weight.device.type == "cpu" and weight.dtype == torch.float32

    def __call__(self, x: Tensor) -> Tensor:
        rows = x.shape[0]
        if not self._usable or rows == 0:
            return F.linear(x, self.weight)
        if rows not in self._packed:
            self._packed[rows] = torch.ops.mkl._mkl_reorder_linear_weight(self.weight, rows)
        out: Tensor = torch.ops.mkl._mkl_linear(x, self._packed[rows], self.weight, None, rows)
        return out
