"""Dictionaries of a real, hardly trained pair: which are built, and what is said of them."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from harness.measure.artefacts import Silent
from harness.measure.job import REPRODUCTION, Job, exploration_job
from harness.measure.run import workshop_of
from harness.measure.runner import measure
from harness.measure.store import read_json

ROOT = Path(__file__).parents[2]
READ, OTHER = "blocks.0.hook_resid_post", "blocks.1.hook_resid_post"
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
  hooks: [{READ}, {OTHER}]
  params: {{d_sae: 24, k: 3, texts: 16, steps: 2, batch: 64}}
"""
CLAIM = "asymmetry-survives-variant-matching"


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """The published claim, small, of which one hook is read and two have dictionaries."""
    shutil.copytree(ROOT / "models", tmp_path / "models")
    (tmp_path / "models/miniature.yaml").write_text(RECIPE)
    (tmp_path / "claims").mkdir()
    (tmp_path / "reports").mkdir()
    text = (ROOT / f"claims/{CLAIM}.yaml").read_text().replace("blocks.2.hook_resid_post", READ)
    sizes = "samples: {fit: 8, select: 4, prompts: 4, texts: 4, new_tokens: 4}"
    text = "".join(
        sizes + "\n" if line.startswith("samples:") else line for line in text.splitlines(True)
    )
    (tmp_path / f"claims/{CLAIM}.yaml").write_text(text)
    return exploration_job(tmp_path, CLAIM, replicates=1)


def run(job: Job) -> tuple[set[str], int]:
    """Quality said of which dictionaries, and how many were built."""
    measure(job, 0, workshop_of(job, Silent()), Silent())
    record = read_json(job.folder / "replicate.0.json")
    built = list((job.root / ".cache").glob("*/*/sae_weights.safetensors"))
    return set(record["dictionaries"]), len(built)


def test_an_attempt_has_the_dictionaries_that_the_recipe_lists(job: Job) -> None:
    """Of both hooks, with a random one beside each; the numbers are finite JSON."""
    said, built = run(job)
    assert said == {
        f"{who}/{h}" for who in ("standard", "regulation", "random") for h in (READ, OTHER)
    }
    assert built == 4
    for row in read_json(job.folder / "replicate.0.json")["dictionaries"].values():
        assert set(row) >= {"explained_variance", "dead_fraction"}
        json.dumps(row, allow_nan=False)


def test_a_reproduction_has_those_that_are_read(job: Job) -> None:
    """It compares verdicts, and nobody waits for what no rule reads."""
    said, built = run(replace(job, kind=REPRODUCTION, attempt=REPRODUCTION))
    assert said == {f"{who}/{READ}" for who in ("standard", "regulation", "random")}
    assert built == 2
