"""Interchange: what another model has at the same position of the same tokens, in the host's place.

    x' = x + share * (donor's - x)        at the marked coordinates, where the condition is active

The donor runs alongside on the host's tokens, those sampled under the intervention included, with a
cache of its own and without any edit. Geiger et al. (2021) interchange between inputs; here it is
between models.

Not covered: models with different tokenizers, widths or layouts of blocks; what the donor would
have sampled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from harness.errors import ClaimsError
from harness.intervene.edit import Keys
from harness.subject.backend import Clean, Model, Replay, Watch, width


@dataclass
class Pair:
    """The states of both models."""

    host: Any
    donor: Any


class Alongside:
    """A host as a ``Model`` with a donor beside it, whose activation at ``hook`` in the last call
    is kept in ``seen`` [R, T, d]. Everything else is the host's."""

    def __init__(self, host: Model, donor: Model, hook: str) -> None:
        """Raises :class:`ClaimsError` for models that do not fit, and for an unknown site."""
        for model in (host, donor):
            model.check_site(hook)
        shapes = [(m.vocab, width(m, hook), m.n_heads) for m in (host, donor)]
        if shapes[0] != shapes[1]:
            raise ClaimsError(
                f"vocabulary, width and heads are {shapes[0]} in the one and {shapes[1]} in the "
                "other model",
                where=f"interchange of {host.name} with {donor.name} at {hook}",
                fix="Interchange models of one architecture",
            )
        self.host, self.donor, self.hook = host, donor, hook
        self.name, self.mode = f"{host.name} with {donor.name}", host.mode
        self.n_layers, self.n_heads = host.n_layers, host.n_heads
        self.d_model, self.d_mlp = host.d_model, host.d_mlp
        self.vocab, self.context = host.vocab, min(host.context, donor.context)
        self.exact_rows = host.exact_rows and donor.exact_rows
        self.seen = torch.empty(0)

    def sites(self) -> tuple[str, ...]:
        return self.host.sites()

    def check_site(self, hook: str) -> None:
        self.host.check_site(hook)

    def logits(self, tokens: Tensor, watch: Watch | None = None) -> Tensor:
        self.seen = self.donor.activations(tokens, self.hook)
        return self.host.logits(tokens, watch)

    def activations(self, tokens: Tensor, hook: str) -> Tensor:
        return self.host.activations(tokens, hook)

    def lens(self, x: Tensor) -> Tensor:
        return self.host.lens(x)

    def patterns(self, tokens: Tensor, layer: int) -> Tensor:
        return self.host.patterns(tokens, layer)

    def gradient(
        self,
        tokens: Tensor,
        hook: str,
        goal: Callable[[Tensor], Tensor],
        shift: Tensor | None = None,
    ) -> Tensor:
        return self.host.gradient(tokens, hook, goal, shift)

    def output_matrix(self, part: str, layer: int) -> Tensor:
        return self.host.output_matrix(part, layer)

    def open(self, rows: int, capacity: int) -> Pair:
        return Pair(self.host.open(rows, capacity), self.donor.open(rows, capacity))

    def extend(self, state: Pair, tokens: Tensor, watch: Watch | None = None) -> Tensor:
        self.donor.extend(state.donor, tokens, Watch(self.hook, self._see))
        return self.host.extend(state.host, tokens, watch)

    def repeat(self, state: Pair, times: int) -> Pair:
        return Pair(self.host.repeat(state.host, times), self.donor.repeat(state.donor, times))

    def keep(self, state: Pair, rows: Tensor) -> Pair:
        return Pair(self.host.keep(state.host, rows), self.donor.keep(state.donor, rows))

    def share(self, state: Pair, rows: Tensor, hook: str) -> Pair:
        return Pair(
            self.host.share(state.host, rows, hook), self.donor.share(state.donor, rows, self.hook)
        )

    def clean(self, tokens: Tensor, hook: str, first: int, at: Tensor) -> Clean:
        self.seen = self.donor.activations(tokens, self.hook)[:, first:]
        return self.host.clean(tokens, hook, first, at)

    def replay(self, clean: Clean, at: Tensor, changed: Tensor | None = None) -> Replay:
        return self.host.replay(clean, at, changed)

    def _see(self, x: Tensor) -> Tensor:
        self.seen = x
        return x


@dataclass(frozen=True)
class Interchange:
    """C conditions at one site of ``beside``; a ``Keyed`` rewrite, for that model only."""

    hook: str
    positions: str
    share: Tensor  # [C], 0: no edit, 1: all of it
    mask: Tensor  # [C, d] bool, the coordinates that are replaced
    beside: Alongside

    @property
    def size(self) -> int:
        return len(self.share)

    @property
    def active(self) -> Tensor:
        return (self.share != 0) & self.mask.any(-1)

    def apply(self, x: Tensor, condition: Tensor) -> Tensor:
        """Raises :class:`ClaimsError`: an interchange is always of some position."""
        raise ClaimsError("an interchange needs the position that it is for")

    def apply_at(self, x: Tensor, condition: Tensor, keys: Keys) -> Tensor:
        """Activations [n, d] edited by conditions [n] at the positions of ``keys``."""
        share = self.share[condition][:, None].to(x)
        other = self.beside.seen.flatten(0, 1)[keys.flat].to(x)
        return torch.where(self.mask[condition], (1 - share) * x + share * other, x)

    @staticmethod
    def stack(edits: Sequence[Interchange]) -> Interchange:
        """The conditions of several interchanges at one site of one pair of models, in order."""
        first = edits[0]
        if any(e.beside is not first.beside or e.positions != first.positions for e in edits):
            raise ClaimsError(
                f"cannot run interchanges at {first.hook} with two models in one batch",
                fix="Stack interchanges of one pair of models and one position class",
            )
        share, mask = (torch.cat([getattr(e, p) for e in edits]) for p in ("share", "mask"))
        return replace(first, share=share, mask=mask)
