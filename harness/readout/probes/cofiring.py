"""Whether other features fire where the marker does, against a permutation that keeps every rate.

The *others* are features that, on the select split, fire at the class at ``min_rate`` or more in
the trained model and ``ratio_at_least`` times as often as in the standard one; the marker is that
with the largest difference, as in ``marker``. On the final split, at the trained model's positions:

    observed   mean over the others of the share of the marker's positions at which they fire too
    null       the same with the marker's firing shuffled over the positions of each text variant
    lift       observed over null
    most       share of the others that fire at more than half of the marker's positions
    p          share of shuffles that reach the observed one, itself included
    others     how many there are

A TopK dictionary fires k features everywhere, so that features compete; the shuffle keeps that.

Not covered: which of the others are redundant with the marker.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from torch import Tensor

from harness.intervene.gather import gather
from harness.readout.probes.marker import firing
from harness.readout.probes.records import Bench, Reading

MOST_OF = 0.5


def co_firing(
    bench: Bench,
    hook: str,
    positions: str,
    dictionary: str,
    ratio_at_least: float,
    min_rate: float,
    shuffles: int,
    trained: str,
    standard: str,
) -> Iterator[Reading]:
    """Readings of the trained model; numbers are NaN where no other feature qualifies."""
    sparse = bench.dictionary(dictionary, hook)
    one, two = (
        firing(sparse, gather(bench.models[r], bench.task, bench.select, hook, positions))
        for r in (trained, standard)
    )
    marker = int((one - two).argmax())
    marks = (one >= min_rate) & (one >= ratio_at_least * two)
    marks[marker] = False
    found = gather(bench.models[trained], bench.task, bench.final, hook, positions)
    fires = sparse.encode(found.x) > 0
    lead, others = fires[:, marker], fires[:, marks].double()
    yield Reading(trained, "marker", "others", float(others.shape[1]))
    if others.shape[1] == 0 or not bool(lead.any()):
        missing = ("observed", "null", "lift", "most", "p")
        yield from (Reading(trained, "marker", name, float("nan")) for name in missing)
        return
    together = others[lead].mean(0)
    observed = float(together.mean())
    null = _shuffled(lead, others.mean(1), found.variant, shuffles, bench.seed)
    mean = float(null.mean())
    reached = (1 + int((null >= observed - 1e-12).sum())) / (1 + shuffles)
    for name, value in (
        ("observed", observed),
        ("null", mean),
        ("lift", observed / mean if mean > 0 else float("nan")),
        ("most", float((together > MOST_OF).double().mean())),
        ("p", reached),
    ):
        yield Reading(trained, "marker", name, value)


def _shuffled(lead: Tensor, share: Tensor, variant: Tensor, shuffles: int, seed: int) -> np.ndarray:
    """Mean of ``share`` [N] over the marker's positions, [shuffles], its firing shuffled within
    each text variant."""
    rng = np.random.default_rng(seed)
    total = np.zeros(shuffles)
    for one in variant.unique():
        here = variant == one
        count, values = int(lead[here].sum()), share[here].numpy()
        for n in range(shuffles):
            total[n] += values[rng.permutation(len(values))[:count]].sum()
    return np.asarray(total / int(lead.sum()))
