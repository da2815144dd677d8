"""What every contestant is given: texts, prompts, one edit, and where to read.

Written beside a checkpoint as one safetensors file, so that a library in an environment of its own
reads the same numbers. Needs torch and safetensors only.

Not covered: the model (a Hugging Face folder), how the work is done (each contestant's own).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

FILE = "work.safetensors"
LAYER = 2
"""The block whose output is edited: ``blocks.2.hook_resid_post``."""
NEW = 40
"""Tokens sampled after each prompt."""


@dataclass(frozen=True)
class Work:
    """``member[token]``: whether the token is a step onset, so that a contestant that samples can
    tell at each new token; ``onset`` and ``body`` are the same for the texts, padding left out."""

    tokens: Tensor  # [B, T] int64
    lengths: Tensor  # [B] int64
    onset: Tensor  # [B, T] bool
    body: Tensor  # [B, T] bool
    behaviour: Tensor  # [k] int64
    member: Tensor  # [V] bool
    prompts: Tensor  # [P, L] int64
    vectors: Tensor  # [C, d] float32, added where ``member``
    together: Tensor  # [] int64: conditions that a contestant may put into one batch

    def save(self, folder: Path) -> None:
        """Write ``work.safetensors`` into a folder."""
        parts = {f.name: getattr(self, f.name).contiguous() for f in fields(self)}
        save_file(parts, str(folder / FILE))

    @classmethod
    def load(cls, folder: Path) -> Work:
        """Inverse of :meth:`save`."""
        return cls(**load_file(str(folder / FILE)))


@dataclass(frozen=True)
class Read:
    """Where a text is read, all [B, T]: ``ahead`` is the next token, ``read`` where its loss
    counts, ``opens`` onsets that are followed by the behaviour."""

    onset: Tensor
    body: Tensor
    ahead: Tensor
    read: Tensor

    @classmethod
    def of(cls, work: Work) -> Read:
        width = work.tokens.shape[1]
        valid = torch.arange(width) < work.lengths[:, None]
        onset, body = work.onset & valid, work.body & valid
        ahead = torch.zeros_like(work.tokens)
        ahead[:, :-1] = work.tokens[:, 1:]
        last = torch.arange(width) == work.lengths[:, None] - 1
        opens = torch.isin(ahead, work.behaviour) & onset
        return cls(onset, body, ahead, (onset | body) & ~last & ~opens)

    def values(
        self, logits: Tensor, clean: Tensor, behaviour: Tensor, careful: bool
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Onset mass, elsewhere mass, ordinary loss and KL, each [B], of logits [B, T, V];
        ``clean`` are the log-probabilities without edit. ``careful``: the KL at onsets only."""
        logp = logits.log_softmax(-1)
        if careful:
            kl = torch.zeros_like(self.onset, dtype=logp.dtype)
            p = clean[self.onset]
            kl[self.onset] = (p.exp() * (p - logp[self.onset])).sum(-1)
        else:
            kl = (clean.exp() * (clean - logp)).sum(-1)
        mass = logp[..., behaviour].exp().sum(-1)
        loss = -logp.gather(-1, self.ahead[..., None]).squeeze(-1)
        loss = torch.where(self.onset, loss + torch.log1p(-mass), loss)
        pairs = (
            *((mass, self.onset), (mass, self.body)),
            *((loss, self.read), (kl, self.onset)),
        )
        a, b, c, d = ((value * mask).sum(-1) / mask.sum(-1) for value, mask in pairs)
        return a, b, c, d

    def at_onsets(self, logits: Tensor, clean: Tensor, behaviour: Tensor) -> tuple[Tensor, Tensor]:
        """Onset mass and KL alone, each [B], of logits [B, T, V] read at onsets only."""
        logp, p = logits[self.onset].log_softmax(-1), clean[self.onset]
        kl = (p.exp() * (p - logp)).sum(-1)
        mass = logp[:, behaviour].exp().sum(-1)
        text = self.onset.nonzero()[:, 0]
        count = self.onset.sum(-1)
        a, b = (count.new_zeros(count.shape, dtype=logp.dtype).index_add_(0, text, value) / count
                for value in (mass, kl))  # fmt: skip
        return a, b
