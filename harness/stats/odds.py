"""The common odds ratio of a behaviour between two arms over strata of prompts (Mantel & Haenszel).

One number per replicate: within each stratum the odds of a step with the behaviour in one arm over
those in the other, pooled by ``statsmodels.stats.contingency_tables.StratifiedTable``. Steps of one
replicate are no independent trials, so its standard errors are not used: the test is over
replicates, on the logarithm (``harness.stats.ratio``).

A stratum in which an arm has no step at all compares nothing and is refused. One in which neither
arm (or every step of both) shows the behaviour adds nothing to either side of the pooled ratio,
which is what Mantel and Haenszel define. A pooled ratio of 0, or without denominator, has no
logarithm and is refused: nothing is added to the counts.

Not covered: homogeneity of the odds ratios over strata, more than two arms.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from statsmodels.stats.contingency_tables import StratifiedTable

from harness.stats.records import UntestableError

Counts = Mapping[str, tuple[int, int]]
"""Stratum -> (steps with the behaviour, steps)."""


def tables(one: Counts, two: Counts) -> np.ndarray:
    """Tables [2, 2, strata]: rows the arms, columns behaviour and other steps.

    Raises :class:`UntestableError` for a stratum without steps in one of the arms.
    """
    out = []
    for stratum in dict.fromkeys((*one, *two)):
        rows = [counts.get(stratum, (0, 0)) for counts in (one, two)]
        for name, (hits, steps) in zip(("first", "second"), rows, strict=True):
            if steps <= 0:
                raise UntestableError(
                    f"the {name} arm has no step in stratum {stratum!r}",
                    fix="More prompts or tokens, so that every stratum has steps in both arms",
                )
            if not 0 <= hits <= steps:
                raise UntestableError(f"{hits} of {steps} steps in stratum {stratum!r}")
        out.append([[hits, steps - hits] for hits, steps in rows])
    if not out:
        raise UntestableError("there is no stratum", fix="Measure both arms")
    return np.array(out, dtype=np.float64).transpose(1, 2, 0)


def common_odds(one: Counts, two: Counts) -> float:
    """The common odds ratio of the first arm over the second, above 0 and finite.

    Raises :class:`UntestableError` as :func:`tables` does, and where it is 0 or undefined.
    """
    found = tables(one, two)
    total = found.sum(axis=(0, 1))
    up = float((found[0, 0] * found[1, 1] / total).sum())
    down = float((found[0, 1] * found[1, 0] / total).sum())
    if up == 0 or down == 0:
        raise UntestableError(
            "no stratum has the behaviour in one arm and its absence in the other, both ways: the "
            "common odds ratio is 0 or infinite",
            fix="A precondition on the rate of both arms should have caught this",
        )
    return float(StratifiedTable(found).oddsratio_pooled)


def crude_odds(one: Counts, two: Counts) -> float:
    """The odds ratio with all strata thrown together, which differs where strata are unequally
    represented. Raises as :func:`common_odds` does."""
    return common_odds(*({"": _sum(counts)} for counts in (one, two)))


def _sum(counts: Counts) -> tuple[int, int]:
    return sum(hits for hits, _ in counts.values()), sum(steps for _, steps in counts.values())
