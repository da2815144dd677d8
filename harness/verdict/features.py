"""Feature counts across two models, pooled over text variants or matched by variant.

A dictionary's feature is a *marker* of model A against B if it fires on at least ``min_rate`` of
A's positions and at least ``ratio_at_least`` times as often as in B (B's rate is floored at one
firing per ``positions``, so that silence is not an infinite ratio). The asymmetry of a replicate is
(markers of the trained model + 1/2) / (markers of the standard model + 1/2), over the named
dictionaries together; with one dictionary of each model the count is symmetric in the models, so
that two models of one kind give 1 on average.

- matched: both models on the same positions of the same text variant; the ratio is formed within
  each variant, and the replicate's number is the geometric mean over variants.
- pooled: each model on the variant that it would itself write (trained: the last variant, standard:
  the first), so that the text differs together with the model. It is shown, and is never a test.

The marker feature is chosen on the select split (largest difference of matched firing rates in the
trained model's dictionary) and its ratio is measured on the judged split.

Not covered: matching features between dictionaries.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from harness.readout.marker import marker, matched_rates, rates
from harness.verdict.view import MissingNumber, View

Spec = Mapping[str, Any]
DICTIONARIES = {
    "union": ("regulation", "standard"),
    "regulation": ("regulation",),
    "standard": ("standard",),
    "random": ("random",),
}


def feature_asymmetry(view: View, spec: Spec) -> dict[int, float]:
    out = {}
    for r in view.replicates:
        table = _table(view, spec, r, view.final, spec.get("dictionaries", "union"))
        variants = tuple(dict.fromkeys(table["text_variant"]))
        if spec["matched"]:
            logs = []
            for variant in variants:
                part = table[table["text_variant"] == variant]
                logs.append(np.log(_asymmetry(rates(part, part), spec)))
            out[r] = float(np.exp(np.mean(logs)))
        else:
            own = rates(
                table[table["text_variant"] == variants[-1]],
                table[table["text_variant"] == variants[0]],
            )
            out[r] = _asymmetry(own, spec)
    return out


def marker_ratio(view: View, spec: Spec) -> dict[int, float]:
    out = {}
    for r in view.replicates:
        name = spec.get("dictionary", "regulation")
        seen = matched_rates(_table(view, spec, r, "select", name))
        final = matched_rates(_table(view, spec, r, view.final, name)).iloc[marker(seen)]
        out[r] = float(final["trained"] / max(final["standard"], final["floor"]))
    return out


def _table(view: View, spec: Spec, r: int, split: str, dictionaries: str) -> pd.DataFrame:
    table = view.features(r, split, str(spec["hook"]), str(spec["positions"]))
    if len(table):
        table = table[table["dictionary"].isin(DICTIONARIES[dictionaries])]
    if not len(table) or set(table["dictionary"]) != set(DICTIONARIES[dictionaries]):
        raise MissingNumber(
            f"no feature counts at {spec['hook']} for {dictionaries}, {split}, replicate {r}",
            where=view.claim.id,
            fix="Run the claim again",
        )
    return table


def _asymmetry(found: pd.DataFrame, spec: Spec) -> float:
    least, ratio = spec["min_rate"], spec["ratio_at_least"]
    a, b = found["trained"], found["standard"]
    trained = int(((a >= least) & (a >= ratio * np.maximum(b, found["floor"]))).sum())
    standard = int(((b >= least) & (b >= ratio * np.maximum(a, found["trained_floor"]))).sum())
    return (trained + 0.5) / (standard + 0.5)
