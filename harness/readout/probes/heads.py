"""Heads that look back at a class of positions, matched between two models by what they look at.

Chosen on the select split: of the trained model's heads in the layer, the one with the most
attention from the query positions to *earlier* positions of the key class; its match is the head of
the other model whose patterns are nearest to its own. Measured on the final split:

    attention (item: head, ``matched``)   mean attention to earlier positions of the key class
    cosine (item ``matched``)      cosine of the two heads' patterns over all query positions
    best_other (item ``matched``)  the largest cosine of the trained head with any other head
    margin (item ``matched``)      cosine minus best_other
    same_index (item ``matched``)  1 where both are the same head by number, else 0

Patterns are compared as they are, entry by entry. In two models that share an initialisation heads
of one number tend to stay alike; ``donor`` takes the other model from another replicate.

Not covered: heads of different layers, matching all heads at once (assignment).
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from harness.readout.probes.records import Bench, Reading, members
from harness.subject.backend import Model
from harness.subject.interface import Task, Texts

CHUNK_TEXTS = 64


def head_match(
    bench: Bench, layer: int, positions: str, to: str, texts: str, trained: str, standard: str
) -> Iterator[Reading]:
    """Readings of both models; see the module. ``standard`` is the key of the other model."""
    one, two = bench.models[trained], bench.models[standard]
    chosen, match = matched(bench, layer, positions, to, texts, trained, standard)
    final = bench.variant(bench.final, texts)
    mine, theirs = (rows(m, bench.task, final, layer, positions) for m in (one, two))
    for role, seen in ((trained, mine), (standard, theirs)):
        looks = looking_back(bench.task, final, seen, positions, to)
        for head, value in enumerate(looks.tolist()):
            yield Reading(role, f"h{head}", "attention", value)
        head = chosen if role == trained else match
        yield Reading(role, "matched", "attention", float(looks[head]), f"head {head}")
    alike = cosines(mine, theirs)[chosen]
    others = torch.cat([alike[:match], alike[match + 1 :]])
    best = float(others.max()) if len(others) else 0.0
    words = f"head {layer}.{chosen} of {trained}, {layer}.{match} of {standard}"
    yield Reading(trained, "matched", "cosine", float(alike[match]), words)
    yield Reading(trained, "matched", "best_other", best)
    yield Reading(trained, "matched", "margin", float(alike[match]) - best)
    yield Reading(trained, "matched", "same_index", float(chosen == match))


def matched(
    bench: Bench, layer: int, positions: str, to: str, texts: str, trained: str, standard: str
) -> tuple[int, int]:
    """The trained model's head and its match, both chosen on the select split."""
    part = bench.variant(bench.select, texts)
    one, two = (
        rows(bench.models[r], bench.task, part, layer, positions) for r in (trained, standard)
    )
    chosen = int(looking_back(bench.task, part, one, positions, to).argmax())
    return chosen, int(cosines(one, two)[chosen].argmax())


def rows(model: Model, task: Task, texts: Texts, layer: int, positions: str) -> Tensor:
    """Attention [N, heads, T] from every position of the class, texts in order."""
    asked = members(task, texts, positions)
    parts = []
    for low in range(0, len(texts.tokens), CHUNK_TEXTS):
        seen = model.patterns(texts.tokens[low : low + CHUNK_TEXTS], layer)  # [b, H, T, T]
        parts.append(seen.transpose(1, 2)[asked[low : low + CHUNK_TEXTS]])
    return torch.cat(parts).double()


def looking_back(task: Task, texts: Texts, seen: Tensor, positions: str, to: str) -> Tensor:
    """Mean attention [heads] to earlier positions of class ``to``, of :func:`rows`."""
    row, column = members(task, texts, positions).nonzero().unbind(1)
    earlier = torch.arange(texts.tokens.shape[1]) < column[:, None]
    keys = members(task, texts, to)[row] & earlier
    return (seen * keys[:, None]).sum(-1).mean(0)


def cosines(one: Tensor, two: Tensor) -> Tensor:
    """Cosine [heads, heads] of the patterns of two models at the same positions."""
    a, b = (x.transpose(0, 1).flatten(1) for x in (one, two))
    return (a / a.norm(dim=1, keepdim=True)) @ (b / b.norm(dim=1, keepdim=True)).T
