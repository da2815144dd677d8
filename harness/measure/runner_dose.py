"""Doses of one replicate in median residual norms, whatever unit an arm's doses are in.

- ``residual``: as written.
- ``own``: times the direction's natural length over the median residual norm.
- ``kl``: the smallest residual dose at which the mean KL from the clean model at onsets, on the
  select split's texts, reaches the target (``harness.measure.reach``), for each candidate alone.

What is found is kept in the replicate's record, also that a target is out of reach: such a
condition is not run, and judging says so.

Not covered: choosing a dose by its effect (``harness.measure.dose``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.claim.schema import Site
from harness.claim.terms import LARGEST_DOSE, UNITS
from harness.intervene.edit import operation
from harness.measure.reach import reach
from harness.readout.score import ScoreOptions, score
from harness.subject.backend import Model
from harness.subject.interface import Task, Texts

GRID = tuple(LARGEST_DOSE[UNITS[0]] * 2 ** (-n / 2) for n in range(14, -1, -1))
"""Residual doses between which a target is bracketed: from 1/32 to 4, by steps of the root of 2."""
Planned = dict[str, list[dict[str, float | None]]]
"""Variant -> rows of nominal ``dose`` and ``residual`` dose (None: out of reach); where it was
looked up, with the ``kl`` found there and the largest on the grid (``top``)."""


def own(doses: Sequence[float], lengths: Mapping[str, float], scale: float) -> Planned:
    """Multiples of each variant's natural length [activation units] in residual norms."""
    return {
        name: [{"dose": dose, "residual": dose * length / scale} for dose in doses]
        for name, length in lengths.items()
    }


@dataclass(frozen=True)
class Host:
    """Where a dose is looked up: a model, the site in it, its median residual norm, the texts."""

    model: Model
    task: Task
    texts: Texts
    site: Site
    scale: float


def by_kl(doses: Sequence[float], units: Mapping[str, Tensor], push: str, host: Host) -> Planned:
    """The residual dose per unit vector [d] and target [nats]; ``push`` is add or subtract."""
    vectors = torch.stack(list(units.values()))

    def curves(which: NDArray[np.int64], residual: NDArray[np.float64]) -> NDArray[np.float64]:
        edit = operation(
            push,
            host.site.hook,
            host.site.positions,
            vectors[torch.from_numpy(which)],
            torch.from_numpy(residual).to(vectors.dtype),
            host.scale,
        )
        onsets = ScoreOptions(body=None)
        found = score(host.model, host.task, host.texts, edit, onsets).kl  # [C, texts]
        return np.nanmean(found, axis=1)

    rows = reach(curves, len(units), doses, GRID)
    return {
        name: [
            {"dose": one.target, "residual": one.dose, "kl": one.value, "top": one.top}
            for one in found
        ]
        for name, found in zip(units, rows, strict=True)
    }
