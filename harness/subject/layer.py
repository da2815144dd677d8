"""One decoder block prepared for evaluation: packed weights, folded norms, rotation in place.

Three rearrangements, none of which changes what is computed beyond rounding. Norm weights are
folded into the matrices that follow. Queries are scaled through their rotation table. The rows of
the query and key matrices are ordered (half, head, rest) instead of (head, half, rest), so that
rotary halves are long contiguous runs even when heads are narrow.

Not covered: gradients (use :class:`~harness.subject.decoder.Decoder` itself).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from harness.subject.decoder import Block
from harness.subject.packed import Packed

SMALL_HEAD = 16
"""Largest d_head for which attention by plain products beats the fused kernel (measured)."""


def normalise(x: Tensor, eps: float) -> Tensor:
    """RMSNorm without weight over the last dimension."""
    size = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return x * size.square_().mul_(1 / x.shape[-1]).add_(eps).rsqrt_()


@dataclass(frozen=True)
class Layer:
    """A block's four matrices, packed."""

    qkv: Packed
    out: Packed
    gate_up: Packed
    down: Packed
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

    def project(self, x: Tensor) -> Tensor:
        """Queries and keys (half, head, rest) and values (head, rest): [..., 3 d] of [..., d]."""
        return self.qkv(normalise(x, self.eps))

    def mlp(self, x: Tensor) -> Tensor:
        """What the MLP writes for the residual [..., d]."""
        gate, up = self.gate_up(normalise(x, self.eps)).chunk(2, -1)
        return self.down(F.silu(gate).mul_(up))


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


def by_lane(x: Tensor) -> Tensor:
    """[R * H, d_head, T] of the same: for narrow heads the cheaper copy and the faster products."""
    if x.dim() == 5:
        R, T, _, H, _ = x.shape
        return x.permute(0, 3, 2, 4, 1).reshape(R * H, -1, T)
    R, T, H, dh = x.shape
    return x.permute(0, 2, 3, 1).reshape(R * H, dh, T)


Past = tuple[Tensor, Tensor]
"""Keys and values of earlier columns, as :func:`remember` lays them out."""


def remember(k: Tensor, v: Tensor, columns: int) -> Past:
    """Keys [R, T, 2, H, half] and values [R, T, H, d_head] of the first columns, for later."""
    lay = by_lane if v.shape[-1] <= SMALL_HEAD else by_head
    return lay(k[:, :columns]), lay(v[:, :columns])


def causal(q: Tensor, k: Tensor, v: Tensor, past: Past | None = None) -> Tensor:
    """Causal attention of T columns that follow those of ``past``; q, k [B, T, 2, H, d_head / 2]
    (q scaled), v [B, T, H, d_head]. Returns [B, T, H * d_head].
    """
    B, T, H, dh = v.shape
    narrow = dh <= SMALL_HEAD
    q, k, v = (by_lane(x) if narrow else by_head(x) for x in (q, k, v))
    if past is not None:
        k = torch.cat([past[0], k], 2 if narrow else 1)
        v = torch.cat([past[1], v], 2 if narrow else 1)
    S = k.shape[2 if narrow else 1]
    mask = torch.ones(T, S, dtype=torch.bool, device=q.device).tril(S - T)
    if not narrow:
        q, k, v = (x.view(B, H, -1, dh) for x in (q, k, v))
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=1.0)
        return y.transpose(1, 2).flatten(2)
    # The fused kernel is made for wide heads; with narrow ones plain products are faster.
    above = q.new_zeros(T, S).masked_fill_(~mask, -torch.inf)
    weight = torch.baddbmm(above, q.transpose(1, 2), k).softmax(-1)  # [B * H, T, S]
    y = torch.bmm(v, weight.transpose(1, 2))  # [B * H, d_head, T]
    return y.view(B, H * dh, T).transpose(1, 2).contiguous()
