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

from harness.subject.keyvalue import KeyValue
from harness.subject.packed import FEWEST_ROWS


@dataclass
class Shared:
    """The state of R rows whose blocks below ``split`` run once per distinct history."""

    below: KeyValue  # a row per history, then perhaps some that nobody has
    above: KeyValue  # R rows
    which: Tensor  # [R] row of ``below``
    split: int
    used: int  # rows of ``below`` that somebody has

    @classmethod
    def of(cls, state: KeyValue, rows: Tensor, split: int) -> Shared:
        """The rows at these indices [R] of a state whose rows have nothing in common yet."""
        parts = state.blocks(0, split), state.blocks(split, state.n_layers)
        return cls(*parts, rows, split, state.rows)._kept(rows, rows)

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
        """Tell rows apart by their next tokens [R, T]; for each row of ``below``, a row that has
        its history (any, where nobody has it).

        Of the histories that go on from one, the first keeps its row and the others get copies of
        it, so that a step copies what is new and not all that there is.
        """
        which = self.which
        for column in tokens.unbind(1):
            _, which = (which * vocab + column).unique(return_inverse=True)
        count = int(which.max()) + 1
        having = which.new_zeros(count)
        having.scatter_(0, which, torch.arange(len(which)))
        parent = self.which[having]  # not falling: histories are numbered by parent first
        new = torch.zeros_like(parent, dtype=torch.bool)
        new[1:] = parent[1:] == parent[:-1]
        place = parent.clone()
        if bool(new.any()):
            self.below.branch(parent[new], self.used, len(which))
            place[new] = torch.arange(self.used, self.used + int(new.sum()))
            self.used = count
        self.which = place[which]
        rows = which.new_zeros(self.below.rows)
        rows[place] = having
        return rows

    def _kept(self, rows: Tensor, which: Tensor) -> Shared:
        used, which = which.unique(return_inverse=True)
        below, above = self.below.select(_filled(used)), self.above.select(rows)
        return Shared(below, above, which, self.split, len(used))


def _filled(rows: Tensor) -> Tensor:
    """Row numbers, the first one repeated up to the fewest."""
    return torch.cat([rows, rows[:1].expand(max(0, FEWEST_ROWS - len(rows)))])
