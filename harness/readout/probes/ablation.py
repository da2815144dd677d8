"""What single heads do, by ablating them three ways at the query positions.

A head's output (its part of ``attn.hook_z``) is replaced by zero, by its mean over the class on
the select split, or by its value at another position drawn from there (resample), as in
``harness.intervene.ablate``. Per model:

    effect (item ``zero``, ``mean``, ``resample``)   mass of the behaviour's opening tokens at the
                                  class without the ablation minus with it, of the matched head
    effect (item ``zero.h3``, ...)                   the same of every head of the layer
    share                         effect over the mass without ablation

The head is matched as in ``heads``: chosen by its pattern in the trained model, and the nearest one
in the other. The three ways ask different things (Zhang & Nanda 2023); a claim that rests on one of
them should say so, and better have all three agree.

Not covered: several heads at once, paths between heads.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from harness.intervene.ablate import WAYS, Ablation, ablation, part_mask
from harness.intervene.gather import gather
from harness.readout.probes.heads import matched
from harness.readout.probes.records import Bench, Reading
from harness.readout.score import ScoreOptions, score
from harness.subject.backend import Model


def head_ablation(
    bench: Bench, layer: int, positions: str, to: str, texts: str, trained: str, standard: str
) -> Iterator[Reading]:
    """Readings of both models; see the module."""
    heads = matched(bench, layer, positions, to, texts, trained, standard)
    for role, head in zip((trained, standard), heads, strict=True):
        model = bench.models[role]
        clean, found = _effects(bench, model, layer, positions, texts)
        for way, effects in zip(WAYS, found, strict=True):
            for number, effect in enumerate(effects):
                yield Reading(role, f"{way}.h{number}", "effect", effect)
            yield Reading(role, way, "effect", effects[head], f"head {layer}.{head}")
            share = effects[head] / clean if clean > 0 else float("nan")
            yield Reading(role, way, "share", share)
        yield Reading(role, "clean", "mass", clean)


def _effects(
    bench: Bench, model: Model, layer: int, positions: str, texts: str
) -> tuple[float, list[list[float]]]:
    """Mass without ablation, and what each way and head takes of it, [way][head]."""
    hook = f"blocks.{layer}.attn.hook_z"
    bank = gather(model, bench.task, bench.select, hook, positions).x
    whole = torch.ones(1)

    def one(way: str, head: int, share: torch.Tensor) -> Ablation:
        mask = part_mask(bank.shape[1], (head,), model.n_heads, "head", hook)
        return ablation(way, hook, positions, mask, share, bank, bench.seed)

    heads = [one(way, head, whole) for way in WAYS for head in range(model.n_heads)]
    edit = Ablation.stack([one(WAYS[0], 0, 0 * whole), *heads])  # the first ablates nothing
    options = ScoreOptions(behaviour=bench.behaviour, onset=positions)
    made = score(model, bench.task, bench.variant(bench.final, texts), edit, options)
    mass = np.nanmean(made.onset_mass, axis=1)  # [C]
    effect = (mass[0] - mass[1:]).reshape(len(WAYS), model.n_heads)
    return float(mass[0]), effect.tolist()
