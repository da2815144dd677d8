"""Common random numbers for sampling: Gumbel noise that depends on (seed, prompt, step) only.

Philox is a counter-based generator (Salmon et al. 2011): the key is (seed, prompt), the counter's
second word is the step, and word v of the block belongs to token v. So all conditions share the
noise, and a row's tokens do not depend on what else is in its batch. Raw words are turned into
uniforms here, so that no library's choice of distribution algorithm can change a registered run.

Not covered: top-k or nucleus truncation.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

KEPT_BYTES = 64 << 20
"""Noise of a chunk of prompts is kept for its further conditions up to this size."""


class Gumbel:
    """Gumbel noise [P, V] per step for prompts with these indices."""

    def __init__(self, seed: int, prompts: Sequence[int], vocab: int) -> None:
        self.seed, self.prompts, self.vocab = seed, tuple(prompts), vocab
        self._kept: dict[int, Tensor] = {}

    def step(self, step: int) -> Tensor:
        """Float32 noise [P, V] of one step (counted from 0)."""
        if step in self._kept:
            return self._kept[step]
        words = np.empty((len(self.prompts), self.vocab), np.uint64)
        for i, prompt in enumerate(self.prompts):
            bits = np.random.Philox(key=[self.seed % 2**64, prompt], counter=[0, step, 0, 0])
            words[i] = bits.random_raw(self.vocab)
        uniform = ((words >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
        noise = torch.from_numpy((-np.log(-np.log(uniform))).astype(np.float32))
        if (len(self._kept) + 1) * noise.numel() * 4 <= KEPT_BYTES:
            self._kept[step] = noise
        return noise
