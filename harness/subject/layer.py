"""One decoder block prepared for evaluation: packed weights, folded norms, rotation in place.

Three rearrangements, none of which changes what is computed beyond rounding. Norm weights are
folded into the matrices that follow. Queries are scaled through their rotation table. The rows of
the query and key matrices are ordered (half, head, rest) instead of (head, half, rest), so that
rotary halves are long contiguous runs even when heads are narrow.

Not covered: gradients (use :class:`~harness.subject.decoder.Decoder` itself).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from harness.subject.decoder import Block
from harness.subject.packed import SMALL, Packed, Product

SINGLE = torch.finfo(torch.float32).eps


def normalise(x: Tensor, eps: float) -> Tensor:
    """RMSNorm without weight over the last dimension."""
    size = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return x * size.square_().mul_(1 / x.shape[-1]).add_(eps).rsqrt_()


def length(x: Tensor, eps: float) -> Tensor:
    """What :func:`normalise` divides by, [..., 1] of [..., d]."""
    size = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return size.square_().div_(x.shape[-1]).add_(eps).sqrt_()


@dataclass(frozen=True)
class Layer:
    """A block's four matrices, packed."""

    qkv: Product
    out: Product
    gate_up: Product
    down: Product
    eps: float

    @classmethod
    def of(cls, block: Block) -> Layer:
        heads = block.config.n_heads
        d = block.qkv.shape[1]
        qkv = (block.qkv * block.norm_attn).detach().view(3, heads, 2, -1, d)
        halves = qkv[:2].transpose(1, 2).reshape(-1, d)
        return cls(
            Packed(torch.cat([halves, qkv[2].reshape(-1, d)])),
            Packed(block.out),
            Packed(block.gate_up * block.norm_mlp),
            Packed(block.down),
            block.config.norm_eps,
        )

    def ordered(self, order: Tensor) -> Layer:
        """The same, what it projects in another order [3 d]."""
        return replace(self, qkv=Packed(self.qkv.weight[order]))

    def quick(self) -> Layer:
        """The same, as fast as can be: rows agree to rounding."""
        qkv, out, gate_up, down = (
            product.quick() for product in (self.qkv, self.out, self.gate_up, self.down)
        )
        return Layer(qkv, out, gate_up, down, self.eps)

    def project(self, x: Tensor) -> Tensor:
        """Queries and keys (half, head, rest) and values (head, rest): [..., 3 d] of [..., d]."""
        return self.qkv(normalise(x, self.eps))

    @property
    def splits(self) -> bool:
        """Whether :meth:`project_sum` is worth it: the matrix is large, and single precision keeps
        a difference of two projections."""
        weight = self.qkv.weight
        return weight.numel() > SMALL and torch.finfo(weight.dtype).eps <= SINGLE

    def project_sum(self, x: Tensor, product: Tensor, shift: Tensor) -> Tensor:
        """:meth:`project` of x = y + ``shift`` [n, d], from ``product`` [n, 3 d], the projection of
        y without the norm's division, and one row's product: the projection is linear up to that
        division."""
        return (product + self.qkv(shift[None].to(x))).div_(length(x, self.eps))

    def neurons(self, x: Tensor) -> Tensor:
        """The MLP's neurons [..., d_mlp], after activation and gate, for the residual [..., d]."""
        gate, up = self.gate_up(normalise(x, self.eps)).chunk(2, -1)
        return F.silu(gate).mul_(up)

    def mlp(self, x: Tensor) -> Tensor:
        """What the MLP writes for the residual [..., d]."""
        return self.down(self.neurons(x))


class Rotation:
    """Rotary tables for q (scaled by d_head^-1/2) and k, laid out as :class:`Layer` projects."""

    def __init__(self, cos: Tensor, sin: Tensor, n_heads: int) -> None:
        """From tables [context, d_head]."""
        half, self.n_heads = cos.shape[1] // 2, n_heads
        both = torch.stack([torch.full((1,), cos.shape[1] ** -0.5), torch.ones(1)])[:, :, None]

        def spread(table: Tensor) -> Tensor:
            """[context, half] -> [context, 2 (q, k), 1, heads * half]."""
            return table.repeat(1, n_heads)[:, None, None].mul(both.to(table))

        self.cos, self.sin = spread(cos[:, :half]), spread(sin[:, :half])

    def turn(self, qkv: Tensor, start: int) -> tuple[Tensor, Tensor, Tensor]:
        """Rotated q and k [R, T, 2, H, d_head / 2] and v [R, T, H, d_head] of qkv [R, T, 3 d]."""
        R, T, wide = qkv.shape
        H, d = self.n_heads, wide // 3
        qk = qkv[..., : 2 * d].view(R, T, 2, 2, d // 2)
        cos, sin = self.cos[start : start + T], self.sin[start : start + T]
        turned = qk * cos
        turned[:, :, :, 0].addcmul_(qk[:, :, :, 1], sin[:, :, 0], value=-1)
        turned[:, :, :, 1].addcmul_(qk[:, :, :, 0], sin[:, :, 0])
        q, k = turned.view(R, T, 2, 2, H, -1).unbind(2)
        return q, k, qkv[..., 2 * d :].view(R, T, H, -1)


def by_head(x: Tensor) -> Tensor:
    """[R * H, T, d_head] of q or k [R, T, 2, H, half] or of v [R, T, H, d_head]."""
    if x.dim() == 5:
        R, T, _, H, _ = x.shape
        return x.permute(0, 3, 1, 2, 4).reshape(R * H, T, -1)
    R, T, H, dh = x.shape
    return x.transpose(1, 2).reshape(R * H, T, dh)
