"""The logit lens: what the last norm and the unembedding make of the residual after each block.

    mass      mean probability of the behaviour's opening tokens at the positions
    against   the same at the other position class, where one is named
    auc       chance that a position of the first class has more mass than one of the other

Item ``embed`` is the residual before the first block, ``0``, ``1``, ... that after each block; the
last one is the model's own output. Source: nostalgebraist 2020 (the logit lens).

Not covered: lenses that are trained (tuned lens); they ask a weaker question.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from harness.readout.probes.records import Bench, Reading, members
from harness.subject.backend import Model


def logit_lens(
    bench: Bench, on: tuple[str, ...], positions: str, texts: str, against: str | None = None
) -> Iterator[Reading]:
    """Readings per role and residual; see the module."""
    part = bench.variant(bench.final, texts)
    first = members(bench.task, part, positions)
    second = None if against is None else members(bench.task, part, against)
    opens = torch.tensor(bench.task.token_sets[bench.behaviour])
    for role in on:
        model = bench.models[role]
        for item, hook in residuals(model):
            mass = _mass(model, model.activations(part.tokens, hook), opens)
            yield Reading(role, item, "mass", float(mass[first].double().mean()))
            if second is None:
                continue
            yield Reading(role, item, "against", float(mass[second].double().mean()))
            yield Reading(role, item, "auc", auc(mass[first], mass[second]))


def residuals(model: Model) -> tuple[tuple[str, str], ...]:
    """(item, hook point) of the residual before the first block and after each."""
    after = ((str(n), f"blocks.{n}.hook_resid_post") for n in range(model.n_layers))
    return (("embed", "blocks.0.hook_resid_pre"), *after)


def auc(high: Tensor, low: Tensor) -> float:
    """Chance that one of ``high`` [N] exceeds one of ``low`` [M], ties counting half."""
    from scipy import stats  # a second to import, and few claims have a lens

    rank = stats.rankdata(torch.cat([high, low]).double().numpy())
    n, m = len(high), len(low)
    return float((rank[:n].sum() - n * (n + 1) / 2) / (n * m))


def _mass(model: Model, x: Tensor, opens: Tensor) -> Tensor:
    """Probability [B, T] of the opening tokens, text by text so that logits stay small."""
    return torch.stack([model.lens(row).float().softmax(-1)[:, opens].sum(-1) for row in x])
