"""The marker feature: which dictionary feature tells the trained model, and what it responds to.

Chosen on the select split: the feature with the largest difference between the two models' firing
rates at the position class, every text variant weighing the same. Measured on the final split.

    rate (item: position class)   share of positions at which it fires, at least one in all of them
    opens, opens_all (item top)   share of its strongest contexts, and of all positions, whose next
                                  token opens the behaviour
    row_over_difference           length of its decoder row over that of the mean difference
    context (item: rank)          its activation there; the text is the context, with what follows

Not covered: editing along the decoder row (a direction), what other features do (``cofiring``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from harness.intervene.gather import Gathered, gather
from harness.readout.dictionary import Dictionary
from harness.readout.probes.records import Bench, Reading, members
from harness.subject.backend import Model
from harness.subject.interface import Task, Texts

CONTEXT_TOKENS = 10
"""How much of a context is shown, the position itself included."""


def marker_feature(
    bench: Bench,
    hook: str,
    positions: str,
    elsewhere: tuple[str, ...],
    dictionary: str,
    contexts: int,
    trained: str,
    standard: str,
) -> Iterator[Reading]:
    """Readings of the marker; see the module. ``elsewhere``: further position classes."""
    pair = {trained: bench.models[trained], standard: bench.models[standard]}
    sparse = bench.dictionary(dictionary, hook)
    seen = {r: gather(m, bench.task, bench.select, hook, positions) for r, m in pair.items()}
    difference = firing(sparse, seen[trained]) - firing(sparse, seen[standard])
    marker = int(difference.argmax())
    gap = (seen[trained].x.mean(0) - seen[standard].x.mean(0)).norm()
    row = float(sparse.w_dec[marker].norm() / gap)
    yield Reading(trained, "marker", "row_over_difference", row, f"feature {marker}")
    for role, model in pair.items():
        for name in (positions, *elsewhere):
            found = gather(model, bench.task, bench.final, hook, name)
            rate = float(firing(sparse, found)[marker])
            yield Reading(role, name, "rate", max(rate, 1.0 / len(found.x)))
    yield from _contexts(bench, sparse, marker, (trained, pair[trained]), hook, positions, contexts)


def firing(dictionary: Dictionary, found: Gathered) -> Tensor:
    """Firing rate [m] of each feature, every text variant weighing the same, float64."""
    fires = (dictionary.encode(found.x) > 0).double()
    return torch.stack([fires[found.variant == v].mean(0) for v in found.variant.unique()]).mean(0)


def _contexts(
    bench: Bench,
    dictionary: Dictionary,
    marker: int,
    model: tuple[str, Model],
    hook: str,
    positions: str,
    count: int,
) -> Iterator[Reading]:
    role, trained = model
    found = gather(trained, bench.task, bench.final, hook, positions)
    strength = dictionary.encode(found.x)[:, marker]
    opens = bench.opens(found.following).double()
    top = strength.topk(min(count, len(strength))).indices
    top = top[strength[top] > 0]
    yield Reading(role, "top", "opens", float(opens[top].mean()) if len(top) else 0.0)
    yield Reading(role, "top", "opens_all", float(opens.mean()))
    texts = _texts(bench.task, bench.final, positions)
    for rank, place in enumerate(top.tolist()):
        words = texts[place]
        yield Reading(role, f"{rank + 1:02d}", "context", float(strength[place]), words)


def _texts(task: Task, texts: Mapping[str, Texts], positions: str) -> list[str]:
    """What stands up to each position, in the order of :func:`gather`, and what follows it."""
    out = []
    for part in texts.values():
        for row, column in members(task, part, positions).nonzero().tolist():
            start = max(0, column + 1 - CONTEXT_TOKENS)
            before = task.decode(part.tokens[row, start : column + 1])
            after = task.decode(part.tokens[row, column + 1 : column + 2])
            out.append(f"{'… ' if start else ''}{before} → {after or '(end)'}")
    return out
