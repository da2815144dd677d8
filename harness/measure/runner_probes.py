"""Probes of one replicate: models as they are, read on the select and the final split's texts.

Not covered: what a probe computes (``harness.readout.probes``), what its numbers decide
(``harness.verdict.probes``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pandas as pd

from harness.claim.schema import Probe
from harness.measure.artefacts import Progress, Workshop
from harness.measure.drawn import seed_of
from harness.measure.job import Job
from harness.measure.needs import probe_models
from harness.readout.dictionary import Dictionary, load_dictionary, random_like
from harness.readout.probes.ablation import head_ablation
from harness.readout.probes.cofiring import co_firing
from harness.readout.probes.heads import head_match
from harness.readout.probes.lens import logit_lens
from harness.readout.probes.marker import marker_feature
from harness.readout.probes.records import Bench, Reading
from harness.subject.backend import Model
from harness.subject.interface import Texts

COLUMNS = ("probe", "model", "item", "quantity", "value", "text")
Run = Callable[[Bench, Probe], Iterator[Reading]]


def measure_probes(
    job: Job,
    replicate: int,
    workshop: Workshop,
    models: Mapping[tuple[str, int], Model],
    progress: Progress,
) -> pd.DataFrame:
    """The ``probes`` table of the final split; empty where the claim names none."""
    probes = job.claim.probes
    if not probes:
        return pd.DataFrame()
    select, final = (
        _texts(job, workshop, split, replicate) for split in ("select", job.final_split)
    )
    rows = []
    for probe in probes:
        progress.say(f"{job.claim.id}: replicate {replicate}, probe {probe.name}")
        n = job.claim.subject.replicates
        bench = Bench(
            {m.role: models[m.role, (replicate + m.donor) % n] for m in probe_models(probe)},
            workshop.builder.task,
            select,
            final,
            _dictionaries(job, replicate, workshop, probe),
            job.seeds.seed("probes", probe.name, replicate),
        )
        rows += [(probe.name, *_row(one)) for one in KINDS[probe.kind](bench, probe)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(one: Reading) -> tuple[str, str, str, float, str]:
    return one.model, one.item, one.quantity, one.value, one.text


def _texts(job: Job, workshop: Workshop, split: str, replicate: int) -> Mapping[str, Texts]:
    """All text variants of a split, as for features."""
    task, samples = workshop.builder.task, job.claim.samples
    count = samples.select if split == "select" else samples.texts
    seed = seed_of(job, "texts", split, replicate)
    return {v: task.texts(split, count, seed, v) for v in task.variants}


def _dictionaries(
    job: Job, replicate: int, workshop: Workshop, probe: Probe
) -> Callable[[str, str], Dictionary]:
    """Role (or ``random``) and hook -> the dictionary, built if it is not there."""

    def get(name: str, hook: str) -> Dictionary:
        role = str(probe.params["standard" if name == "standard" else "trained"])
        found = load_dictionary(workshop.dictionary(role, replicate, hook).folder)
        if name != "random":
            return found
        return random_like(found, job.seeds.seed("controls", "dictionary", hook, replicate))

    return get


def _given(function: Callable[..., Iterator[Reading]]) -> Run:
    """A probe's function with the claim's parameters; ``donor`` only says whose model it is."""

    def run(bench: Bench, probe: Probe) -> Iterator[Reading]:
        return function(bench, **{k: v for k, v in probe.params.items() if k != "donor"})

    return run


def _marker(bench: Bench, probe: Probe) -> Iterator[Reading]:
    params = {"elsewhere": (), **probe.params}
    return marker_feature(bench, **params)


KINDS: Mapping[str, Run] = {
    "logit-lens": _given(logit_lens),
    "marker": _marker,
    "co-firing": _given(co_firing),
    "head-match": _given(head_match),
    "head-ablation": _given(head_ablation),
}
