"""What the engine is measured against first: a plain TransformerBridge loop.

All prompts or texts of a condition in one batch, KV cache on, no gradient, one hook, whole logits;
for generation also several conditions as rows of one batch, where the library is faster. The hook
adds the vector at onsets: in texts where they are, in sampling where each token, as it comes by at
the embedding, is one. Scoring comes in two forms, because the KL over whole logits takes a tenth of
the loop's time: ``plain`` takes it everywhere and masks, ``careful`` at positions that are read.
Where onsets alone are read, they are picked out of the logits before anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.work import LAYER, NEW, Read, Work

HOOK = f"blocks.{LAYER}.hook_resid_post"


class Ids:
    """The tokens that last came by at a model's embedding, and how many came by in all."""

    def __init__(self, model: nn.Module) -> None:
        self.last, self.seen = torch.empty(0, dtype=torch.int64), 0
        embedding = next(m for m in model.modules() if isinstance(m, nn.Embedding))
        self._handle = embedding.register_forward_pre_hook(self._look)

    def _look(self, module: nn.Module, args: tuple[Tensor, ...]) -> None:
        self.last = args[0]
        self.seen += args[0].numel()

    def remove(self) -> None:
        """Take the hook off again."""
        self._handle.remove()


class BridgeLoop:
    """The loop on a ``TransformerBridge``."""

    def __init__(self, bridge: Any, work: Work) -> None:
        self.bridge, self.work, self.read = bridge, work, Read.of(work)
        self.clean = self.logits(None).log_softmax(-1)

    def logits(self, vector: Tensor | None) -> Tensor:
        """[B, T, V] of the texts, with ``vector`` [d] added at onsets."""

        def edit(x: Tensor, hook: Any) -> Tensor:
            return x if vector is None else torch.where(where, x + vector, x)

        where = self.work.onset[..., None]
        with torch.no_grad(), self.bridge.hooks(fwd_hooks=[(HOOK, edit)]):
            out: Tensor = self.bridge(self.work.tokens, return_type="logits")
        return out

    @torch.no_grad()
    def score(self, count: int, careful: bool) -> list[tuple[Tensor, Tensor, Tensor, Tensor]]:
        """The engine's four readouts, per text, for each of the first ``count`` vectors."""
        return [
            self.read.values(self.logits(v), self.clean, self.work.behaviour, careful)
            for v in self.work.vectors[:count]
        ]

    @torch.no_grad()
    def score_onsets(self, count: int) -> list[tuple[Tensor, Tensor]]:
        """Mass and KL at onsets, per text, for each of the first ``count`` vectors."""
        behaviour = self.work.behaviour
        return [
            self.read.at_onsets(self.logits(v), self.clean, behaviour)
            for v in self.work.vectors[:count]
        ]

    def generate(self, count: int, together: int, sample: bool = True) -> list[Tensor]:
        """Sample after the prompts under the first ``count`` vectors, ``together`` in one batch;
        returns the new tokens [together * P, NEW] of each batch."""
        prompts, made = self.work.prompts, []
        for vectors in self.work.vectors[:count].split(together):
            rows = prompts.repeat(len(vectors), 1)
            added = vectors.repeat_interleave(len(prompts), 0)[:, None]
            made.append(generate(self.bridge, rows, added, self.work.member, sample))
        return made


def generate(
    bridge: Any, rows: Tensor, added: Tensor, member: Tensor, sample: bool = True,
    new: int = NEW, end: int | None = None, ids: Ids | None = None,
) -> Tensor:  # fmt: skip
    """New tokens [R, new] after rows [R, L], ``added`` [R, 1, d] at every onset; a row ends at the
    token ``end``, if there is one, but is carried until the others have ended too."""
    seen = Ids(bridge) if ids is None else ids

    def edit(x: Tensor, hook: Any) -> Tensor:
        return torch.where(member[seen.last][..., None], x + added, x)

    try:
        with bridge.hooks(fwd_hooks=[(HOOK, edit)]):
            out: Tensor = bridge.generate(
                rows,
                max_new_tokens=new,
                do_sample=sample,
                stop_at_eos=end is not None,
                eos_token_id=end,
                use_past_kv_cache=True,
                return_type="tokens",
                verbose=False,
            )
    finally:
        if ids is None:
            seen.remove()
    return out[:, rows.shape[1] :]


def train(
    logits_of: Callable[[Tensor], Tensor],
    weights: Iterable[nn.Parameter],
    batches: list[Tensor],
    pad: int,
    rate: float = 1e-3,
) -> int:
    """AdamW on a model's own forward pass; returns the number of real target tokens."""
    optimiser = torch.optim.AdamW(weights, lr=rate, foreach=True)
    seen = 0
    for tokens in batches:
        target = tokens[:, 1:]
        logits = logits_of(tokens[:, :-1])
        loss = F.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=pad)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        seen += int((target != pad).sum())
    return seen
