"""An intervention at work: applied to rows of a batch at masked positions, with evidence kept.

The activation is never written into. Every call is counted by the backend's ``Watch``; every edited
position leaves its |delta| and its norm before the edit, from which the realised dose is read.

Because an edit acts above everything that feeds its site, the activation before the edit is the
clean one for the tokens at hand; its median norm over a condition's edited positions is the unit
in which the dose is measured.

Not covered: which positions (the task says), what the model does with the result.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.errors import NothingFired
from harness.intervene.edit import Keyed, Keys, Rewrite


@dataclass(frozen=True)
class Evidence:
    """That the intervention happened, per condition and item; all [C, P].

    ``fired``: positions of the class that the edit passed (at dose 0 too); ``dose_measured``:
    median |delta| over them / the condition's median norm before the edit (NaN if none);
    ``delta_max``: the largest |delta|, in activation units.
    """

    fired: NDArray[np.int64]
    dose_measured: NDArray[np.float64]
    delta_max: NDArray[np.float64]

    @staticmethod
    def none(conditions: int, items: int) -> Evidence:
        """The evidence of no intervention."""
        shape = (conditions, items)
        return Evidence(np.zeros(shape, np.int64), np.full(shape, np.nan), np.zeros(shape))


class Trace:
    """Norms recorded per (condition, item, position); NaN where nothing was edited."""

    def __init__(self, conditions: int, items: int, positions: int) -> None:
        self.delta = torch.full((conditions * items, positions), torch.nan)
        self.before = torch.full((conditions * items, positions), torch.nan)
        self.shape = (conditions, items)

    def repeat(self, condition: int, others: Tensor) -> None:
        """Other conditions [n], which do the same, get the norms of this one."""
        for norms in (self.delta, self.before):
            rows = norms.view(*self.shape, -1)
            rows[others] = rows[condition].clone()

    def evidence(self) -> Evidence:
        """Summarise; an item without an edited position has dose NaN."""
        seen = ~self.delta.isnan()
        unit = self.before.view(self.shape[0], -1).nanmedian(-1).values  # [C]
        dose = self.delta.nanmedian(-1).values.view(self.shape) / unit[:, None]
        largest = self.delta.nan_to_num(nan=0.0).amax(-1).view(self.shape)
        return Evidence(
            seen.sum(-1).view(self.shape).numpy(),
            dose.double().numpy(),
            largest.double().numpy(),
        )

    def require_fired(self, positions: str, hook: str) -> None:
        """Raise :class:`NothingFired` if no position was ever edited."""
        if bool(self.delta.isnan().all()):
            raise NothingFired(
                f"no position of class {positions!r} came by, so the edit at {hook!r} changed "
                "nothing",
                fix="Name a position class that occurs in these prompts and texts",
            )


class Applied:
    """A site function: applies ``rewrite`` to the rows and positions last given to :meth:`aim`."""

    def __init__(self, rewrite: Rewrite, trace: Trace, first_item: int = 0) -> None:
        self.rewrite, self.trace, self.first_item = rewrite, trace, first_item
        self.aimed = 0  # positions that calls should have edited so far
        self._all_active = bool(rewrite.active.all())
        self._keyed = rewrite if isinstance(rewrite, Keyed) else None
        self._index = self._condition = self._row = self._position = torch.empty(0)
        self._seen: Tensor | None = None  # the activation that these two are of
        self._before = self._norm = torch.empty(0)

    def aim(self, mask: Tensor, condition: Tensor, row: Tensor, start: int) -> None:
        """Set the next call: ``mask`` [R, T] of positions ``start`` on, the rows' conditions [R]
        and their rows [R] in the trace (negative: a padding row, left alone)."""
        index = (mask & (row >= 0)[:, None]).flatten().nonzero().squeeze(1)
        width = mask.shape[1]
        self.aimed += len(index)
        self._seen = None
        which = index // width
        self._index = index
        self._condition, self._row = condition[which], row[which]
        self._position = index - which * width + start

    def next_condition(self) -> None:
        """Set the next call to the positions of the last one, of the next condition. If it is given
        the same tensor, the rows before the edit are not looked up again."""
        self.aimed += len(self._index)
        self._condition, self._row = self._condition + 1, self._row + self.trace.shape[1]

    def __call__(self, x: Tensor) -> Tensor:
        if len(self._index) == 0:
            return x
        flat = x.reshape(-1, x.shape[-1])
        if self._seen is not x:
            self._seen, self._before = x, flat[self._index]
            self._norm = self._before.norm(dim=-1)
        before = self._before
        if self._keyed is None:
            after = self.rewrite.apply(before, self._condition)
        else:
            item = self._row % self.trace.shape[1] + self.first_item
            keys = Keys(item, self._position, self._index)
            after = self._keyed.apply_at(before, self._condition, keys)
        if not self._all_active:
            after = torch.where(self.rewrite.active[self._condition, None], after, before)
        at, trace = (self._row, self._position), self.trace
        trace.delta[at] = (after - before).norm(dim=-1).to(trace.delta)
        trace.before[at] = self._norm.to(trace.before)
        return flat.index_copy(0, self._index, after).view_as(x)
