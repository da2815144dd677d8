"""Ablations of a site or of parts of it: what they carry is replaced by zero, the mean or a draw.

    x' = x + share * (other - x)        at the marked coordinates, where the condition is active

``other`` is zero, the mean of the position class, or the activation at another position of the
class, both over the fit split (``bank``). Which one is drawn for a position follows from the seed,
the item and the position alone: the same in every condition, whatever else is in the batch, however
the item is cut into calls, and whether its tokens are scored or sampled.

The three ask different things: zero may lie far from anything the model ever sees, the mean keeps
what all positions share, a resample keeps what activations look like (Zhang & Nanda 2023).

Not covered: activations of another model (``harness.intervene.interchange``), which heads or
neurons (the claim says).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.errors import ClaimsError, UnknownName, nearest
from harness.intervene.edit import Keys

WAYS = ("zero", "mean", "resample")
ZERO, MEAN, RESAMPLE = range(3)
GOLDEN, FIRST, SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


@dataclass(frozen=True)
class Ablation:
    """C conditions at one site; a ``Keyed`` rewrite."""

    hook: str
    positions: str
    share: Tensor  # [C], 0: no edit, 1: all of it
    mask: Tensor  # [C, d] bool, the coordinates that are replaced
    way: Tensor  # [C], index into WAYS
    mean: Tensor  # [d]
    bank: Tensor  # [N, d]
    seed: int

    @property
    def size(self) -> int:
        return len(self.share)

    @property
    def active(self) -> Tensor:
        return (self.share != 0) & self.mask.any(-1)

    def apply(self, x: Tensor, condition: Tensor) -> Tensor:
        """See ``Rewrite``. Raises :class:`ClaimsError` where a draw needs to know the position."""
        return self.apply_at(x, condition, None)

    def apply_at(self, x: Tensor, condition: Tensor, keys: Keys | None) -> Tensor:
        """Activations [n, d] edited by conditions [n] at the positions of ``keys``."""
        way, share = self.way[condition][:, None], self.share[condition][:, None].to(x)
        other = torch.zeros_like(x)
        if bool((way == MEAN).any()):
            other = torch.where(way == MEAN, self.mean.to(x), other)
        if bool((way == RESAMPLE).any()):
            if keys is None:
                raise ClaimsError("a resample needs the item and the position that it is for")
            other = torch.where(way == RESAMPLE, self.bank[self.drawn(keys)].to(x), other)
        return torch.where(self.mask[condition], (1 - share) * x + share * other, x)

    def drawn(self, keys: Keys) -> Tensor:
        """Rows [n] of the bank for the items and positions of ``keys``."""
        words = counter_words(self.seed, keys.item.numpy(), keys.position.numpy())
        uniform = (words >> np.uint64(11)).astype(np.float64) * 2.0**-53
        return torch.from_numpy((uniform * len(self.bank)).astype(np.int64))

    @staticmethod
    def stack(edits: Sequence[Ablation]) -> Ablation:
        """The conditions of several ablations at one site of one model, in order."""
        first = edits[0]
        for one in edits[1:]:
            same = (one.hook, one.positions, one.seed) == (first.hook, first.positions, first.seed)
            if not same or not torch.equal(one.bank, first.bank):
                raise ClaimsError(
                    f"cannot run ablations at {first.hook} and {one.hook} in one batch",
                    fix="Stack ablations of one model, one hook and one position class",
                )
        share, mask, way = (
            torch.cat([getattr(e, p) for e in edits]) for p in ("share", "mask", "way")
        )
        return replace(first, share=share, mask=mask, way=way)


def ablation(
    way: str, hook: str, positions: str, mask: Tensor, shares: Tensor, bank: Tensor, seed: int
) -> Ablation:
    """One condition per share [C] at the coordinates ``mask`` [d]; ``bank`` [N, d] holds the
    activations of the class on the fit split. Raises :class:`UnknownName` for another way."""
    if way not in WAYS:
        raise UnknownName(f"no way {way!r} to ablate", fix=f"Nearest: {nearest(way, WAYS)}")
    index = torch.full((len(shares),), WAYS.index(way))
    masks = mask.expand(len(shares), -1)
    return Ablation(hook, positions, shares, masks, index, bank.mean(0), bank, seed)


def part_mask(width: int, parts: Sequence[int], count: int, what: str, where: str) -> Tensor:
    """Coordinates [width] of these parts of ``count`` equal ones; all of them where none is named.

    Raises :class:`ClaimsError` for a part that is not there.
    """
    if not parts:
        return torch.ones(width, dtype=torch.bool)
    if max(parts) >= count:
        raise ClaimsError(
            f"there is no {what} {max(parts)}: there are {count}",
            where=where,
            fix=f"{what.capitalize()}s count from 0 to {count - 1}",
        )
    mask = torch.zeros(count, dtype=torch.bool)
    mask[list(parts)] = True
    return mask.repeat_interleave(width // count)


def counter_words(
    seed: int, item: NDArray[np.int64], position: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """A 64-bit word for each (item, position): splitmix64's finaliser (Steele et al. 2014) over the
    seed, then the item, then the position."""
    word = np.full(len(item), seed % 2**64, np.uint64)
    for part in (item, position):
        word = _mixed(word + np.uint64(GOLDEN) * (part.astype(np.uint64) + np.uint64(1)))
    return word


def _mixed(word: NDArray[np.uint64]) -> NDArray[np.uint64]:
    word = (word ^ (word >> np.uint64(30))) * np.uint64(FIRST)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(SECOND)
    return word ^ (word >> np.uint64(31))
