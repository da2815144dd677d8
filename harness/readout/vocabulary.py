"""Sums over a large vocabulary that read each logit from cache and as seldom as can be.

Not covered: what the sums mean (``harness.readout.score``), logits in other than floating point.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log

import torch
from torch import Tensor

LOGIT_FLOATS = 1 << 21
"""Logits are made in slices of at most this many numbers (8 MB), to be read from cache."""

CACHED_FLOATS = 1 << 18
"""Numbers that stay in the core's own cache between two passes over them (1 MB)."""

WIDE = 1 << 10
"""Logits a row from which powers of two are summed in place of exponentials, in less than half the
time (measured). Below, nothing would be gained."""

SAFE = 46.0
"""Largest |log| of a sum of exponentials (1e20) that is taken without shifting by the maximum."""


def slices(count: int, vocab: int) -> list[int]:
    """Edges of slices of ``count`` positions, of about equal size, so that a product meets few
    different numbers of rows."""
    number = max(1, -(-count * vocab // LOGIT_FLOATS))
    return [*range(0, count, max(1, -(-count // number))), count]


def unit(vocab: int) -> float:
    """Nats in which logits are read: 1, or log 2 (bits) where there are many, so that powers of
    two, in half the time, take the place of exponentials."""
    return 1.0 if vocab < WIDE else log(2)


def exponentials(z: Tensor) -> Tensor:
    """exp of logits z [k, V] in their unit, into z."""
    return z.exp_() if z.shape[1] < WIDE else z.exp2_()


def log_total(z: Tensor, again: Callable[[], Tensor]) -> Tensor:
    """logsumexp [k], in nats, of logits z [k, V] in their unit, which are overwritten.

    Without a pass for the maximum: where the sum of exponentials lies well within float32, it is as
    exact unshifted. Where it does not, logits are made ``again`` and summed the careful way; each
    row is judged by itself.
    """
    total = torch.cat([exponentials(few).sum(-1) for few in _split(z)]).log_()
    good = total.abs() < SAFE
    if not bool(good.all()):
        total = torch.where(good, total, again().mul_(unit(z.shape[1])).logsumexp(-1))
    return total


def _split(z: Tensor) -> tuple[Tensor, ...]:
    return z.split(max(1, CACHED_FLOATS // z.shape[1]))
