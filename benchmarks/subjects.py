"""Subjects of the benchmark: random weights of the two sizes and a task that never ends a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from harness.errors import UnknownName
from harness.subject.checkpoint import save_decoder
from harness.subject.decoder import Decoder, DecoderConfig
from harness.subject.interface import Grade, Prompts, Texts

MINIATURE = DecoderConfig(vocab=190, d_model=64, n_layers=6, n_heads=8, d_mlp=176, context=64)
PUBLISHED = DecoderConfig(vocab=8197, d_model=512, n_layers=6, n_heads=8, d_mlp=1408, context=512)
STEP, LEAD, SPAN = 2, 8, 4


def decoder(config: DecoderConfig, seed: int = 0) -> Decoder:
    """Random weights at the usual initialisation scale."""
    model = Decoder(config)
    make = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() == 1:
                weight.fill_(1.0)
            else:
                weight.copy_(0.05 * torch.randn(weight.shape, generator=make))
    return model


def folder_of(model: Decoder, folder: Path) -> None:
    """Export as a Hugging Face checkpoint whose words are numbers and that knows no end."""
    words = ["<pad>", "<unk>", *(str(n) for n in range(2, model.config.vocab))]
    save_decoder(model, folder, words, {"pad": 0, "unk": 1})


def forward_flops(config: DecoderConfig, context: float) -> float:
    """Multiply-adds times two, per token, of one forward pass over ``context`` earlier tokens."""
    d = config.d_model
    block = 4 * d * d + 3 * d * config.d_mlp + 2 * context * d
    return 2.0 * (config.n_layers * block + d * config.vocab)


@dataclass(frozen=True)
class Endless:
    """Steps of four tokens, each after a separator; the end token is never sampled."""

    vocab_size: int
    pad_id: int = -1
    end_id: int = -2
    position_classes: tuple[str, ...] = ("step_onset", "step_body")
    variants: tuple[str, ...] = ("plain",)

    @property
    def token_sets(self) -> Mapping[str, tuple[int, ...]]:
        return {"behaviour": tuple(range(10, 16))}

    def positions(self, name: str, tokens: Tensor) -> Tensor:
        if name == "step_onset":
            return tokens % SPAN == STEP
        if name == "step_body":
            body = tokens % SPAN != STEP
            body[:, : LEAD - 1] = False
            return body
        raise UnknownName(f"no position class {name!r}", fix="step_onset or step_body")

    def _rows(self, n: int, length: int, seed: int) -> Tensor:
        make = torch.Generator().manual_seed(seed)
        tokens = torch.randint(0, self.vocab_size // SPAN, (n, length), generator=make) * SPAN
        tokens[:, LEAD - 1 :: SPAN] += STEP
        return tokens

    def prompts(self, split: str, n: int, seed: int) -> Prompts:
        return Prompts(self._rows(n, LEAD, seed), ("all",) * n)

    def texts(self, split: str, n: int, seed: int, variant: str) -> Texts:
        length = 56
        make = torch.Generator().manual_seed(seed + 1)
        lengths = torch.randint(length // 2, length + 1, (n,), generator=make)
        return Texts(self._rows(n, length, seed), lengths, ("all",) * n, variant)

    def grade(self, prompts: Tensor, generated: Tensor) -> Grade:
        none = torch.zeros(len(generated), dtype=torch.int64)
        return Grade(none, none, none)

    def decode(self, tokens: Tensor) -> str:
        return " ".join(str(int(t)) for t in tokens)
