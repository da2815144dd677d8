"""A vector that is optimised to bring the behaviour: gradient ascent in the host at one site.

The mean log behaviour mass at onsets over the fit texts is ascended, with one vector added at every
position of the class. Its length is fixed, in median residual norms; Adam turns it on that sphere,
by the part of the gradient that lies along the sphere, in steps that shrink to nothing. It starts
along the gradient at no vector at all, takes :data:`STEPS` steps on all texts, and the best vector
seen is kept: nothing in it is random, and it is never worse than that gradient.

It is one more candidate direction, and no control from outside the class of single directions.

Not covered: other goals, several sites, an early stop.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from harness.errors import NothingFired
from harness.intervene.context import FitContext, rows_of
from harness.intervene.gather import CHUNK_TEXTS
from harness.subject.backend import width
from harness.subject.interface import Texts

STEPS = 30
STRIDE = 0.3
"""Of the first step, in which Adam moves every coordinate alike: its length on a unit sphere."""
BETAS, EPSILON = (0.9, 0.999), 1e-12


def optimised(context: FitContext) -> Tensor:
    """The vector [d] in activation units, ``context.radius`` median residual norms long.

    Raises :class:`NothingFired` where the fit texts have no onset.
    """
    host = context.host
    length = context.radius * context.gathered(host).median_norm()
    unit = _ascent(context, torch.zeros(width(host, context.hook), dtype=torch.float64))[1]
    unit = unit / unit.norm().clamp_min(1e-300)
    first, second = torch.zeros_like(unit), torch.zeros_like(unit)
    best, top = unit, -float("inf")
    for step in range(STEPS + 1):
        value, gradient = _ascent(context, length * unit)
        if value > top:
            best, top = unit, value
        if step == STEPS:
            break
        turn = gradient - (gradient @ unit) * unit
        first = BETAS[0] * first + (1 - BETAS[0]) * turn
        second = BETAS[1] * second + (1 - BETAS[1]) * turn.square()
        up = first / (1 - BETAS[0] ** (step + 1))
        spread = (second / (1 - BETAS[1] ** (step + 1))).sqrt() + EPSILON
        rate = STRIDE * (1 - step / STEPS) / host.d_model**0.5
        unit = unit + rate * up / spread
        unit = unit / unit.norm()
    return (length * best).float()


def _ascent(context: FitContext, vector: Tensor) -> tuple[float, Tensor]:
    """Mean log behaviour mass at onsets with the vector added at the class, and its gradient."""
    opens = torch.tensor(context.task.token_sets[context.behaviour])
    total, onsets = torch.zeros_like(vector), 0
    values: list[float] = []

    def goal(mask: Tensor) -> Callable[[Tensor], Tensor]:
        def value(logits: Tensor) -> Tensor:
            z = logits[mask]
            out = (z[:, opens].logsumexp(-1) - z.logsumexp(-1)).sum()
            values.append(float(out.detach()))
            return out

        return value

    for part in _chunks(context):
        valid = torch.arange(part.tokens.shape[1]) < part.lengths[:, None]
        mask = context.task.positions(context.onset, part.tokens) & valid
        members = context.task.positions(context.positions, part.tokens) & valid
        if not bool(mask.any()):
            continue
        shift = members[..., None] * vector.float()
        found = context.host.gradient(part.tokens, context.hook, goal(mask), shift)
        total += found[members].double().sum(0)
        onsets += int(mask.sum())
    if not onsets:
        raise NothingFired(
            f"no position of class {context.onset!r} in the fit texts",
            where=f"{context.host.name} at {context.hook}",
            fix="Fit on texts with onsets",
        )
    return sum(values) / onsets, total / onsets


def _chunks(context: FitContext) -> list[Texts]:
    return [
        rows_of(texts, slice(low, low + CHUNK_TEXTS))
        for texts in context.texts.values()
        for low in range(0, len(texts.tokens), CHUNK_TEXTS)
    ]
