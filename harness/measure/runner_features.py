"""Feature counts of one replicate: dictionaries of both models, and a random untrained control.

Select and final split are counted on all text variants; quality is measured on the final split, at
all positions of all texts. Not covered: what the counts mean
(``harness.verdict.features``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from harness.measure.artefacts import Progress, Workshop
from harness.measure.drawn import seed_of
from harness.measure.job import REPRODUCTION, Job
from harness.measure.needs import (
    dictionary_hooks,
    feature_positions,
    feature_roles,
    probe_hooks,
)
from harness.measure.runner_rows import dictionaries_at
from harness.readout.dictionary import load_dictionary, quality, random_like
from harness.readout.features import count_features
from harness.subject.backend import Model
from harness.subject.interface import Texts
from harness.subject.patterned import patterned


def measure_features(
    job: Job,
    replicate: int,
    workshop: Workshop,
    models: Mapping[tuple[str, int], Model],
    hooks: Sequence[str],
    progress: Progress,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The ``features`` table with a ``split`` column, and quality per ``role/hook``."""
    if not hooks:
        return pd.DataFrame(), {}
    trained, standard = feature_roles(job.claim)
    pair = {"regulation": models[trained, replicate], "standard": models[standard, replicate]}
    classes = feature_positions(job.claim)
    task = patterned(workshop.builder.task, workshop.functions)
    samples = job.claim.samples
    tables, found = [], {}
    for hook in hooks:
        progress.say(f"{job.claim.id}: replicate {replicate}, features at {hook}")
        dictionaries = dictionaries_at(job, workshop, trained, standard, replicate, hook)
        for split in ("select", job.final_split):
            count = samples.select if split == "select" else samples.texts
            seed = seed_of(job, "texts", split, replicate)
            texts = {v: task.texts(split, count, seed, v) for v in task.variants}
            table = count_features(pair, task, texts, dictionaries, hook, classes)
            tables.append(table.assign(split=split))
            if split == "select":
                continue
            for name, dictionary in dictionaries.items():
                model = pair["standard" if name == "standard" else "regulation"]
                x = _everywhere(model, texts, hook)
                found[f"{name}/{hook}"] = dict(quality(dictionary, x))
    return pd.concat(tables, ignore_index=True), found


def dictionaries_described(job: Job) -> tuple[str, ...]:
    """Hooks whose dictionaries are described: all of the recipe's where the claim reads any; in a
    reproduction, which compares verdicts, those that a rule reads."""
    read = (*dictionary_hooks(job.claim), *probe_hooks(job.claim))
    spec = job.recipe.dictionaries
    if job.kind == REPRODUCTION:
        return probe_hooks(job.claim)
    return spec.hooks if spec is not None and read else ()


def measure_family(
    job: Job,
    replicate: int,
    workshop: Workshop,
    models: Mapping[tuple[str, int], Model],
    known: Mapping[str, Any],
    hooks: Sequence[str],
    progress: Progress,
) -> dict[str, Any]:
    """Quality of every dictionary that the recipe lists at ``hooks``, built if it is not there, and
    of a random one of the same shape at each hook; keys as in ``known``, which is taken over.

    Roles that were not built here are left out.
    """
    found, spec = dict(known), job.recipe.dictionaries
    if spec is None:
        return found
    task, samples = workshop.builder.task, job.claim.samples
    seed = seed_of(job, "texts", job.final_split, replicate)
    texts = {v: task.texts(job.final_split, samples.texts, seed, v) for v in task.variants}
    for hook in hooks:
        random = None
        for role in spec.roles:
            if (role, replicate) not in models or f"{role}/{hook}" in found:
                continue
            progress.say(f"{job.claim.id}: replicate {replicate}, dictionary of {role} at {hook}")
            dictionary = load_dictionary(workshop.dictionary(role, replicate, hook).folder)
            x = _everywhere(models[role, replicate], texts, hook)
            found[f"{role}/{hook}"] = dict(quality(dictionary, x))
            drawn = job.seeds.seed("controls", "dictionary", hook, replicate)
            random = random or (random_like(dictionary, drawn), x)
        if random is not None and f"random/{hook}" not in found:
            found[f"random/{hook}"] = dict(quality(*random))
    return found


def _everywhere(model: Model, texts: Mapping[str, Texts], hook: str) -> Tensor:
    """Activations [N, d] at every position of every text."""
    parts = []
    for part in texts.values():
        valid = torch.arange(part.tokens.shape[1]) < part.lengths[:, None]
        parts.append(model.activations(part.tokens, hook)[valid].float())
    return torch.cat(parts)
