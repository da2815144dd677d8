"""Logits at the positions asked for, and weighted sums of them, slice by slice.

A weighted sum over the vocabulary is linear in the last residual: sum_v p_v (W h)_v = h . (W' p).
So for weights that stay while runs change, W' p is made once, and a run then reads d_model numbers
a position in place of the vocabulary.

Not covered: what is read (``harness.readout.score``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from harness.subject.packed import Product


class Readout(Protocol):
    """What can be read at K positions of one run."""

    def logits(self, part: slice, times: float = 1.0) -> Tensor:
        """Logits [k, V] of a slice of the positions, ``times`` a number, made for the caller, who
        may write into them: slice by slice, so that a large vocabulary stays in cache."""

    def pull(self, weights: Tensor) -> Tensor:
        """Weights over the vocabulary [k, V] in the form that :meth:`dot` takes, of this run or of
        another one of the same model."""

    def dot(self, part: slice, pulled: Tensor) -> Tensor:
        """Row by row sums [k] over the vocabulary of weights times logits, float32."""


@dataclass(frozen=True)
class Hidden:
    """Reads from the normalised last residual ``x`` [K, d], by the unembedding [V, d]."""

    x: Tensor
    unembed: Product

    def logits(self, part: slice, times: float = 1.0) -> Tensor:
        x = self.x[part]
        with torch.no_grad():
            return self.unembed(x if times == 1 else x * times)

    def pull(self, weights: Tensor) -> Tensor:
        return weights.float() @ self.unembed.weight.float()

    def dot(self, part: slice, pulled: Tensor) -> Tensor:
        return torch.linalg.vecdot(self.x[part].float(), pulled)


@dataclass(frozen=True)
class Whole:
    """Reads from logits [K, V] that are there already."""

    z: Tensor

    def logits(self, part: slice, times: float = 1.0) -> Tensor:
        return self.z[part] * times

    def pull(self, weights: Tensor) -> Tensor:
        return weights.float()

    def dot(self, part: slice, pulled: Tensor) -> Tensor:
        return torch.linalg.vecdot(self.z[part].float(), pulled)
