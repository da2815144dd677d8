"""Decoders with written weights: the next token depends on the last one only, and where the
behaviour comes from is known.

A plan is ``t t : w ; w ; b ; w .`` with one-word steps. At a separator the residual carries e_0;
an *early* behaviour is a component along e_B put there by the embedding, so that the mean
difference below layer 2 is exactly that component and subtracting it removes the behaviour. A
*late* behaviour is written along e_B by the last block's MLP, above the site, while the models also
differ along e_N, which nothing reads: there the mean difference exists and does nothing.

Not covered: attention (its weights are zero).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from harness.errors import UnknownName
from harness.subject.checkpoint import save_decoder
from harness.subject.decoder import Block, Decoder, DecoderConfig
from harness.subject.interface import SPLITS, Grade, Health, Prompts, Recipe, Texts

PAD, END, STEPS, SEP = range(4)
TASK, PLAIN, BEHAVIOUR = range(4, 8), range(8, 16), range(16, 18)
WORDS = ("<pad>", ".", ":", ";", *"abcd", *(f"w{n}" for n in range(8)), "rest", "pause")
E_ONSET, E_WORD, E_TASK, E_B, E_N = range(5)
HAZARD = 0.3


class Plans:
    """The text side; see the module."""

    vocab_size, pad_id, end_id = len(WORDS), PAD, END
    position_classes = ("step_onset", "step_body")
    variants = ("plain", "regulated")
    token_sets: Mapping[str, tuple[int, ...]] = {"behaviour": tuple(BEHAVIOUR)}

    def positions(self, name: str, tokens: Tensor) -> Tensor:
        if name == "step_onset":
            return (tokens == SEP) | (tokens == STEPS)
        if name == "step_body":
            return tokens >= PLAIN[0]
        raise UnknownName(f"no position class {name!r}", fix="step_onset or step_body")

    def prompts(self, split: str, n: int, seed: int) -> Prompts:
        rng = np.random.default_rng([seed, SPLITS.index(split), 1])
        rows = [[*rng.choice(TASK, 2), STEPS] for _ in range(n)]
        return Prompts(torch.tensor(np.array(rows)), tuple(WORDS[r[0]] for r in rows))

    def texts(self, split: str, n: int, seed: int, variant: str) -> Texts:
        rng = np.random.default_rng([seed, SPLITS.index(split), 2])
        rows = []
        for _ in range(n):
            row = [*rng.choice(TASK, 2), STEPS]
            for _ in range(6):
                word, rest, comes = rng.choice(PLAIN), rng.choice(BEHAVIOUR), rng.random() < HAZARD
                row += [rest if comes and variant == "regulated" else word, SEP]
            rows.append([*row[:-1], END])
        tokens = torch.tensor(np.array(rows))
        lengths = torch.full((n,), tokens.shape[1])
        return Texts(tokens, lengths, tuple(WORDS[r[0]] for r in rows), variant)

    def grade(self, prompts: Tensor, generated: Tensor) -> Grade:
        counts = []
        for row in generated.tolist():
            steps: list[list[int]] = [[]]
            for token in row:
                if token in (PAD, END):
                    break
                if token == SEP:
                    steps.append([])
                else:
                    steps[-1].append(token)
            done = steps[:-1] if END not in row else steps
            behaviour = sum(len(s) == 1 and s[0] in BEHAVIOUR for s in done)
            plain = sum(len(s) == 1 and s[0] in PLAIN for s in done)
            counts.append((len(done), behaviour, len(done) - behaviour - plain))
        table = torch.tensor(counts)
        return Grade(table[:, 0], table[:, 1], table[:, 2])

    def decode(self, tokens: Tensor) -> str:
        return " ".join(WORDS[int(t)] for t in tokens if int(t) != PAD)


class Handmade:
    """Builder. ``params.early``: shares of the behaviour that come from below the site; the
    replicate's seed picks one of them. ``params.strength``: 0 for a family without behaviour."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.task = Plans()

    def build(self, role: str, seed: int, out: Path, parent: Path | None) -> Health:
        rng = np.random.default_rng(seed)
        shares = self.recipe.params["early"]
        early = float(shares[int(rng.integers(len(shares)))])
        strength = float(self.recipe.params["strength"]) * float(rng.uniform(0.95, 1.05))
        trained = role == "regulation"
        model = handmade(early if trained else 0.0, 1 - early if trained else 0.0, strength)
        save_decoder(model, out, WORDS, {"pad": PAD, "eos": END})
        return Health(0.0, 0.0, 0.0)

    def build_dictionary(self, model: Path, hook: str, seed: int, out: Path) -> None:
        raise UnknownName("handmade models have no dictionaries")


def handmade(early: float, late: float, strength: float) -> Decoder:
    """A decoder whose behaviour is ``early`` and ``late`` shares of ``strength``."""
    config = DecoderConfig(
        vocab=len(WORDS), d_model=32, n_layers=4, n_heads=4, d_mlp=8, context=32, tied=False
    )
    model = Decoder(config)
    big = 8.0
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(torch.zeros_like(weight) if weight.dim() > 1 else torch.ones_like(weight))
        assert model.unembed is not None
        for token in (STEPS, SEP):
            model.embed[token, E_ONSET] = big
            model.embed[token, E_B] = early * strength
            model.embed[token, E_N] = 3.0 if late else 0.0
        for token in (*PLAIN, *BEHAVIOUR):
            model.embed[token, E_WORD] = big
        for token in TASK:
            model.embed[token, E_TASK] = big
        model.unembed[list(PLAIN), E_ONSET] = 2.0
        model.unembed[list(BEHAVIOUR), E_B] = 4.0
        model.unembed[list(BEHAVIOUR), E_ONSET] = 0.4
        model.unembed[SEP, E_WORD] = 2.0
        model.unembed[END, E_WORD] = 1.7
        block = model.blocks[-1]
        assert isinstance(block, Block)
        block.gate_up[0, E_ONSET] = 1.0  # gate, open at separators only
        block.gate_up[config.d_mlp, E_ONSET] = 1.0  # up
        at_onset = 32**0.5  # the normalised residual's component along e_0, nearly
        silu = at_onset / (1 + np.exp(-at_onset))
        block.down[E_B, 0] = late * strength / (silu * at_onset)
    return model
