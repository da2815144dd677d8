"""What a probe reads from, and what it gives: numbers of models as they are, without an arm.

A probe looks at the matched models of one replicate on the same texts. Whatever it has to choose (a
feature, a head) it chooses on the select split and by what the thing does, never by its index; what
it reports is measured on the final split.

Not covered: which probes a claim names (``harness.claim.probes``), how readings are stored
(``harness.measure.runner_probes``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from harness.errors import ClaimsError, NothingFired
from harness.readout.dictionary import Dictionary
from harness.subject.backend import Model
from harness.subject.interface import Task, Texts


@dataclass(frozen=True)
class Reading:
    """One number of one model: of which thing (``item``: a layer, a head, a position class), which
    quantity; ``text`` is what a reader may want to see beside it."""

    model: str
    item: str
    quantity: str
    value: float
    text: str = ""


@dataclass(frozen=True)
class Bench:
    """What lies ready for the probes of one replicate.

    ``models`` by role; ``select`` and ``final``: texts by variant; ``dictionary`` gives that of a
    role (or ``random``) at a hook point; ``seed`` is for permutations and resampling.
    """

    models: Mapping[str, Model]
    task: Task
    select: Mapping[str, Texts]
    final: Mapping[str, Texts]
    dictionary: Callable[[str, str], Dictionary]
    seed: int = 0
    behaviour: str = "behaviour"

    def variant(self, split: Mapping[str, Texts], name: str) -> Texts:
        """The texts of one variant. Raises :class:`ClaimsError` for one that the task lacks."""
        if name not in split:
            raise ClaimsError(
                f"no text variant {name!r}", fix=f"The task has {', '.join(split) or 'none'}"
            )
        return split[name]

    def opens(self, following: Tensor) -> Tensor:
        """Whether these next tokens open the behaviour, Boolean like ``following``."""
        return torch.isin(following, torch.tensor(self.task.token_sets[self.behaviour]))


def members(task: Task, texts: Texts, positions: str) -> Tensor:
    """Boolean [B, T]: positions of a class, padding left out. Raises :class:`NothingFired`."""
    valid = torch.arange(texts.tokens.shape[1]) < texts.lengths[:, None]
    found = task.positions(positions, texts.tokens) & valid
    if not bool(found.any()):
        raise NothingFired(
            f"no position of class {positions!r} in {len(texts.tokens)} texts",
            fix="Name a position class that occurs in them",
        )
    return found
