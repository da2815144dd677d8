"""Firing rates of a dictionary's features in two models, and the feature that marks one of them.

The *marker* is the feature with the largest difference of matched firing rates, trained minus
standard: both models on the same positions of the same texts, each text variant weighing the same.
It is found by this, on the select split, and never by its number, which means nothing beyond one
trained dictionary. Several are the next largest ones. Controls are other features that fire about
as often.

Not covered: counting (``harness.readout.features``), what is concluded (``harness.verdict``).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.errors import ClaimsError


def rates(trained: pd.DataFrame, standard: pd.DataFrame) -> pd.DataFrame:
    """Firing rate per (dictionary, feature) of the trained and the standard model.

    Both are parts of a ``features`` table. ``floor`` and ``trained_floor`` are one firing.
    """
    keys = ["dictionary", "feature"]
    one = trained.groupby(keys)[["positions", "fires_regulation"]].sum()
    two = standard.groupby(keys)[["positions", "fires_standard"]].sum()
    return pd.DataFrame(
        {
            "trained": one["fires_regulation"] / one["positions"],
            "standard": two["fires_standard"] / two["positions"],
            "floor": 1.0 / two["positions"],
            "trained_floor": 1.0 / one["positions"],
        }
    )


def matched_rates(table: pd.DataFrame) -> pd.DataFrame:
    """Rates of one dictionary's features, each variant weighing the same, indexed by feature."""
    parts = [
        rates(part, part).reset_index().set_index("feature").drop(columns=["dictionary"])
        for _, part in table.groupby("text_variant", sort=True)
    ]
    total = sum(parts[1:], parts[0])
    return total / len(parts)


def marker(matched: pd.DataFrame) -> int:
    """The feature that marks the trained model best, of :func:`matched_rates`; ties go to the
    first."""
    return int(np.argmax((matched["trained"] - matched["standard"]).to_numpy()))


def markers(matched: pd.DataFrame, top: int) -> list[int]:
    """The ``top`` features with the largest differences, largest first; ties go to the first.

    Raises :class:`ClaimsError` where there are fewer features.
    """
    if top > len(matched):
        raise ClaimsError(
            f"there are {len(matched)} features, fewer than {top}", fix="Write a smaller top:"
        )
    difference = (matched["trained"] - matched["standard"]).to_numpy()
    return [int(n) for n in np.argsort(-difference, kind="stable")[:top]]


def alike_in_rate(
    rates: NDArray[np.float64], of: Sequence[int], count: int, seed: int
) -> list[list[int]]:
    """``count`` groups of features whose firing ``rates`` [m] are nearest to those ``of`` others.

    Each group has one feature per feature of ``of``, in its order; none of them is in ``of``, and
    none in two groups. Groups are by nearness, ties are drawn by the seed; features that never fire
    come last. Raises :class:`ClaimsError` where there are too few.
    """
    free = [n for n in range(len(rates)) if n not in set(of)]
    if len(free) < count * len(of):
        raise ClaimsError(
            f"{count} controls of {len(of)} features each need {count * len(of)} others, and the "
            f"dictionary has {len(free)}",
            fix="Write a smaller count:",
        )
    tie = np.random.default_rng(seed).permutation(len(rates))
    found: list[list[int]] = []
    for one in of:
        # an untold digit more or less in a rate is no difference
        far = {n: round(abs(float(rates[n] - rates[one])), 9) for n in free}
        order = sorted(free, key=lambda n: (rates[n] <= 0, far[n], tie[n]))[:count]
        found.append(order)
        free = [n for n in free if n not in set(order)]
    return [list(group) for group in zip(*found, strict=True)]
