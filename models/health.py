"""Whether a trained model learned its text: loss above the exact entropy, rates when it writes.

The loss gap is the mean over held-out plans of (model's nats - generator's nats) per token: an
unbiased estimate of the Kullback-Leibler divergence from the generator, less noisy than the
difference between a loss and an entropy because both look at the same plans.

Not covered: behaviour on ``unwind`` plans; rates are those of the measured domains.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from harness.subject.decoder import Cache, Decoder
from harness.subject.interface import Grade, Health
from models import grammar as g
from models.generator import Generator, decorate
from models.task import PlanTask, pad, plans, random_numbers


@torch.no_grad()
def loss_gap(decoder: Decoder, kind: str, seed: int, rows: int, unwind_share: float) -> float:
    """Nats per token that the model loses against the law of its own text, on held-out plans."""
    law = Generator(kind, unwind_share)
    numbers = random_numbers("health", "", seed, rows)
    texts = [decorate(p, kind, u) for p, u in plans(numbers, Generator("none", unwind_share))]
    tokens, lengths = pad(texts)
    logits = decoder(tokens[:, :-1]).transpose(1, 2)
    nats = F.cross_entropy(logits, tokens[:, 1:], ignore_index=g.PAD, reduction="sum").item()
    exact = -sum(law.log_probability(text) for text in texts)
    return (nats - exact) / int((lengths - 1).sum())


@torch.no_grad()
def sample(decoder: Decoder, prompts: Tensor, new_tokens: int, seed: int) -> Tensor:
    """Continuations [P, new_tokens] at temperature 1; plain ancestral sampling with a cache."""
    generator = torch.Generator().manual_seed(seed % 2**63)
    total = prompts.shape[1] + new_tokens
    cache = Cache.empty(decoder.config, len(prompts), total, decoder.embed)
    found: list[Tensor] = []
    tokens = prompts
    for _ in range(new_tokens):
        x = decoder.run(F.embedding(tokens, decoder.embed), cache=cache)
        cache.length += tokens.shape[1]
        chances = decoder.logits(x[:, -1]).softmax(-1)
        tokens = torch.multinomial(chances, 1, generator=generator)
        found.append(tokens)
    return torch.cat(found, 1)


def written(
    decoder: Decoder, task: PlanTask, split: str, rows: int, new_tokens: int, seed: int
) -> Grade:
    """Grade of what the model writes after ``rows`` prompts of ``split``."""
    prompts = task.prompts(split, rows, seed)
    return task.grade(prompts.tokens, sample(decoder, prompts.tokens, new_tokens, seed))


def examine(
    decoder: Decoder, task: PlanTask, kind: str, seed: int, unwind_share: float, rows: int = 192
) -> Health:
    """Health of a model trained on ``kind``."""
    grade = written(decoder, task, "fit", rows, g.LONGEST_PLAN - g.PROMPT_LENGTH, seed)
    steps = max(1, int(grade.steps.sum()))
    return Health(
        loss_gap=loss_gap(decoder, kind, seed, rows, unwind_share),
        behaviour_rate=int(grade.behaviour.sum()) / steps,
        garbage_rate=int(grade.garbage.sum()) / steps,
    )
