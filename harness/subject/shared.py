"""Rows that have read the same tokens share what lies below an edit.

Arms and doses under common random numbers sample the same tokens until their edits make a
difference: of the rows of a sweep over doses and candidates a quarter to a third are distinct at an
average step. Below the edited site a row's activations depend on its tokens only, so they are
computed once per distinct history, and every row goes on from there by itself.

Not covered: rows that meet again (only histories are compared), what is above the site.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from harness.subject.backend import FEWEST_ROWS
from harness.subject.keyvalue import KeyValue


@dataclass
class Shared:
    """The state of R rows whose blocks below ``split`` run once per distinct history."""

    below: KeyValue  # a row per history, perhaps some that nobody has
    above: KeyValue  # R rows
    which: Tensor  # [R] row of ``below``
    split: int

    @classmethod
    def of(cls, state: KeyValue, rows: Tensor, split: int) -> Shared:
        """The rows at these indices [R] of a state whose rows have nothing in common yet."""
        return cls(state.blocks(0, split), state.blocks(split, state.n_layers), rows, split)._kept(
            rows, rows
        )

    @property
    def rows(self) -> int:
        return len(self.which)

    @property
    def length(self) -> int:
        """Positions that are filled."""
        return self.above.length

    @length.setter
    def length(self, value: int) -> None:
        self.above.length = self.below.length = value

    def select(self, rows: Tensor) -> Shared:
        """A copy holding the rows at these indices (repeats allowed)."""
        return self._kept(rows, self.which[rows])

    def follow(self, tokens: Tensor, vocab: int) -> Tensor:
        """Tell rows apart by their next tokens [R, T]; for each history, a row that has it."""
        which = self.which
        for column in tokens.unbind(1):
            _, which = (which * vocab + column).unique(return_inverse=True)
        having = which.new_zeros(int(which.max()) + 1)
        having.scatter_(0, which, torch.arange(len(which)))
        having = _filled(having)
        before = self.which[having]
        if not torch.equal(before, torch.arange(self.below.rows)):
            self.below = self.below.select(before)
        self.which = which
        return having

    def _kept(self, rows: Tensor, which: Tensor) -> Shared:
        used, which = which.unique(return_inverse=True)
        return Shared(self.below.select(_filled(used)), self.above.select(rows), which, self.split)


def _filled(rows: Tensor) -> Tensor:
    """Row numbers, the first one repeated up to the fewest."""
    return torch.cat([rows, rows[:1].expand(max(0, FEWEST_ROWS - len(rows)))])
