"""A small real task for the engine's tests: plans of verb-object steps, some with a pause step.

task modifier ; verb object ; verb object ; pause word ; ... end
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from harness.errors import UnknownName, nearest
from harness.subject.decoder import Decoder, DecoderConfig
from harness.subject.interface import Grade, Prompts, Texts

PAD, END, SEP = 0, 1, 2
TASKS, VERBS, OBJECTS = range(3, 7), range(7, 15), range(15, 29)
OPENERS, CALMERS, NEVER = range(29, 32), range(32, 35), 39
VOCAB = 40
STRATA = {t: f"task{t}" for t in TASKS}


class Toy:
    """A task with causal position classes, one of them dependent on the whole history."""

    vocab_size, pad_id, end_id = VOCAB, PAD, END
    position_classes = ("step_onset", "step_body", "late_onset", "absent")
    variants = ("plain", "regulated")
    token_sets: Mapping[str, tuple[int, ...]] = {"behaviour": tuple(OPENERS)}

    def positions(self, name: str, tokens: Tensor) -> Tensor:
        if name == "step_onset":
            return tokens == SEP
        if name == "step_body":
            return (tokens >= VERBS[0]) & (tokens < NEVER)
        if name == "late_onset":
            return (tokens == SEP) & ((tokens == SEP).cumsum(-1) > 1)
        if name == "absent":
            return tokens == NEVER
        raise UnknownName(
            f"no position class {name!r}", fix=f"Nearest: {nearest(name, self.position_classes)}"
        )

    def prompts(self, split: str, n: int, seed: int) -> Prompts:
        rng = np.random.default_rng([seed, len(split)])
        task, verb = rng.choice(TASKS, n), rng.choice(VERBS, n)
        sep = np.full(n, SEP)
        tokens = torch.from_numpy(np.stack([task, verb, rng.choice(OBJECTS, n), sep], 1))
        return Prompts(tokens, tuple(STRATA[int(t)] for t in task))

    def texts(self, split: str, n: int, seed: int, variant: str) -> Texts:
        rng = np.random.default_rng([seed, len(split), 7])
        rows: list[list[int]] = []
        for _ in range(n):
            row = [int(rng.choice(TASKS)), int(rng.choice(VERBS)), int(rng.choice(OBJECTS)), SEP]
            for _ in range(int(rng.integers(3, 9))):
                verb, thing = int(rng.choice(VERBS)), int(rng.choice(OBJECTS))
                pause = rng.random() < 0.3
                if pause and variant == "regulated":
                    row += [int(rng.choice(OPENERS)), int(rng.choice(CALMERS)), SEP]
                row += [verb, thing, SEP]
            rows.append([*row, END])
        lengths = torch.tensor([len(r) for r in rows])
        tokens = torch.full((n, int(lengths.max())), PAD)
        for i, row in enumerate(rows):
            tokens[i, : len(row)] = torch.tensor(row)
        return Texts(tokens, lengths, tuple(STRATA[r[0]] for r in rows), variant)

    def grade(self, prompts: Tensor, generated: Tensor) -> Grade:
        counts = []
        for row in generated.tolist():
            steps, step = [], []
            for token in row:
                if token in (SEP, END, PAD):
                    if step:
                        steps.append(step)
                    step = []
                    if token != SEP:
                        break
                else:
                    step.append(token)
            paused = sum(s[0] in OPENERS and len(s) == 2 and s[1] in CALMERS for s in steps)
            plain = sum(len(s) == 2 and s[0] in VERBS and s[1] in OBJECTS for s in steps)
            counts.append((len(steps), paused, len(steps) - paused - plain))
        table = torch.tensor(counts)
        return Grade(table[:, 0], table[:, 1], table[:, 2])

    def decode(self, tokens: Tensor) -> str:
        return " ".join(f"t{int(t)}" for t in tokens if int(t) != PAD)


def tiny(seed: int = 0, **shape: int) -> Decoder:
    """A decoder of random weights, large enough in scale that its layers do something."""
    full = {"vocab": VOCAB, "d_model": 32, "n_layers": 4, "n_heads": 4, "d_mlp": 48, "context": 64}
    model = Decoder(DecoderConfig(**{**full, **shape}))
    make = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() == 1:
                weight.copy_(1 + 0.1 * torch.randn(weight.shape, generator=make))
            else:
                scale = 0.4 if "embed" in name else weight.shape[1] ** -0.5
                weight.copy_(scale * torch.randn(weight.shape, generator=make))
            if "embed" in name:
                weight[[PAD, END]] = 0  # so that sampled rows seldom end at once
    return model
