"""Arms on features of a sparse dictionary: which features, how large, and the edit of them.

Features are chosen on the select split: the ``top`` largest differences of firing rates at the
arm's site between the positive and the negative model, on the same positions of the same texts,
each text variant weighing the same (``harness.readout.marker``). The *scale* of a feature is its
median activation where it fires in the positive model, at the site, on the select split's texts of
all variants together; 0 where it never does.

| operation | f' of a chosen feature, at a dose above 0 |
|---|---|
| ablate-feature | (1 - dose) f |
| clamp-feature | dose * scale, also where it did not fire |
| steer-feature, unit own | f + dose * scale |
| steer-feature, unit residual | the same vector, dose median residual norms long |

A feature of scale 0 is not clamped and not steered: there is nothing to set it to. What was chosen,
with rates and scales, is kept in the replicate's record.

Not covered: judging an arm that changed nothing (``harness.verdict.view``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor

from harness.claim.feature_arms import ABLATE, CLAMP, MATCHED_RATE, Features
from harness.claim.schema import Arm, Site
from harness.claim.terms import UNITS
from harness.errors import ClaimsError
from harness.intervene.gather import gather
from harness.measure.runner_dose import own
from harness.measure.runner_fit import Fitting
from harness.measure.runner_rows import dictionaries_at, seen_rates, select_texts
from harness.readout.dictionary import Dictionary, load_dictionary
from harness.readout.feature_edit import FeatureEdit
from harness.readout.marker import alike_in_rate, markers
from harness.subject.backend import width

Labels = list[tuple[str, float]]
"""(variant, dose); an arm with features of its own has one variant, without a name."""


@dataclass(frozen=True)
class Chosen:
    """Features of one dictionary at one site: ``rates`` has the columns trained, standard, host."""

    dictionary: Dictionary
    rates: pd.DataFrame
    active: Tensor  # [N, m], in the positive model

    def scale(self, feature: int) -> float:
        """Median activation where it fires in the positive model; 0 where it never does."""
        fires = self.active[:, feature]
        fires = fires[fires > 0]
        return float(fires.median()) if len(fires) else 0.0


def feature_edit(
    fitting: Fitting, arm: Arm, doses: tuple[float, ...]
) -> tuple[FeatureEdit, Labels]:
    """The arm's conditions, variant-major, and their labels.

    Raises :class:`ClaimsError` for a dictionary that is not as wide as the site, and for too few
    features.
    """
    like = arm if arm.like is None else fitting.claim.arm(arm.like)
    assert like.features is not None
    site = fitting.claim.sites[str(like.site)]
    chosen = _chosen(fitting, arm, like.features, site)
    marked = markers(chosen.rates, like.features.top)
    groups = {"": marked}
    if arm.control == MATCHED_RATE:
        seed = fitting.job.seeds.seed("controls", MATCHED_RATE, fitting.replicate)
        rates = chosen.rates["host" if arm.operation == ABLATE else "trained"].to_numpy()
        drawn = alike_in_rate(rates, marked, arm.count, seed)
        groups = {f"r{n:02d}": group for n, group in enumerate(drawn)}
    scales = {f: chosen.scale(f) for group in groups.values() for f in group}
    fitting.features[arm.name] = _kept(fitting, like.features, site, chosen, groups, scales)
    labels = [(variant, dose) for variant in groups for dose in doses]
    keep, add = [], []
    for variant, group in groups.items():
        size = [scales[f] for f in group]
        times = _times(fitting, arm, variant, chosen.dictionary, group, size, doses)
        for dose, many in zip(doses, times, strict=True):
            kept, added = _change(str(arm.operation), dose, many, size)
            keep.append(kept)
            add.append(added)
    each = [groups[variant] for variant, _ in labels]
    hook, positions = site.hook, site.positions
    return FeatureEdit.make(hook, positions, chosen.dictionary, each, keep, add), labels


def _change(
    name: str, dose: float, times: float, scales: Sequence[float]
) -> tuple[list[float], list[float]]:
    """What is kept of each feature's activation, and what is added; dose 0 is no edit."""
    if name == ABLATE:
        return [1 - dose] * len(scales), [0.0] * len(scales)
    if name == CLAMP:
        return [0.0 if dose and one else 1.0 for one in scales], [dose * one for one in scales]
    return [1.0] * len(scales), [times * one for one in scales]


def _times(
    fitting: Fitting,
    arm: Arm,
    variant: str,
    dictionary: Dictionary,
    group: Sequence[int],
    scales: Sequence[float],
    doses: Sequence[float],
) -> list[float]:
    """How many times their scales steering adds at each dose; the record has the residual doses of
    doses in another unit."""
    vector = sum(s * dictionary.w_dec[f].float() for f, s in zip(group, scales, strict=True))
    assert not isinstance(vector, int)
    length, norm = float(vector.norm()), fitting.scale(arm)
    if arm.unit == UNITS[0]:
        return [dose * norm / length if length else 0.0 for dose in doses]
    fitting.planned.setdefault(arm.name, {}).update(own(doses, {variant: length}, norm))
    return list(doses)


def _chosen(fitting: Fitting, arm: Arm, features: Features, site: Site) -> Chosen:
    key = ("features", arm.on, features.source, site)
    if key not in fitting.memory:
        dictionary = _dictionary(fitting, features, site)
        r = fitting.replicate
        texts = select_texts(fitting.job, fitting.task, r)
        models = [fitting.models[role, r] for role in (features.positive, features.negative)]
        size = width(models[0], site.hook)
        if dictionary.d_model != size:
            raise ClaimsError(
                f"the dictionary is {dictionary.d_model} wide, and {site.hook} is {size}",
                where=f"arms.{arm.name}.features",
                fix="Use a dictionary that was trained at this site",
            )
        pair = dict(zip(("regulation", "standard"), models, strict=True))
        rates = seen_rates(pair, fitting.task, texts, dictionary, site)
        named = {features.positive: "trained", features.negative: "standard"}
        if arm.on in named:
            rates = rates.assign(host=rates[named[arm.on]])
        else:
            alone = dict.fromkeys(pair, fitting.host(arm))
            host = seen_rates(alone, fitting.task, texts, dictionary, site)
            rates = rates.assign(host=host["trained"])
        seen = gather(models[0], fitting.task, texts, site.hook, site.positions)
        fitting.memory[key] = Chosen(dictionary, rates, dictionary.encode(seen.x))
    found: Chosen = fitting.memory[key]
    return found


def _dictionary(fitting: Fitting, features: Features, site: Site) -> Dictionary:
    """One object per dictionary, so that arms through it share a batch."""
    key = ("dictionary", features.source, site.hook)
    if key not in fitting.memory:
        if features.folder is not None:
            fitting.memory[key] = load_dictionary(fitting.job.root / features.folder)
        else:
            assert fitting.workshop is not None
            sides = (features.positive, features.negative)
            every = dictionaries_at(
                fitting.job, fitting.workshop, *sides, fitting.replicate, site.hook
            )
            fitting.memory[key] = every[str(features.dictionary)]
    found: Dictionary = fitting.memory[key]
    return found


def _kept(
    fitting: Fitting,
    features: Features,
    site: Site,
    chosen: Chosen,
    groups: dict[str, list[int]],
    scales: dict[int, float],
) -> dict[str, Any]:
    """What the replicate's record says of an arm's features."""

    def about(feature: int) -> dict[str, float]:
        row = chosen.rates.iloc[feature]
        return {
            "feature": feature,
            "rate_positive": float(row["trained"]),
            "rate_negative": float(row["standard"]),
            "rate_host": float(row["host"]),
            "scale": scales[feature],
            "row_norm": float(np.float32(chosen.dictionary.w_dec[feature].norm())),
        }

    return {
        "dictionary": features.folder or str(features.dictionary),
        "architecture": chosen.dictionary.architecture,
        "positive": features.positive,
        "negative": features.negative,
        "hook": site.hook,
        "positions": site.positions,
        "variants": {name: [about(f) for f in group] for name, group in groups.items()},
    }
