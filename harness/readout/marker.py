"""Firing rates of a dictionary's features in two models, and the feature that marks one of them.

The *marker* is the feature with the largest difference of matched firing rates, trained minus
standard: both models on the same positions of the same texts, each text variant weighing the same.
It is found by this, on the select split, and never by its number, which means nothing beyond one
trained dictionary.

Not covered: counting (``harness.readout.features``), what is concluded (``harness.verdict``).
"""

from __future__ import annotations

import numpy as np
import pandas as pd


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
