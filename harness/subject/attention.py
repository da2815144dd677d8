"""Attention of a chunk of texts, for rows that lie in any order.

Everything else in a block runs on the rows that are needed, laid one after another. Attention picks
their queries, keys and values into texts [B, T], where padding repeats the text's first row, and
uses plain batched products: at the lengths of plans they take half the time of the fused kernel.
Queries and keys come as (head, rest, half), so that a rotary pair is one complex number and the
rotation one product; the order within a head does not change a dot product.

A replay sums powers of two, in a third of the time of exponentials, without shifting them by the
row's maximum; rows whose sum leaves the range where that is exact go through the softmax after all.

Not covered: decoding (``keyvalue``), gradients, grouped key-value heads.
"""

from __future__ import annotations

from math import e, log, log2

import torch
import torch.nn.functional as F
from torch import Tensor

from harness.subject.layer import SINGLE

LONG = 192
"""Columns from which the fused attention kernel beats plain products (measured)."""

LANE, QUICK_LANE = 16, 8
"""Columns of the plain products are a multiple of this, so that the softmax has no ragged end; of a
replay's, which take none, so that the products have none (measured)."""

SAFE = 1e20
"""Up to this sum of exponentials, and down to one over it, none of them needs to be shifted."""

NARROW = 16
"""Heads of fewer numbers are mixed the other way round where rounding is free, values by weights: a
product that is eight wide takes three times as long as one that is eight high (measured)."""

Past = tuple[Tensor, Tensor]
"""Keys (rotated) and values of earlier columns, each [B * H, columns, d_head]."""


def pairs(cos: Tensor, sin: Tensor) -> Tensor:
    """The rotation of each rotary pair, complex [context, d_head / 2], of tables [context,
    d_head]."""
    half = cos.shape[1] // 2
    return torch.complex(cos[:, :half], sin[:, :half])


def pair_order(n_heads: int, d: int) -> Tensor:
    """The order [3 d] that turns a projection (half, head, rest) into (head, rest, half)."""
    order = torch.arange(2 * d).view(2, 2, n_heads, -1).permute(0, 2, 3, 1)
    return torch.cat([order.flatten(), torch.arange(2 * d, 3 * d)])


class Attention:
    """Causal attention of the rows at flat positions ``where`` [N] of texts [B, T], whose columns
    start at ``first``; ``turn`` as :func:`pairs` gives it. ``quick``: as fast as can be, to another
    last digit. Buffers are used again by every call."""

    def __init__(
        self,
        turn: Tensor,
        n_heads: int,
        where: Tensor,
        shape: tuple[int, int],
        first: int,
        quick: bool = False,
    ) -> None:
        (B, T), H = shape, n_heads
        half = turn.shape[1]
        dh, S = 2 * half, first + T
        self.shape, self.first, self.long = (B, H, T, dh), first, S > LONG
        place = torch.full((B * T,), -1)
        place[where] = torch.arange(len(where))
        # Padding repeats a row of its own text, so that nothing foreign can come in.
        start = place.view(B, T)[:, :1]
        place = torch.where(place.view(B, T) < 0, start, place.view(B, T)).clamp_min(0)
        # Keys and values get the columns before, which are put in later, and a lane's end.
        like = turn.real
        self._quick = quick and not self.long and torch.finfo(like.dtype).eps <= SINGLE
        lane = QUICK_LANE if self._quick else LANE
        wide = S if self.long else -(-S // lane) * lane
        edge = start.clamp_min(0)
        every = torch.cat([edge.expand(B, first), place, edge.expand(B, wide - S)], 1)
        head = torch.arange(H)[:, None]
        own, every = (x.view(B, 1, -1) * (3 * H) + head for x in (place, every))
        self._pick = own.flatten()  # [B, H, T]
        self._pick_kv = torch.stack([every + H, every + 2 * H]).flatten()  # [2, B, H, wide]
        self._back = ((where // T * H * T + where % T)[:, None] + head[:, 0] * T).flatten()
        self._q = like.new_empty(B * H * T, dh)
        self._kv = like.new_empty(2 * B * H * wide, dh)
        self.q, (self.k, self.v) = self._q.view(B * H, T, dh), self._kv.view(2, B * H, wide, dh)
        self._q_pairs = torch.view_as_complex(self._q.view(B * H, T * half, 2))
        k_pairs = torch.view_as_complex(self.k.view(B * H, wide * half, 2))
        self._k_pairs = k_pairs[:, first * half : S * half]
        self._turn = turn[first:S].reshape(1, T * half)
        self._q_turn = self._turn * (dh**-0.5 * (log2(e) if self._quick else 1.0))
        self._mask = torch.ones(T, S, dtype=torch.bool).tril(first)
        if not self.long:
            self._hide = like.new_full((T, wide), -torch.inf)
            self._hide[:, :S].masked_fill_(self._mask, 0.0)
            self._weight = like.new_empty(B * H, T, wide)
            self._mixed = like.new_empty(B * H, T, dh)
            narrow = quick and dh < NARROW
            self._tall = like.new_empty(B * H, dh, T) if narrow else None
            self._where = where

    def __call__(self, qkv: Tensor, past: Past | None) -> Tensor:
        """[N, d] of projections [N, 3 d] and the keys and values of the columns before."""
        B, H, T, dh = self.shape
        rows, first = qkv.view(-1, dh), self.first
        torch.index_select(rows, 0, self._pick, out=self._q)
        torch.index_select(rows, 0, self._pick_kv, out=self._kv)
        self._q_pairs.mul_(self._q_turn)
        self._k_pairs.mul_(self._turn)
        if past is not None:
            self.k[:, :first], self.v[:, :first] = past
        if self.long:
            q, k, v = (x.view(B, H, -1, dh) for x in (self.q, self.k, self.v))
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=self._mask, scale=1.0)
            return y.reshape(-1, dh)[self._back].view(-1, H * dh)
        total = self._weigh()
        if self._tall is not None:
            torch.bmm(self.v.transpose(1, 2), self._weight.transpose(1, 2), out=self._tall)
            if total is not None:
                self._tall.div_(total[:, None])
            mixed = self._mixed.view(B, T, H * dh)  # a text's heads side by side
            mixed.copy_(self._tall.view(B, H * dh, T).transpose(1, 2))
            return mixed.view(B * T, -1).index_select(0, self._where)
        torch.bmm(self._weight, self.v, out=self._mixed)
        if total is not None:
            self._mixed.div_(total[..., None])
        return self._mixed.view(-1, dh).index_select(0, self._back).view(-1, H * dh)

    def _weigh(self) -> Tensor | None:
        """Put the values' weights into their buffer; what they sum to [B * H, T], if not to one."""
        k = self.k.transpose(1, 2)
        if not self._quick:
            torch.bmm(self.q, k, out=self._weight)
            torch.softmax(self._weight.add_(self._hide), -1, out=self._weight)
            return None
        torch.baddbmm(self._hide, self.q, k, out=self._weight)
        total = self._weight.exp2_().sum(-1)
        good = (total < SAFE) & (total > 1 / SAFE)
        if not bool(good.all()):
            again = torch.baddbmm(self._hide, self.q, k)[~good]
            self._weight[~good] = again.mul_(log(2)).softmax(-1)
            total[~good] = 1.0
        return total

    def remember(self, columns: int) -> Past:
        """Keys and values of the first columns of the last call."""
        return self.k[:, :columns].clone(), self.v[:, :columns].clone()
