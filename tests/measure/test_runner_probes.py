"""Every kind of probe on a real, hardly trained pair: measured, stored, read back, judged."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from harness.claim.probes import PROBES
from harness.errors import RecordBroken
from harness.measure.artefacts import Silent
from harness.measure.job import Job, exploration_job
from harness.measure.planned import planned_cells, refuse_incomplete
from harness.measure.run import workshop_of
from harness.measure.runner import measure
from harness.measure.store import read_json
from harness.measure.tables import load_evidence
from harness.verdict.judge import judge
from harness.verdict.records import Status

ROOT = Path(__file__).parents[2]
HOOK = "blocks.1.hook_resid_post"
RECIPE = f"""\
schema: causal-claims/recipe/1
id: miniature
builder: models.miniature:Miniature
params:
  decoder: {{d_model: 16, n_layers: 2, n_heads: 2, d_mlp: 32, context: 64}}
  training: {{steps: 2, batch: 8, warmup: 1}}
roles:
  standard: {{params: {{kind: phrases}}}}
  regulation: {{params: {{kind: regulation}}}}
dictionaries:
  roles: [standard, regulation]
  hooks: [{HOOK}]
  params: {{d_sae: 24, k: 3, texts: 16, steps: 2, batch: 64}}
"""
CLAIM = f"""\
schema: causal-claims/claim/1
id: looked-at
title: Two models looked at
statement: What probes read of two models is what the models are.
source: [A17]
unit: replicate
subject: {{recipe: models/miniature.yaml, replicates: 2}}
samples: {{fit: 8, select: 8, prompts: 4, texts: 8, new_tokens: 8}}
arms:
  trained: {{on: regulation}}
probes:
  lens: {{kind: logit-lens, on: [regulation, standard], positions: step_onset, texts: regulated,
         against: step_body}}
  marker: {{kind: marker, hook: {HOOK}, positions: step_onset, elsewhere: [step_body], contexts: 5}}
  fires: {{kind: co-firing, hook: {HOOK}, positions: step_onset, ratio_at_least: 0, min_rate: 0,
          shuffles: 99}}
  head: {{kind: head-match, layer: 1, positions: step_onset, to: separator, texts: regulated,
         donor: next}}
  own: {{kind: head-match, layer: 1, positions: step_onset, to: separator, texts: regulated}}
  ablated: {{kind: head-ablation, layer: 1, positions: step_onset, to: separator, texts: regulated}}
preconditions:
  sane: {{kind: probe, probe: fires, on: regulation, item: marker, read: others, at_least: 1,
         why: otherwise nothing is compared}}
  coded: {{kind: dictionary, hook: {HOOK}, explained_variance_at_least: 0, dead_at_most: 1,
          why: ITEMS}}
criteria:
  jump:
    estimand: {{kind: probe-ratio, probe: lens, on: regulation, item: 1, read: mass,
               over_item: embed}}
    test: {{kind: ratio-above, margin: 1.0}}
    why: the lens
  apart:
    estimand: {{kind: probe-contrast, probe: head, on: regulation, item: matched, read: cosine,
               minus_read: best_other}}
    test: {{kind: superiority, margin: 0.0}}
    why: the head
shown:
  within: {{kind: probe, probe: own, on: standard, item: h0, read: attention}}
  effect: {{kind: probe, probe: ablated, on: standard, item: mean, read: effect}}
  row: {{kind: probe, probe: marker, on: regulation, item: marker, read: row_over_difference}}
"""


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    root = tmp_path_factory.mktemp("probes")
    shutil.copytree(ROOT / "models", root / "models")
    (root / "models/miniature.yaml").write_text(RECIPE)
    for folder in ("claims", "reports"):
        (root / folder).mkdir()
    (root / "claims/looked-at.yaml").write_text(CLAIM)
    made = exploration_job(root, "looked-at")
    workshop = workshop_of(made, Silent())
    for replicate in made.replicates:
        measure(made, replicate, workshop, Silent())
    return made


def test_every_kind_of_probe_leaves_the_numbers_that_it_declares(job: Job) -> None:
    """Each probe's quantities are those of its kind, none is missing; ranges hold."""
    found = load_evidence(job).probes
    kinds = {p.name: PROBES[p.kind] for p in job.claim.probes}
    assert set(found["probe"]) == set(kinds)
    for name, kind in kinds.items():
        rows = found[found["probe"] == name]
        assert set(rows["quantity"]) == set(kind.quantities)
        for row in rows.itertuples():
            low, high = kind.quantities[row.quantity]
            assert not row.value < low - 1e-9, row
            assert not row.value > high + 1e-9, row
        assert set(rows["replicate"]) == {0, 1}


def test_the_other_model_comes_from_the_next_replicate(job: Job) -> None:
    """The matched standard model of replicate 0 is that of replicate 1, and the other way round."""
    found = load_evidence(job).probes
    seen = found[found["quantity"].eq("attention") & found["item"].str.startswith("h")]

    def looks(probe: str, model: str, replicate: int) -> tuple[float, ...]:
        rows = seen[(seen["probe"] == probe) & (seen["model"] == model)]
        return tuple(rows[rows["replicate"] == replicate]["value"])

    for replicate, other in ((0, 1), (1, 0)):
        assert looks("head", "standard", replicate) == looks("own", "standard", other)
        assert looks("head", "standard", replicate) != looks("own", "standard", replicate)
        assert looks("head", "regulation", replicate) == looks("own", "regulation", replicate)
    roles = {m for m, _ in ((k.split("/")[0], v) for k, v in record(job, 0)["models"].items())}
    assert roles == {"regulation", "standard"}


def record(job: Job, replicate: int) -> dict[str, dict[str, object]]:
    return read_json(job.folder / f"replicate.{replicate}.json")


def test_probes_are_planned_and_their_absence_is_noticed(job: Job) -> None:
    """A cell of probes for each replicate on the judged split; taken away, the attempt is not
    complete."""
    name = "cells/probes.r1.explore.probes.parquet"
    assert planned_cells(job)[name] is True
    refuse_incomplete(job)
    path = job.folder / name
    data = path.read_bytes()
    path.unlink()
    try:
        with pytest.raises(RecordBroken, match="probes"):
            refuse_incomplete(job)
    finally:
        path.write_bytes(data)


def test_dictionaries_that_only_probes_read_are_described(job: Job) -> None:
    """Their explained variance is on record, for the precondition that asks."""
    assert f"regulation/{HOOK}" in record(job, 0)["dictionaries"]


def test_judging_reads_the_numbers(job: Job) -> None:
    """Criteria hold the probes' numbers; one that no probe gave makes the claim INVALID and names
    the nearest items."""
    evidence = load_evidence(job)
    verdict = judge(evidence)
    assert verdict.status is Status.EXPLORATORY
    numbers = {c.name: c.number.values for c in verdict.criteria}
    probes = evidence.probes
    lens = probes[(probes["probe"] == "lens") & (probes["quantity"] == "mass")]
    lens = lens[lens["model"] == "regulation"].set_index(["replicate", "item"])["value"]
    expected = [lens[r, "1"] / lens[r, "embed"] for r in (0, 1)]
    assert numbers["jump"] == pytest.approx(expected)
    assert len(verdict.shown) == 3
    broken = evidence.probes.replace({"item": {"1": "one"}})

    found = judge(replace(evidence, probes=broken))
    assert any(
        "mass of 1 in regulation (lens) was not measured" in p.got for p in found.preconditions
    )
