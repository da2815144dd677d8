"""Measuring one replicate of a claim: models, directions, judged dose, cells, record.

In this order: build the models; fit directions on the fit split; run the select split and choose
the judged dose; run the confirm split; compare an attempt with its lock once more. Cells are
written when all are measured, the replicate's record last, so that a kill at any instant leaves
either a measured replicate or none; models stay cached either way.

This is where torch enters; import it lazily. Not covered: who measures which replicate
(``harness.measure.run``), judging (``harness.verdict``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from harness.claim.schema import Arm
from harness.measure.artefacts import Built, Progress, Workshop
from harness.measure.dose import Chosen, choose
from harness.measure.drawn import seed_of
from harness.measure.job import Job, recheck
from harness.measure.needs import dictionary_hooks, models_needed, select_arms
from harness.measure.ready import check_model
from harness.measure.runner_cells import Sample, batches, run_generate, run_score
from harness.measure.runner_features import (
    dictionaries_described,
    measure_family,
    measure_features,
)
from harness.measure.runner_fit import Fitting
from harness.measure.runner_probes import measure_probes
from harness.measure.store import CellName, write_cell, write_record
from harness.measure.tables import summarise
from harness.subject.backend import Model, load_model
from harness.subject.interface import Task
from harness.subject.patterned import marked_texts, patterned


@dataclass(frozen=True)
class Measured:
    """Tables of one split, both modes, with an ``arm`` column."""

    split: str
    generate: pd.DataFrame
    score: pd.DataFrame

    def summary(self, replicate: int) -> pd.DataFrame:
        keyed = (
            df.assign(replicate=replicate, split=self.split) for df in (self.generate, self.score)
        )
        return summarise(*keyed)


def measure(job: Job, replicate: int, workshop: Workshop, progress: Progress) -> None:
    """Measure one replicate and write it. The caller holds the replicate's lock."""
    torch.set_num_threads(1)  # two threads in one process can be eight times slower than one
    claim, task = job.claim, patterned(workshop.builder.task, workshop.functions)
    needed = models_needed(claim, job.recipe, replicate)
    built: dict[tuple[str, int], Built] = {}
    models: dict[tuple[str, int], Model] = {}
    known = workshop.cached(needed[0][0], 0) if needed else None
    if known is not None:
        check_model(job, task, _loaded(job, known), replicate)
    for key in needed:
        built[key] = workshop.model(*key)
        models[key] = _loaded(job, built[key].folder)
        if known is None and len(models) == 1:  # before the others are trained
            check_model(job, task, models[key], replicate)
    fitting = Fitting(job, replicate, task, models, _fit_texts(job, task, replicate), workshop)
    arms = [a for a in claim.arms if (a.on, replicate) in models]

    progress.say(f"{claim.id}: replicate {replicate}, select split")
    selected = _run(job, fitting, select_arms(claim, arms), "select", None)
    chosen: Chosen | None = None
    if claim.dose_rule is not None:
        chosen = choose(claim.dose_rule, selected.summary(replicate))
    judged = None if chosen is None else chosen.judged

    progress.say(f"{claim.id}: replicate {replicate}, {job.final_split} split")
    confirmed = _run(job, fitting, arms, job.final_split, judged)
    features, quality = measure_features(
        job, replicate, workshop, models, dictionary_hooks(claim), progress
    )
    probed = measure_probes(job, replicate, workshop, models, progress)
    hooks = dictionaries_described(job)
    quality = measure_family(job, replicate, workshop, models, quality, hooks, progress)
    watch = workshop.watch
    watch.refuse(watch.found)
    with watch.pause():
        recheck(job)
    for part in (selected, confirmed):
        _write(job, replicate, part)
    if len(features):
        for split, table in features.groupby("split", sort=True):
            name = CellName("features", replicate, str(split), "features")
            write_cell(job.folder, name, table.drop(columns=["split"]))
    if len(probed):
        write_cell(job.folder, CellName("probes", replicate, job.final_split, "probes"), probed)
    record = _record(job, replicate, built, fitting, chosen, quality)
    if replicate == 0 and (marked := _marked(job, task, replicate)):
        record["positions"] = marked
    if replicate == 0:
        record["classes"] = _classes(job, task, replicate)
    if watch.found:
        record["read_besides"] = sorted(watch.found)
    write_record(job.folder, replicate, record)


def _loaded(job: Job, folder: Path) -> Model:
    return load_model(folder, job.claim.subject.backend, job.claim.subject.dtype)


def _fit_texts(job: Job, task: Task, replicate: int) -> Mapping[str, Any]:
    seed = job.seeds.seed("texts", "fit", replicate)
    return {v: task.texts("fit", job.claim.samples.fit, seed, v) for v in task.variants}


def _marked(job: Job, task: Task, replicate: int) -> dict[str, list[str]]:
    """Site of an intervening arm -> the first judged texts with its positions marked."""
    sites = dict.fromkeys(str(a.site) for a in job.claim.arms if a.operation is not None)
    if not sites:
        return {}
    texts = _sample(job, task, job.final_split, replicate).texts
    where = {site: job.claim.sites[site].positions for site in sites}
    return {s: marked_texts(task, texts.tokens, texts.lengths, p) for s, p in where.items()}


def _classes(job: Job, task: Task, replicate: int) -> dict[str, str]:
    """Position class of the task -> the first judged text that has it, its positions marked."""
    texts = _sample(job, task, job.final_split, replicate).texts
    found = {c: marked_texts(task, texts.tokens, texts.lengths, c) for c in task.position_classes}
    return {name: marked[0] for name, marked in found.items() if marked}


def _sample(job: Job, task: Task, split: str, replicate: int) -> Sample:
    """The split's prompts and texts, as the claim has them drawn."""
    samples = job.claim.samples
    count = samples.select if split == "select" else samples.prompts
    texts = samples.select if split == "select" else samples.texts
    text_seed = seed_of(job, "texts", split, replicate)
    return Sample(
        split=split,
        prompts=task.prompts(split, count, seed_of(job, "prompts", split, replicate)),
        texts=task.texts(split, texts, text_seed, task.variants[0]),
        generation_seed=seed_of(job, "generation", split, replicate),
        new_tokens=samples.new_tokens,
    )


def _run(
    job: Job, fitting: Fitting, arms: Sequence[Arm], split: str, judged: float | None
) -> Measured:
    if not arms:
        return Measured(split, pd.DataFrame(), pd.DataFrame())
    sample = _sample(job, fitting.task, split, fitting.replicate)
    generated, scored = [], []
    for batch in batches(fitting, arms, judged):
        generated.append(run_generate(fitting, batch, sample))
        scored.append(run_score(fitting, batch, sample))
    return Measured(split, pd.concat(generated), pd.concat(scored))


def _write(job: Job, replicate: int, part: Measured) -> None:
    for mode, table in (("generate", part.generate), ("score", part.score)):
        if not len(table):
            continue
        for arm, rows in table.groupby("arm", sort=True):
            name = CellName(str(arm), replicate, part.split, mode)
            write_cell(job.folder, name, rows.drop(columns=["arm"]))


def _record(
    job: Job,
    replicate: int,
    built: Mapping[tuple[str, int], Built],
    fitting: Fitting,
    chosen: Chosen | None,
    quality: Mapping[str, Any],
) -> dict[str, Any]:
    own = {role: one for (role, r), one in built.items() if r == replicate}
    return {
        "schema": "causal-claims/replicate/1",
        "replicate": replicate,
        "seeds": {"train": str(job.seeds.seed("train", job.recipe.id, replicate))},
        "health": {role: dict(one.health) for role, one in own.items()},
        "models": {role: {"key": one.digest, "content": one.content} for role, one in own.items()},
        "split_half": fitting.cosines,
        "direction_norm": fitting.norms,
        "direction_length": fitting.lengths,
        **({"row_space": fitting.shares} if fitting.shares else {}),
        **({"heads": fitting.heads} if fitting.heads else {}),
        **({"planned": fitting.planned} if fitting.planned else {}),
        **({"features": fitting.features} if fitting.features else {}),
        "resid_norm": {f"{on}@{site}": v for (on, site), v in fitting.scales.items()},
        "dose": {"judged": None, "table": []} if chosen is None else chosen.as_json(),
        "dictionaries": dict(quality),
    }
