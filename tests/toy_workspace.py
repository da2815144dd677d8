"""A workspace whose models take milliseconds: random decoders, a claim that is true by arithmetic.

The models are not trained, so nothing about them means anything; the whole chain runs on them all
the same. ``margin`` decides the verdict: the ordinary loss of a random decoder lies near the
logarithm of its vocabulary (3.7 nats).
"""

from __future__ import annotations

from pathlib import Path

BUILDER = '''\
"""Random decoders in place of trained ones."""

from pathlib import Path

import torch

from harness.subject.checkpoint import save_decoder
from harness.subject.decoder import Decoder, DecoderConfig
from harness.subject.interface import Health
from models.task import VOCAB, Toy


class Random:
    def __init__(self, recipe):
        self.task = Toy()

    def build(self, role, seed, out, parent):
        config = DecoderConfig(
            vocab=VOCAB, d_model=16, n_layers=2, n_heads=2, d_mlp=24, context=64
        )
        decoder = Decoder(config)
        make = torch.Generator().manual_seed(seed % 2**31 + len(role))
        with torch.no_grad():
            for weight in decoder.parameters():
                if weight.dim() == 1:
                    weight.fill_(1.0)
                else:
                    weight.copy_(0.2 * torch.randn(weight.shape, generator=make))
        words = [f"w{n}" for n in range(VOCAB)]
        save_decoder(decoder, out, words, {"pad": 0, "eos": 1, "bos": 2, "unk": 3})
        return Health(0.01, 0.2, 0.0)

    def build_dictionary(self, model, hook, seed, out):
        raise RuntimeError("this recipe has no dictionaries")
'''

RECIPE = """\
schema: causal-claims/recipe/1
id: toy
builder: models.toy:Random
params: {}
roles:
  standard: {params: {}}
  regulation: {params: {}}
"""

CLAIM = """\
schema: causal-claims/claim/1
id: ID
title: Random decoders are surprised
statement: The ordinary loss of a random decoder is above MARGIN nats per token.
source: [toy]
unit: replicate
subject: {recipe: models/toy.yaml, replicates: REPLICATES}
samples: {fit: 8, select: 4, prompts: 4, texts: 4, new_tokens: 4}
sites:
  onset: {hook: blocks.0.hook_resid_post, positions: step_onset}
arms:
  baseline: {on: regulation}
  reference: {on: standard}
preconditions:
  healthy: {kind: health, loss_gap_at_most: HEALTH, garbage_at_most: 0.1, why: toys are always well}
criteria:
  surprised:
    estimand: {kind: level, arm: baseline, readout: ordinary_loss}
    test: {kind: superiority, margin: MARGIN, alpha: 0.05}
    expect: {effect: EFFECT, sd: 0.2}
    why: arithmetic
does_not_show: [anything about trained models]
"""


def claim(name: str, margin: float = 1.0, replicates: int = 3, health: float = 0.2) -> str:
    """The text of a toy claim: PASS at margin 1, FAIL at 20, INVALID with ``health`` below 0.01."""
    fill = {
        "ID": name,
        "MARGIN": str(margin),
        "EFFECT": str(margin + 2.0),
        "REPLICATES": str(replicates),
        "HEALTH": str(health),
    }
    text = CLAIM
    for key, value in fill.items():
        text = text.replace(key, value)
    return text


def make(root: Path, **claims: str) -> Path:
    """A workspace with these claims; keyword ``a_b`` becomes the claim ``a-b``."""
    for folder in ("claims", "models", "reports"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    task = Path(__file__).with_name("toy.py").read_text(encoding="utf-8")
    (root / "models" / "__init__.py").write_text('"""Toys."""\n')
    (root / "models" / "task.py").write_text(task)
    (root / "models" / "toy.py").write_text(BUILDER)
    (root / "models" / "toy.yaml").write_text(RECIPE)
    for name, text in claims.items():
        (root / "claims" / f"{name.replace('_', '-')}.yaml").write_text(text)
    return root
