"""The handmade workspace with dictionaries whose marker feature is known, and claims on its models.

The builder's dictionary has one row along the behaviour (a twentieth long, or as long as asked),
at a place that the seed draws; the other rows are the other basis vectors. So the marker is known
and its number is not.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from harness.measure.artefacts import Silent
from harness.measure.job import Job, exploration_job
from harness.measure.run import workshop_of
from harness.measure.runner import measure
from harness.measure.store import read_json

HANDMADE = Path(__file__).parents[1] / "known_truth" / "handmade"
HOOK = "blocks.2.hook_resid_post"
LENGTH = 0.05
BUILDER = '''\
"""The handmade builder, with dictionaries."""

import numpy as np
import torch

from harness.subject.checkpoint import load_decoder
from models.handmade import E_B, Handmade


class Rows(Handmade):
    def build_dictionary(self, model, hook, seed, out):
        from safetensors.torch import save
        import json

        trained = float(load_decoder(model).embed[:, E_B].abs().sum()) > 0
        d, m = 32, 40
        order = torch.from_numpy(np.random.default_rng(seed).permutation(m))
        rows = torch.zeros(m, d)
        rows[order[:d]] = torch.eye(d)
        encoder = rows.T.clone()
        rows[order[E_B]] *= LENGTH
        bias = torch.full((m,), -0.5)
        config = {"architecture": "topk", "k": 4, "d_in": d, "d_sae": m, "dtype": "float32",
                  "apply_b_dec_to_input": True, "normalize_activations": "none",
                  "reshape_activations": "none", "rescale_acts_by_decoder_norm": False,
                  "metadata": {"trained": trained}}
        weights = {"W_enc": encoder, "W_dec": rows, "b_enc": bias, "b_dec": torch.zeros(d)}
        data = save({k: v.float().contiguous() for k, v in weights.items()})
        (out / "sae_weights.safetensors").write_bytes(data)
        (out / "cfg.json").write_text(json.dumps(config))
'''.replace("LENGTH", str(LENGTH))
RECIPE = f"""\
schema: causal-claims/recipe/1
id: rows
builder: models.rows:Rows
params: {{early: [1.0], strength: 3.8}}
roles:
  standard: {{}}
  regulation: {{}}
dictionaries:
  roles: [standard, regulation]
  hooks: [{HOOK}]
  params: {{}}
"""
CLAIM = f"""\
schema: causal-claims/claim/1
id: rows
title: Along the marker's row
statement: What is said in a test.
source: [A16]
unit: replicate
subject: {{recipe: models/rows.yaml, replicates: 3}}
samples: {{fit: 16, select: 12, prompts: 12, texts: 12, new_tokens: 12}}
sites:
  onset: {{hook: {HOOK}, positions: step_onset}}
directions:
DIRECTIONS
arms:
  baseline: {{on: regulation}}
  reference: {{on: standard}}
ARMS
preconditions:
  healthy: {{kind: health, loss_gap_at_most: 0.1, garbage_at_most: 0.1, why: as written}}
MORE
criteria:
  present:
    estimand: {{kind: contrast, arm: baseline, minus: reference, readout: rate}}
    test: {{kind: superiority, margin: 0.1, alpha: 0.05}}
    why: there is something to remove
shown:
SHOWN
"""


def indented(lines: str) -> str:
    return "\n".join(f"  {line}" for line in lines.strip().splitlines())


def text(directions: str, arms: str, shown: str = "", more: str = "") -> str:
    """A claim with these entries; ``more`` are preconditions."""
    out = CLAIM.replace("DIRECTIONS", indented(directions)).replace("ARMS", indented(arms))
    out = out.replace("MORE\n", indented(more) + "\n" if more else "")
    return (
        out.replace("SHOWN\n", indented(shown) + "\n")
        if shown
        else out.replace("shown:\nSHOWN\n", "")
    )


def workspace(root: Path, claim: str, builder: str = BUILDER) -> Path:
    """A workspace with the claim ``rows``, beside the handmade ones."""
    if not root.exists():
        shutil.copytree(HANDMADE, root, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "models/rows.py").write_text(builder)
    (root / "models/rows.yaml").write_text(RECIPE)
    (root / "claims/rows.yaml").write_text(claim)
    return root


def explored(root: Path, claim: str, replicates: int = 1, builder: str = BUILDER) -> Job:
    """Explore the claim in ``root``; the job, with ``replicates`` measured."""
    job = exploration_job(workspace(root, claim, builder), "rows", replicates=replicates)
    shop = workshop_of(job, Silent())
    for replicate in range(replicates):
        measure(job, replicate, shop, Silent())
    return job


def record(job: Job, replicate: int = 0) -> dict[str, object]:
    return read_json(job.folder / f"replicate.{replicate}.json")
