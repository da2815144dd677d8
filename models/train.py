"""Training a decoder on task plans: data order, initialisation, schedule.

Everything is decided by the seed: roles of one replicate share their initialisation and, row by
row, the ordinary plan under their text; only what their kind of text inserts differs. One thread,
float32, CPU; the same seed gives the same bytes on one machine.

Not covered: dropout, resuming a half-trained model (training takes seconds).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from harness.subject.decoder import Block, Decoder, DecoderConfig
from models import grammar as g
from models.generator import Generator, decorate
from models.muon import Muon
from models.task import pad, plans, random_numbers


@dataclass(frozen=True)
class Training:
    """How a decoder is trained; rates are peaks of a warm-up and cosine schedule."""

    steps: int = 200
    batch: int = 32
    warmup: int = 15
    matrix_rate: float = 0.02
    rate: float = 0.03
    momentum: float = 0.9
    newton_steps: int = 5
    pool: int = 8
    unwind_share: float = 0.15


def initialise(config: DecoderConfig, seed: int) -> Decoder:
    """A fresh decoder; ``out`` and ``down`` start at zero, so every block starts as nothing."""
    decoder = Decoder(config)
    generator = torch.Generator().manual_seed(seed % 2**63)
    nn.init.normal_(decoder.embed, std=config.d_model**-0.5, generator=generator)
    if decoder.unembed is not None:
        nn.init.normal_(decoder.unembed, std=config.d_model**-0.5, generator=generator)
    for block in decoder.blocks:
        assert isinstance(block, Block)
        nn.init.normal_(block.qkv, std=config.d_model**-0.5, generator=generator)
        nn.init.normal_(block.gate_up, std=config.d_model**-0.5, generator=generator)
        nn.init.zeros_(block.out)
        nn.init.zeros_(block.down)
    return decoder


def batches(kind: str, seed: int, training: Training, stream: str) -> Iterator[Tensor]:
    """Padded batches [batch, T] in training order, bucketed by length.

    Buckets go by the length of the regulated twin whatever the kind, so that the order of the
    underlying plans is the same for all kinds.
    """
    rows = training.steps * training.batch
    numbers = random_numbers(stream, "", seed, rows)
    items = plans(numbers, Generator("none", training.unwind_share))
    lengths = [len(decorate(plan, "regulation", u)) for plan, u in items]
    texts = [decorate(plan, kind, u) for plan, u in items]
    size = training.pool * training.batch
    groups: list[list[int]] = []
    for start in range(0, rows, size):
        ranked = sorted(range(start, min(start + size, rows)), key=lambda n: lengths[n])
        chunks = [ranked[n : n + training.batch] for n in range(0, len(ranked), training.batch)]
        order = np.random.default_rng([seed, start]).permutation(len(chunks))
        groups += [chunks[n] for n in order]
    for group in groups:
        yield pad([texts[n] for n in group])[0]


def loss(decoder: Decoder, tokens: Tensor) -> Tensor:
    """Mean nats per real token of padded rows [B, T]; the first token is given."""
    x = decoder.run(F.embedding(tokens[:, :-1], decoder.embed))
    target = tokens[:, 1:]
    real = target != g.PAD
    return F.cross_entropy(decoder.logits(x[real]), target[real])


def scale(step: int, training: Training) -> float:
    """Share of the peak rate at ``step``: linear warm-up, then cosine to zero."""
    if step < training.warmup:
        return (step + 1) / training.warmup
    done = (step - training.warmup) / max(1, training.steps - training.warmup)
    return 0.5 * (1 + math.cos(math.pi * done))


def train(
    decoder: Decoder, kind: str, seed: int, training: Training, stream: str = "train"
) -> list[float]:
    """Train ``decoder`` in place on text of ``kind``; returns the loss of every step."""
    optimiser = Muon(
        decoder, training.matrix_rate, training.rate, training.momentum, training.newton_steps
    )
    losses: list[float] = []
    for step, tokens in enumerate(batches(kind, seed, training, stream)):
        value = loss(decoder, tokens)
        value.backward()
        optimiser.step(scale(step, training))
        losses.append(value.item())
    return losses
