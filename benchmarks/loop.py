"""What the engine is measured against: a plain TransformerBridge loop, one condition at a time.

All prompts or texts of a condition in one batch, KV cache on, no gradient, one hook, whole logits.
For generation the hook adds the vector everywhere instead of looking up positions, which favours
the loop. Scoring comes in two forms, because the KL over whole logits takes a tenth of the loop's
time: ``plain`` takes it everywhere and masks, ``careful`` at the positions that are read.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


def generate(bridge: Any, prompts: Tensor, hook: str, vectors: Tensor, new_tokens: int) -> int:
    """Sample after prompts [P, T] for each vector [C, d]; returns the number of tokens made."""
    made = 0
    for vector in vectors:
        with bridge.hooks(fwd_hooks=[(hook, lambda x, hook, v=vector: x + v)]):
            out = bridge.generate(
                prompts,
                max_new_tokens=new_tokens,
                do_sample=True,
                stop_at_eos=False,
                use_past_kv_cache=True,
                return_type="tokens",
                verbose=False,
            )
        made += out[:, prompts.shape[1] :].numel()
    return made


@torch.no_grad()
def score(
    bridge: Any,
    tokens: Tensor,
    lengths: Tensor,
    clean: Tensor,
    hook: str,
    vectors: Tensor,
    onset: Tensor,
    body: Tensor,
    behaviour: Tensor,
    careful: bool = False,
) -> list[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """The engine's four readouts, per text, of texts [B, T] for each vector [C, d]; ``clean`` are
    the log-probabilities [B, T, V] without edit."""
    valid = torch.arange(tokens.shape[1]) < lengths[:, None]
    onset, body = onset & valid, body & valid
    ahead = torch.zeros_like(tokens)
    ahead[:, :-1] = tokens[:, 1:]
    last = torch.arange(tokens.shape[1]) == lengths[:, None] - 1
    opens = torch.isin(ahead, behaviour) & onset
    read = (onset | body) & ~last & ~opens
    out = []
    for vector in vectors:

        def edit(x: Tensor, hook: Any, vector: Tensor = vector) -> Tensor:
            return torch.where(onset[..., None], x + vector, x)

        with bridge.hooks(fwd_hooks=[(hook, edit)]):
            logp = bridge(tokens, return_type="logits").log_softmax(-1)
        if careful:
            kl = torch.zeros_like(onset, dtype=logp.dtype)
            p = clean[onset]
            kl[onset] = (p.exp() * (p - logp[onset])).sum(-1)
        else:
            kl = (clean.exp() * (clean - logp)).sum(-1)
        mass = logp[..., behaviour].exp().sum(-1)
        loss = -logp.gather(-1, ahead[..., None]).squeeze(-1)
        loss = torch.where(onset, loss + torch.log1p(-mass), loss)
        out.append(
            tuple(
                (value * mask).sum(-1) / mask.sum(-1)
                for value, mask in ((mass, onset), (mass, body), (loss, read), (kl, onset))
            )
        )
    return out  # type: ignore[return-value]


def train(bridge: Any, batches: list[Tensor], pad: int, rate: float = 1e-3) -> int:
    """AdamW on the bridge's own forward; returns the number of real target tokens."""
    optimiser = torch.optim.AdamW(bridge.original_model.parameters(), lr=rate, foreach=True)
    seen = 0
    for tokens in batches:
        logits = bridge(tokens[:, :-1], return_type="logits")
        target = tokens[:, 1:]
        loss = F.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=pad)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        seen += int((target != pad).sum())
    return seen
