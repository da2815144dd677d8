"""Whether a number is larger where a task's law makes the behaviour likelier: concordance per row.

A task may say how likely its law makes the behaviour at every onset (``hazard``, see
``harness.subject.interface.Lawful``). Over all pairs of onsets of one row whose hazards differ, the
concordance is the share in which the onset of higher hazard has the larger number, ties counting
half: the area under the ROC curve where hazards have two levels, Somers' D rescaled to [0, 1]
otherwise (Somers, Am. Sociol. Rev. 27, 1962). A row without such a pair has none (NaN).

Not covered: how large the numbers are; a model that follows the law faintly ranks onsets as well as
one that follows it fully.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harness.errors import ClaimsError
from harness.readout.generate import Generated
from harness.subject.interface import Lawful, Prompts, Task


@dataclass(frozen=True)
class Pairs:
    """Pairs of places within a row whose hazards differ: ``high`` and ``low`` [N] are indices into
    the places, ``row`` [N] the row of each pair, ``rows`` how many rows there are."""

    high: NDArray[np.int64]
    low: NDArray[np.int64]
    row: NDArray[np.int64]
    rows: int

    @classmethod
    def of(cls, hazard: NDArray[np.float64], row: NDArray[np.int64], rows: int) -> Pairs:
        """All pairs of the places with hazards [K] in rows [K]; a NaN hazard pairs with nothing."""
        high, low = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for r in np.unique(row):
            here = np.flatnonzero(row == r)
            one, two = np.nonzero(hazard[here, None] > hazard[None, here])
            high.append(here[one])
            low.append(here[two])
        first = np.concatenate(high)
        return cls(first, np.concatenate(low), row[first], rows)

    def concordance(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Share of pairs [rows] whose place of higher hazard has the larger of values [K]."""
        one, two = values[self.high], values[self.low]
        return self._shares((one > two) + 0.5 * (one == two))

    def decided(self, values: NDArray[np.bool_]) -> NDArray[np.float64]:
        """As :meth:`concordance` over the pairs whose values [K] differ alone."""
        differ = values[self.high] != values[self.low]
        kept = Pairs(self.high[differ], self.low[differ], self.row[differ], self.rows)
        return kept.concordance(values.astype(np.float64))

    def _shares(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        count = np.bincount(self.row, minlength=self.rows)
        total = np.bincount(self.row, weights=points, minlength=self.rows)
        return np.divide(total, count, out=np.full(self.rows, np.nan), where=count > 0)


def hazard(task: Task, tokens: Tensor) -> Tensor | None:
    """The task's hazard [B, T] (float64) of tokens [B, T]; None where it offers none.

    Raises :class:`ClaimsError` for anything but one real number per token.
    """
    # by name: isinstance would miss a task that delegates to another
    law = cast(Lawful | None, task if hasattr(task, "hazard") else None)
    if law is None:
        return None
    found = law.hazard(tokens)
    if not isinstance(found, Tensor) or found.shape != tokens.shape or found.is_complex():
        got = list(found.shape) if isinstance(found, Tensor) else type(found).__name__
        raise ClaimsError(
            f"the task's hazard of tokens {list(tokens.shape)} is {got}",
            where=type(task).__name__,
            fix="Return one number per token, NaN off step onsets",
        )
    return found.double()


def placed(
    task: Task,
    prompts: Prompts,
    generated: Generated,
    lengths: Tensor,
    behaviour: str = "behaviour",
    onset: str = "step_onset",
) -> NDArray[np.float64]:
    """Whether the behaviour was written where the law makes it likely, [C, P].

    Within each generated row, over pairs of one onset after which a token that opens the behaviour
    was generated and one after which another was, and whose hazards differ: the share in which the
    behaviour's has the higher hazard. ``lengths`` [C, P] are those of the rows; of the prompt only
    its last token can be such an onset. NaN for a row without such a pair, and for tasks without a
    hazard.
    """
    conditions, count, new = generated.tokens.shape
    rows = generated.tokens.reshape(conditions * count, new)
    tokens = torch.cat([prompts.tokens.repeat(conditions, 1), rows], 1)
    risk = hazard(task, tokens)
    if risk is None:
        return np.full((conditions, count), np.nan)
    start = prompts.tokens.shape[1] - 1
    following = tokens[:, start + 1 :]
    written = torch.arange(new) < lengths.reshape(-1, 1)
    at = (task.positions(onset, tokens)[:, start:-1] & written).nonzero(as_tuple=True)
    opens = torch.isin(following, torch.tensor(task.token_sets[behaviour]))[at]
    pairs = Pairs.of(risk[:, start:-1][at].numpy(), at[0].numpy(), conditions * count)
    return pairs.decided(opens.numpy()).reshape(conditions, count)
