"""What single heads do, by ablating them three ways at the query positions.

A head's output (its part of ``attn.hook_z``) is replaced by zero, by its mean over the class on
the select split, or by its value at another position drawn from there (resample). Per model:

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
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from harness.intervene.gather import gather
from harness.readout.probes.heads import matched
from harness.readout.probes.records import Bench, Reading
from harness.readout.score import ScoreOptions, score
from harness.subject.backend import Model

WAYS = ("zero", "mean", "resample")


@dataclass(frozen=True)
class HeadAblation:
    """C conditions at the mixed heads of a layer: ``mask`` [C, d] marks the coordinates that are
    replaced, ``bank`` [N, d] holds activations of other positions, ``way`` one of :data:`WAYS` per
    condition. A ``Rewrite``; see ``harness.intervene.edit``.
    """

    hook: str
    positions: str
    mask: Tensor
    bank: Tensor
    way: tuple[str, ...]
    seed: int = 0

    @property
    def size(self) -> int:
        return len(self.mask)

    @property
    def active(self) -> Tensor:
        return self.mask.any(-1)

    def apply(self, x: Tensor, condition: Tensor) -> Tensor:
        """Activations [n, d] with the marked coordinates replaced. What is drawn for a position
        depends on the seed and on its activation, so that it is the same in every run."""
        out = x.clone()
        for number in condition.unique().tolist():
            rows = (condition == number).nonzero().squeeze(1)
            out[rows] = torch.where(self.mask[number], self._other(x[rows], number), x[rows])
        return out

    def _other(self, x: Tensor, condition: int) -> Tensor:
        match self.way[condition]:
            case "zero":
                return torch.zeros_like(x)
            case "mean":
                return self.bank.mean(0).to(x).expand_as(x)
        found: Tensor = self.bank.to(x)[self._drawn(x)]
        return found

    def _drawn(self, x: Tensor) -> Tensor:
        """Indices [n] into the bank, from a generator that the rows themselves seed."""
        key = np.frombuffer(x.detach().float().numpy().tobytes(), np.uint32)
        rng = np.random.default_rng([self.seed & 0xFFFFFFFF, len(key), int(key.sum() & 0xFFFFFFFF)])
        return torch.from_numpy(rng.integers(len(self.bank), size=len(x)))


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
    one = torch.eye(model.n_heads, dtype=torch.bool).repeat_interleave(
        bank.shape[1] // model.n_heads, dim=1
    )
    nothing = torch.zeros(1, bank.shape[1], dtype=torch.bool)
    way = ("zero", *(w for w in WAYS for _ in range(model.n_heads)))
    edit = HeadAblation(hook, positions, torch.cat([nothing, *[one] * 3]), bank, way, bench.seed)
    options = ScoreOptions(behaviour=bench.behaviour, onset=positions)
    made = score(model, bench.task, bench.variant(bench.final, texts), edit, options)
    mass = np.nanmean(made.onset_mass, axis=1)  # [C]
    effect = (mass[0] - mass[1:]).reshape(len(WAYS), model.n_heads)
    return float(mass[0]), effect.tolist()
