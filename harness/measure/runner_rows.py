"""Directions that are decoder rows of a sparse dictionary: the marker feature's, per replicate.

The feature is the one that marks the positive model against the negative one on the select split,
at the direction's hook and position class (``harness.readout.marker``): the same texts and the same
choice as in the stored feature counts, so that a reader can check it. The vector points to where
the feature is on; its natural length is the length of the row as it was trained.

Not covered: editing through the dictionary (``harness.measure.runner_feature_arms``).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from harness.claim.schema import Direction as Spec
from harness.claim.schema import Site
from harness.errors import ClaimsError
from harness.intervene.context import Direction
from harness.measure.artefacts import Workshop
from harness.measure.drawn import seed_of
from harness.measure.job import Job
from harness.readout.dictionary import Dictionary, load_dictionary, random_like
from harness.readout.features import count_features
from harness.readout.marker import marker, matched_rates
from harness.subject.backend import Model
from harness.subject.interface import Task, Texts
from harness.subject.patterned import patterned


def dictionaries_at(
    job: Job, workshop: Workshop, trained: str, standard: str, replicate: int, hook: str
) -> dict[str, Dictionary]:
    """The dictionaries of both roles at a hook, and an untrained one like the trained role's."""
    found = {
        name: load_dictionary(workshop.dictionary(role, replicate, hook).folder)
        for name, role in (("regulation", trained), ("standard", standard))
    }
    seed = job.seeds.seed("controls", "dictionary", hook, replicate)
    found["random"] = random_like(found["regulation"], seed)
    return found


def select_texts(job: Job, task: Task, replicate: int) -> dict[str, Texts]:
    """The select split's texts, by variant: what features are chosen on."""
    count, seed = job.claim.samples.select, seed_of(job, "texts", "select", replicate)
    return {v: task.texts("select", count, seed, v) for v in task.variants}


def seen_rates(
    pair: Mapping[str, Model],
    task: Task,
    texts: Mapping[str, Texts],
    dictionary: Dictionary,
    site: Site,
) -> pd.DataFrame:
    """Matched rates of a dictionary's features at a site; ``pair`` as ``count_features`` has it."""
    one = {"seen": dictionary}
    return matched_rates(count_features(pair, task, texts, one, site.hook, [site.positions]))


def decoder_row(
    job: Job,
    workshop: Workshop,
    spec: Spec,
    models: Mapping[tuple[str, int], Model],
    replicate: int,
) -> Direction:
    """The marker feature's decoder row, with the feature's number and its rates as provenance.

    ``replicate`` is the one whose models and dictionaries are looked at (the donor's). Raises
    :class:`ClaimsError` for a row of length zero, and what loading a dictionary raises.
    """
    site = job.claim.sites[spec.site]
    trained, standard = str(spec.positive), str(spec.negative)
    whose = str(spec.dictionary)
    dictionary = dictionaries_at(job, workshop, trained, standard, replicate, site.hook)[whose]
    pair = {"regulation": models[trained, replicate], "standard": models[standard, replicate]}
    task = patterned(workshop.builder.task, workshop.functions)
    texts = select_texts(job, task, replicate)
    seen = seen_rates(pair, task, texts, dictionary, site)
    feature = marker(seen)
    row = dictionary.w_dec[feature].float()
    size = float(row.norm())
    if not size > 0:
        raise ClaimsError(
            f"the decoder row of feature {feature} has length zero",
            where=f"direction {spec.name}, {site.hook}",
            fix="Train the dictionary longer, or use another",
        )
    return Direction(
        row / size,
        size,
        {
            "method": spec.method,
            "positive": trained,
            "negative": standard,
            "positive_model": pair["regulation"].name,
            "negative_model": pair["standard"].name,
            "mode": pair["regulation"].mode,
            "hook": site.hook,
            "positions": site.positions,
            "dictionary": whose,
            "feature": str(feature),
            "rate_positive": f"{float(seen['trained'].iloc[feature]):.6g}",
            "rate_negative": f"{float(seen['standard'].iloc[feature]):.6g}",
            "texts": ", ".join(f"{len(t.tokens)} {name}" for name, t in texts.items()),
            "norm_is": "length of the decoder row",
        },
    )
