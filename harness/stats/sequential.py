"""A predeclared bet on signs: an e-process over replicates in their order (method ``sign-bet``).

Somebody starts with 1 and stakes the same share of what they have on every replicate lying above
the margin: their wealth is multiplied by 1 + stake where it does, by 1 - stake where it does not. A
replicate that ties with the margin lies on neither side of it: both bets lose. Where a replicate
lies above the margin with chance one half at most, whatever came before, the wealth is a
nonnegative supermartingale; it ever reaches 1 / alpha with chance alpha at most (Ville 1939; Ramdas
et al. 2023). So the claim is supported as soon as it does, at whichever replicate, and refuted as
soon as the wealth of the bet on the other side does; whichever comes first ends both. p is 1 over
the largest wealth until then and is valid at any time. What is tested is the median: it is the mean
where values are symmetric.

The interval holds the margins at which neither bet would have ended; its ends are replicate values.
Where replicates drift, both bets may have ended at every margin: then there is none.

Not covered: replicates beyond the locked number, stakes that adapt, equivalence, families.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness.stats.ties import apart

REACHED = 1e-12
"""Relative tolerance of "wealth reaches 1 / alpha"."""


@dataclass(frozen=True)
class Bets:
    """Wealth [..., n] after each replicate of the bets above and below the margin, unstopped;
    ``stop`` [...] is the replicate (from 0) that decided, -1 where none did."""

    above: np.ndarray
    below: np.ndarray
    stop: np.ndarray


def bets(values: np.ndarray, point: float, stake: float, alpha: float) -> Bets:
    """Both bets on values [..., n] against ``point``."""
    gaps = apart(values, point)
    above, below = (
        np.exp(np.cumsum(np.log1p(np.where(won, stake, -stake)), axis=-1))
        for won in (gaps > 0, gaps < 0)
    )
    ended = np.maximum(above, below) >= (1 - REACHED) / alpha
    stop = np.where(ended.any(axis=-1), ended.argmax(axis=-1), -1)
    return Bets(above, below, stop)


def p_values(found: Bets, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """(p of "above", p of "below"), arrays [...], from the bets until they ended."""
    n = found.above.shape[-1]
    last = np.where(found.stop < 0, n - 1, found.stop)
    counted = np.arange(n) <= last[..., None]

    def p(wealth: np.ndarray) -> np.ndarray:
        most = np.where(counted, wealth, 0.0).max(axis=-1)
        # rounding must not part the p from the bet that ended
        reached = most >= (1 - REACHED) / alpha
        return np.where(reached, np.minimum(1 / most, alpha), 1 / np.maximum(most, 1.0))

    return p(found.above), p(found.below)


def best_p(n: int, stake: float, alpha: float | None = None) -> float:
    """The p of n replicates that all lie on one side, until the bet ends. (After losses the win
    that ends it may carry the wealth further: no p lies below alpha / (1 + stake).)"""
    rounds = n
    if alpha is not None:
        needed = math.log((1 - REACHED) / alpha) / math.log1p(stake)
        rounds = min(n, max(1, math.ceil(needed - 1e-9)))
    return float((1 + stake) ** -rounds)


def bounds(values: np.ndarray, stake: float, alpha: float) -> tuple[float | None, float | None]:
    """The ends of the interval of values [n]: None where a bet never ends at any margin, both None
    where no margin is left."""
    knots = np.unique(values)
    between = np.concatenate([[knots[0] - 1], (knots[:-1] + knots[1:]) / 2, [knots[-1] + 1]])
    lows = [b for b in between if _ends(values, float(b), stake, alpha)]
    highs = [b for b in between if _ends(-values, float(-b), stake, alpha)]
    # between two neighbours every margin gives the same signs, and a margin that is a value gives
    # those beyond it, so the end is the next value
    low = None if not lows else float(knots[min(np.searchsorted(knots, max(lows)), len(knots) - 1)])
    high = None if not highs else float(knots[max(np.searchsorted(knots, min(highs)) - 1, 0)])
    return (None, None) if low is not None and high is not None and low > high else (low, high)


def _ends(values: np.ndarray, point: float, stake: float, alpha: float) -> bool:
    """Whether the bet above ``point`` would have reached 1 / alpha."""
    return bool((bets(values, point, stake, alpha).above >= (1 - REACHED) / alpha).any())
