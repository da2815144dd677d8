"""Activations at the positions of one class, over all text variants, with what follows each.

Not covered: storing activations on disk (a fit split is a few megabytes; it is run again).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from harness.errors import NothingFired
from harness.subject.backend import Model, width
from harness.subject.interface import Task, Texts

CHUNK_TEXTS = 64


@dataclass(frozen=True)
class Gathered:
    """``x`` [N, d] activations; ``following`` [N] next tokens (-1: the text ends); ``item`` [N] the
    row in its variant; ``variant`` [N] the variant's index. The order depends on the texts only,
    so that rows of two models are paired."""

    x: Tensor
    following: Tensor
    item: Tensor
    variant: Tensor

    def median_norm(self) -> float:
        """Median length of the activations: the unit of doses at this site."""
        return float(self.x.norm(dim=-1).median())


def gather(
    model: Model, task: Task, texts: Mapping[str, Texts], hook: str, positions: str
) -> Gathered:
    """Run the model over the texts. Raises :class:`NothingFired` if the class never occurs."""
    model.check_site(hook)
    xs, following, items, variants = [], [], [], []
    for number, part in enumerate(texts.values()):
        for low in range(0, len(part.tokens), CHUNK_TEXTS):
            lengths = part.lengths[low : low + CHUNK_TEXTS]
            tokens = part.tokens[low : low + CHUNK_TEXTS, : int(lengths.max())]
            valid = torch.arange(tokens.shape[1]) < lengths[:, None]
            member = task.positions(positions, tokens) & valid
            ahead = torch.full_like(tokens, -1)
            ahead[:, :-1] = torch.where(valid[:, 1:], tokens[:, 1:], -1)
            row = member.nonzero()[:, 0]
            xs.append(model.activations(tokens, hook)[member].float())
            following.append(ahead[member])
            items.append(row + low)
            variants.append(torch.full_like(row, number))
    x = torch.cat(xs) if xs else torch.empty(0, width(model, hook))
    if len(x) == 0:
        raise NothingFired(
            f"no position of class {positions!r} in {len(texts)} text variants",
            where=f"{model.name} at {hook}",
            fix="Name a position class that occurs in the fit split",
        )
    return Gathered(x, torch.cat(following), torch.cat(items), torch.cat(variants))
