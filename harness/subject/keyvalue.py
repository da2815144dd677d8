"""Keys and values of many short rows, laid out for one query at a time on a CPU.

Decoding asks, per row and head, for one dot product with each stored key. With small heads the
matrix product is all overhead, so keys are stored [T, d_head, rows * heads] and attention runs
elementwise over the lanes; with large heads they are stored [rows * heads, T, d_head] for batched
products. Both give each row numbers that do not depend on the other rows, nor on how many
positions were appended in one call: every query position is computed by the same shapes, and lanes
are filled up to a multiple of :data:`LANES`, because sums and softmaxes of the last few are made by
other code.

Not covered: grouped key-value heads, sliding windows.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from harness.subject.layer import by_head

LANES_UP_TO = 16
"""Largest d_head for which the lane layout is the faster one (measured, AVX-512, one thread)."""

LANES = 32
"""Two vectors of AVX-512: what elementwise sums and exponentials treat at once."""


@dataclass
class KeyValue:
    """Per layer one tensor of keys and one of values; ``length`` positions are filled."""

    n_layers: int
    n_heads: int
    d_head: int
    rows: int
    capacity: int
    keys: list[Tensor] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)
    length: int = 0

    @property
    def lanes(self) -> bool:
        return self.d_head <= LANES_UP_TO

    @property
    def spare(self) -> int:
        """Lanes that nobody reads, up to a multiple."""
        return -self.rows * self.n_heads % LANES

    @property
    def _wide(self) -> int:
        """Lanes that are computed with."""
        return self.rows * self.n_heads + self.spare

    @classmethod
    def empty(
        cls, n_layers: int, n_heads: int, d_head: int, rows: int, capacity: int, like: Tensor
    ) -> KeyValue:
        made = cls(n_layers, n_heads, d_head, rows, capacity)
        lanes = rows * n_heads
        wide = lanes + made.spare
        shape = (capacity, d_head, wide) if made.lanes else (lanes, capacity, d_head)
        made.keys = [like.new_empty(shape) for _ in range(n_layers)]
        made.values = [like.new_empty(shape) for _ in range(n_layers)]
        if made.lanes:
            for stored in (*made.keys, *made.values):
                stored[:, :, lanes:] = 0.0
        return made

    def blocks(self, first: int, last: int) -> KeyValue:
        """Those of layers ``first`` to ``last`` (exclusive), not copied, counted from 0."""
        parts = self.keys[first:last], self.values[first:last]
        fixed = (self.rows, self.capacity)
        return KeyValue(len(parts[0]), self.n_heads, self.d_head, *fixed, *parts, self.length)

    def branch(self, parents: Tensor, at: int, most: int) -> None:
        """Make rows ``at``, ``at`` + 1, ... copies of the rows ``parents``, all below ``at``: rows
        there were of no use any more, or are new ones. ``most``: there will never be more rows,
        so that room is made for no more."""
        n, t, H = len(parents), self.length, self.n_heads
        self._make_room(at + n, most)
        self.rows = max(self.rows, at + n)
        lane = (parents[:, None] * H + torch.arange(H, device=parents.device)).flatten()
        new = slice(at * H, (at + n) * H)
        for stored in (*self.keys, *self.values):
            if self.lanes:
                stored[:t, :, new] = stored[:t].index_select(2, lane)
            else:
                stored[new, :t] = stored[:, :t].index_select(0, lane)

    def _make_room(self, rows: int, most: int) -> None:
        """Twice the room if there is too little for so many rows."""
        there = self.keys[0].shape[2 if self.lanes else 0] if self.keys else 0
        if not self.keys or rows * self.n_heads <= there:
            return
        room = max(rows, min(2 * rows, most))
        fixed = (self.n_layers, self.n_heads, self.d_head, room, self.capacity)
        larger = KeyValue.empty(*fixed, like=self.keys[0])
        t, used = self.length, self.rows * self.n_heads
        for old, new in zip(
            (*self.keys, *self.values), (*larger.keys, *larger.values), strict=True
        ):
            if self.lanes:
                new[:t, :, :used] = old[:t, :, :used]
                new[:, :, used:] = 0.0  # lanes that are computed with and read by nobody
            else:
                new[:used, :t] = old[:used, :t]
        self.keys, self.values = larger.keys, larger.values

    def select(self, rows: Tensor) -> KeyValue:
        """A copy holding the rows at these indices (repeats allowed), same capacity."""
        heads = torch.arange(self.n_heads, device=rows.device)
        lane = (rows[:, None] * self.n_heads + heads).flatten()
        like = self.keys[0] if self.keys else torch.empty(0)
        made = KeyValue.empty(
            self.n_layers, self.n_heads, self.d_head, len(rows), self.capacity, like
        )
        filled = F.pad(lane, (0, made.spare))  # by the first lane's numbers
        made.length = t = self.length
        for old, new in zip((*self.keys, *self.values), (*made.keys, *made.values), strict=True):
            if self.lanes:
                torch.index_select(old[:t], 2, filled, out=new[:t])
            else:
                new[:, :t] = old[:, :t].index_select(0, lane)
        return made

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Append k, v and attend causally; q (already scaled), k [R, T, 2, H, d_head / 2] and
        v [R, T, H, d_head], as :class:`~harness.subject.layer.Rotation` gives them.

        Returns [R, T, H * d_head]. Positions go to ``length`` .. ``length + T``; the caller
        advances ``length`` after the last layer.
        """
        R, T, H, dh = v.shape
        start = self.length
        keys, values = self.keys[layer], self.values[layer]
        if self.lanes:
            used = R * H
            keys[start : start + T, :, :used] = k.permute(1, 2, 4, 0, 3).reshape(T, dh, used)
            values[start : start + T, :, :used] = v.permute(1, 3, 0, 2).reshape(T, dh, used)
            turned = q.permute(1, 2, 4, 0, 3).reshape(T, dh, used)
            turned = F.pad(turned, (0, self.spare)) if self.spare else turned
            keys, values = keys[:, :, : self._wide], values[:, :, : self._wide]
            out = [
                _attend_lanes(turned[i], keys[: start + i + 1], values[: start + i + 1])
                for i in range(T)
            ]  # each [d_head, R * H + spare]
            mixed = torch.stack(out)[..., :used].reshape(T, dh, R, H)
            return mixed.permute(2, 0, 3, 1).reshape(R, T, H * dh)
        keys, values = keys[: R * H], values[: R * H]
        keys[:, start : start + T] = by_head(k)
        values[:, start : start + T] = by_head(v)
        turned = by_head(q)
        out = [
            _attend_products(
                turned[:, i : i + 1], keys[:, : start + i + 1], values[:, : start + i + 1]
            )
            for i in range(T)
        ]  # each [R * H, 1, d_head]
        return torch.cat(out, 1).view(R, H, T, dh).transpose(1, 2).reshape(R, T, H * dh)


def _attend_lanes(q: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """One query per lane: q [dh, N], keys and values [t, dh, N]; returns [dh, N]."""
    weight = (keys * q).sum(1).softmax(0)  # [t, N]
    return (values * weight[:, None]).sum(0)


def _attend_products(q: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """One query per batch entry: q [N, 1, dh], keys and values [N, t, dh]; returns [N, 1, dh]."""
    weight = torch.bmm(q, keys.transpose(1, 2)).softmax(-1)
    return torch.bmm(weight, values)
