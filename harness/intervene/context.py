"""What directions are fitted on, what a fitted one is, and the behaviour gradient they share.

Not covered: the fitting methods (``harness.intervene.methods``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import torch
from torch import Tensor

from harness.errors import ClaimsError, UnknownName, nearest
from harness.intervene.gather import CHUNK_TEXTS, Gathered, gather
from harness.subject.backend import Model, width
from harness.subject.interface import Task, Texts

Kept = TypeVar("Kept")


@dataclass(frozen=True)
class Direction:
    """``unit`` [d] of length 1; ``norm`` its natural length; ``provenance`` words and numbers.

    A subspace has a ``basis`` [k, d] of orthonormal rows, and ``unit`` lies in it.
    """

    unit: Tensor
    norm: float
    provenance: Mapping[str, str]
    basis: Tensor | None = None


@dataclass(frozen=True)
class FitContext:
    """What directions are fitted on: the host, all roles, the task, texts by variant, the site."""

    host: Model
    roles: Mapping[str, Model]
    task: Task
    texts: Mapping[str, Texts]
    hook: str
    positions: str
    seed: int = 0
    behaviour: str = "behaviour"
    onset: str = "step_onset"
    radius: float = 0.5
    """Of the ball that an optimised vector stays in, in the host's median residual norms."""
    memory: dict[tuple[Any, ...], Any] = field(default_factory=dict, compare=False, repr=False)
    """What was gathered already, by model, site and class; contexts on the same texts may share
    one, so that nine candidates do not run the models nine times."""

    def role(self, name: str | None, need: str) -> Model:
        """The model of a role. Raises if the method needs one that is not given."""
        if name is None:
            raise ClaimsError(
                f"this method needs a {need} role",
                where=f"direction at {self.hook}",
                fix=f"Write {need}: with one of {', '.join(self.roles)}",
            )
        if name not in self.roles:
            raise UnknownName(
                f"no role {name!r}", fix=f"Nearest: {nearest(name, tuple(self.roles))}"
            )
        return self.roles[name]

    def gathered(self, model: Model) -> Gathered:
        """The model's activations at the class's positions in all texts."""

        def make() -> Gathered:
            return gather(model, self.task, self.texts, self.hook, self.positions)

        return self.once("gathered", model, make)

    def once(self, what: str, model: Model, make: Callable[[], Kept]) -> Kept:
        """What ``make`` gives for this model, these texts and this site, made once."""
        texts = tuple(id(part.tokens) for part in self.texts.values())
        key = (what, id(model), texts, self.hook, self.positions, self.behaviour, self.onset)
        if key not in self.memory:
            # model and texts are kept beside the result, so that their ids are not given away
            self.memory[key] = (make(), model, self.texts)
        found: Kept = self.memory[key][0]
        return found

    def half(self, odd: bool) -> FitContext:
        """The context with every other item of each variant."""
        some = {k: rows_of(v, slice(int(odd), None, 2)) for k, v in self.texts.items()}
        return replace(self, texts=some)


def behaviour_gradient(context: FitContext, model: Model) -> Tensor:
    """Gradient [d] of the mean log behaviour mass at onsets wrt one vector added at the class."""
    return context.once("gradient", model, lambda: _gradient(context, model))


def _gradient(context: FitContext, model: Model) -> Tensor:
    opens = torch.tensor(context.task.token_sets[context.behaviour])
    total, onsets = torch.zeros(width(model, context.hook)), 0

    def goal(mask: Tensor) -> Callable[[Tensor], Tensor]:
        def value(logits: Tensor) -> Tensor:
            z = logits[mask]
            return (z[:, opens].logsumexp(-1) - z.logsumexp(-1)).sum()

        return value

    for texts in context.texts.values():
        for low in range(0, len(texts.tokens), CHUNK_TEXTS):
            part = rows_of(texts, slice(low, low + CHUNK_TEXTS))
            valid = torch.arange(part.tokens.shape[1]) < part.lengths[:, None]
            mask = context.task.positions(context.onset, part.tokens) & valid
            members = context.task.positions(context.positions, part.tokens) & valid
            if not bool(mask.any()):
                continue
            grad = model.gradient(part.tokens, context.hook, goal(mask))
            total += grad[members].float().sum(0)
            onsets += int(mask.sum())
    return total / max(onsets, 1)


def rows_of(texts: Texts, some: slice) -> Texts:
    """Some of the texts of one variant."""
    return Texts(texts.tokens[some], texts.lengths[some], texts.stratum[some], texts.variant)
