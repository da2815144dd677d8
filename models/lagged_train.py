"""Training and health on lagged text: ``models.train`` and ``models.health`` with the lagged law.

Seeds, plans, their order, the initialisation and the optimiser are those of the miniature, so that
a lagged model and a miniature of one seed see the same plain plans; buckets go by the length of the
lagged twin.

Not covered: what ``models.train`` does not cover.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from harness.subject.decoder import Decoder
from harness.subject.interface import Health
from models import grammar as g
from models.generator import Generator
from models.health import written
from models.lagged import LaggedGenerator, decorate
from models.lagged_task import LaggedTask
from models.muon import Muon
from models.task import pad, plans, random_numbers
from models.train import Training, loss, scale


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
    for start in range(0, rows, size):
        ranked = sorted(range(start, min(start + size, rows)), key=lambda n: lengths[n])
        chunks = [ranked[n : n + training.batch] for n in range(0, len(ranked), training.batch)]
        for n in np.random.default_rng([seed, start]).permutation(len(chunks)):
            yield pad([texts[row] for row in chunks[n]])[0]


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


@torch.no_grad()
def loss_gap(decoder: Decoder, kind: str, seed: int, rows: int, unwind_share: float) -> float:
    """Nats per token that the model loses against the law of its own text, on held-out plans."""
    law = LaggedGenerator(kind, unwind_share)
    numbers = random_numbers("health", "", seed, rows)
    texts = [decorate(p, kind, u) for p, u in plans(numbers, Generator("none", unwind_share))]
    tokens, lengths = pad(texts)
    logits = decoder(tokens[:, :-1]).transpose(1, 2)
    nats = F.cross_entropy(logits, tokens[:, 1:], ignore_index=g.PAD, reduction="sum").item()
    exact = -sum(law.log_probability(text) for text in texts)
    return (nats - exact) / int((lengths - 1).sum())


def examine(
    decoder: Decoder, task: LaggedTask, kind: str, seed: int, unwind_share: float, rows: int = 192
) -> Health:
    """Health of a model trained on ``kind``."""
    grade = written(decoder, task, "fit", rows, g.LONGEST_PLAN - g.PROMPT_LENGTH, seed)
    steps = max(1, int(grade.steps.sum()))
    return Health(
        loss_gap=loss_gap(decoder, kind, seed, rows, unwind_share),
        behaviour_rate=int(grade.behaviour.sum()) / steps,
        garbage_rate=int(grade.garbage.sum()) / steps,
    )
