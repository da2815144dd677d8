"""How fast the engine could be: the same products and attention, written flat, and nothing else.

No claim, record, evidence, audit of the dose, position classes, kinds of edit or backends: one
vector is added where a boolean says so. Batches are cut as the engine cuts them; the packed
products, the attention and the key-value cache are the engine's own, because what is asked here is
what everything around them costs. (How near those are to the machine is the share of peak.)
Sampling noise comes from torch's generator instead of one keyed by prompt and step.

Not covered: sites other than a block's output, rows that end before others.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.work import LAYER, Work
from harness.readout.vocabulary import CACHED_FLOATS, exponentials, slices, unit
from harness.subject.attention import Attention, Past, pair_order, pairs
from harness.subject.decoder import Block, Decoder
from harness.subject.keyvalue import KeyValue
from harness.subject.layer import Layer, Rotation, length
from harness.subject.packed import Packed, Product

CHUNK = 1024
"""Tokens of texts that are scored together, as the engine's default."""


@dataclass
class Chunk:
    """Texts that are scored together: rows of the residual laid one after another, those that are
    read first, onsets before bodies."""

    items: Tensor  # [b]
    rows: Tensor  # [K] text of each row that is read
    onsets: int
    following: Tensor  # [K]
    counted: Tensor  # [K] bool: the loss is read
    x: Tensor  # [N, d] without edit, after the edited block
    projected: Tensor  # [N, 3 d]
    product: Tensor  # [onsets, 3 d] at onsets, not divided by the norm
    past: dict[int, Past]
    attention: Attention
    above: list[Layer]
    head: Product
    last: Tensor  # [K, d] without edit: the last residual, normalised
    pulled: Tensor  # [onsets, d]
    inner: Tensor  # [onsets]


class Bare:
    """A decoder prepared once, as the engine prepares it."""

    def __init__(self, decoder: Decoder) -> None:
        c = self.config = decoder.config
        self.embed = decoder.embed.detach()
        head = decoder.embed if decoder.unembed is None else decoder.unembed
        self.unembed = Packed(head * decoder.norm_final)
        self.layers = [Layer.of(b) for b in decoder.blocks if isinstance(b, Block)]
        order = pair_order(c.n_heads, c.d_model)
        self.ordered = [layer.ordered(order) for layer in self.layers]
        cos, sin = decoder.get_buffer("cos"), decoder.get_buffer("sin")
        self.rotation, self.turn = Rotation(cos, sin, c.n_heads), pairs(cos, sin)

    # ---- sampling ----

    @torch.no_grad()
    def generate(
        self, work: Work, vectors: Tensor, new: int, most: int, noise: torch.Generator | None
    ) -> Tensor:
        """New tokens [C, P, new] for vectors [C, d]; greedy without ``noise``. ``most``: rows of a
        batch."""
        prompts, member = work.prompts, work.member
        (P, L), C, V = prompts.shape, len(vectors), self.config.vocab
        first = int(member[prompts].any(0).nonzero()[0])
        out = prompts.new_empty(C, P, new)
        for start in range(0, P, most):
            some = prompts[start : start + most]
            p = len(some)
            clean = self._open(p, L + new)
            self._step(clean, some[:, :first], None)
            drawn = [_gumbel(p, V, noise) for _ in range(new)] if noise is not None else []
            for low in range(0, C, max(1, most // p)):
                added = vectors[low : low + max(1, most // p)]
                n = len(added)
                state = clean.select(torch.arange(p).repeat(n))
                add = added.repeat_interleave(p, 0)[:, None]
                token = some[:, first:].repeat(n, 1)
                for step in range(new):
                    logits = self._step(state, token, member[token][..., None] * add)
                    if drawn:
                        logits.view(n, p, V).add_(drawn[step])
                    token = logits.argmax(-1, keepdim=True)
                    out[low : low + n, start : start + p, step] = token.view(n, p)
        return out

    def _open(self, rows: int, capacity: int) -> KeyValue:
        c = self.config
        return KeyValue.empty(c.n_layers, c.n_heads, c.d_head, rows, capacity, like=self.embed)

    def _step(self, state: KeyValue, tokens: Tensor, added: Tensor | None) -> Tensor:
        x = F.embedding(tokens, self.embed)
        for n, layer in enumerate(self.layers):
            q, k, v = self.rotation.turn(layer.qkv(_norm(x, layer.eps)), state.length)
            x = x + layer.out(state.attend(n, q, k, v))
            x = x + layer.mlp(x)
            if n == LAYER and added is not None:
                x = x + added
        state.length += tokens.shape[1]
        return self.unembed(_norm(x[:, -1], self.config.norm_eps))

    # ---- scoring ----

    @torch.no_grad()
    def score(self, work: Work, vectors: Tensor, bodies: bool = True) -> Tensor:
        """Onset mass, elsewhere mass, ordinary loss and KL [4, C, B] for vectors [C, d]; without
        ``bodies`` onsets alone are read, the second is NaN and the third of onsets only."""
        out = torch.empty(4, len(vectors), len(work.tokens))
        order = work.lengths.argsort(stable=True)
        start = 0
        while start < len(order):
            stop = start + 1
            while stop < len(order) and (stop + 1 - start) * work.lengths[order[stop]] <= CHUNK:
                stop += 1
            chunk = self._clean(work, order[start:stop], bodies)
            start = stop
            for c, vector in enumerate(vectors):
                x = self._above(chunk, vector)
                out[:, c, chunk.items] = self._read(x, chunk, work.behaviour)
        return out

    def _clean(self, work: Work, items: Tensor, bodies: bool) -> Chunk:
        """Everything about texts that does not depend on the vector."""
        c, lengths = self.config, work.lengths[items]
        T, B = int(lengths.max()), len(items)
        tokens = work.tokens[items, :T]
        valid = torch.arange(T) < lengths[:, None]
        onset, body = work.onset[items, :T] & valid, work.body[items, :T] & valid & bodies
        first = int(onset.any(0).nonzero()[0])
        everywhere = torch.arange(tokens.numel())
        attention = Attention(self.turn, c.n_heads, everywhere, (B, T), 0)
        x = F.embedding(tokens.flatten(), self.embed)
        for layer in self.ordered[: LAYER + 1]:
            x += layer.out(attention(layer.qkv(_norm(x, layer.eps)), None))
            x += layer.mlp(x)
        site, past, projected = x.clone(), {}, x
        for n, layer in enumerate(self.ordered[LAYER + 1 :]):
            qkv = layer.qkv(_norm(x, layer.eps))
            x += layer.out(attention(qkv, None))
            x += layer.mlp(x)
            past[n] = attention.remember(first)
            projected = qkv if n == 0 else projected
        at = torch.cat([onset.flatten().nonzero()[:, 0], (body & ~onset).flatten().nonzero()[:, 0]])
        onsets = int(onset.sum())
        assert bool((at % T >= first).all()), "a body before the first onset"
        last = _norm(x[at], c.norm_eps)
        logp = self.unembed(last[:onsets]).log_softmax(-1)
        p = logp.exp()
        end = ((onset | body) * torch.arange(1, T + 1)).amax(1)
        needed = (torch.arange(T) < end[:, None]) & (torch.arange(T) >= first)
        needed.flatten()[at] = False
        where = torch.cat([at, needed.flatten().nonzero()[:, 0]])
        ahead = torch.full_like(tokens, -1)
        ahead[:, :-1] = torch.where(valid[:, 1:], tokens[:, 1:], -1)
        following = ahead.flatten()[at]
        counted = following >= 0
        counted[:onsets] &= ~torch.isin(following[:onsets], work.behaviour)
        short = where // T * (T - first) + where % T - first
        product = projected[at[:onsets]] * length(site[at[:onsets]], c.norm_eps)
        return Chunk(
            items, at // T, onsets, following.clamp_min(0), counted,
            site[where], projected[where], product, past,
            Attention(self.turn, c.n_heads, short, (len(items), T - first), first, quick=True),
            [layer.quick() for layer in self.ordered[LAYER + 1 :]], self.unembed.quick(),
            last, p @ self.unembed.weight, torch.linalg.vecdot(p, logp),
        )  # fmt: skip

    def _above(self, chunk: Chunk, vector: Tensor) -> Tensor:
        """The last residual [K, d], normalised. Onsets are the first rows, and the edited ones."""
        if not bool(vector.any()):
            return chunk.last
        x, edited = chunk.x.clone(), slice(0, chunk.onsets)
        x[edited] += vector
        for n, layer in enumerate(chunk.above):
            if n == 0:
                qkv = chunk.projected
                qkv[edited] = (
                    layer.project_sum(x[edited], chunk.product, vector)
                    if layer.splits
                    else layer.qkv(_norm(x[edited], layer.eps))
                )
            else:
                qkv = layer.qkv(_norm(x, layer.eps))
            mixed = chunk.attention(qkv, chunk.past[n])
            if n == len(chunk.above) - 1:
                x = x[: len(chunk.rows)]
            x += layer.out(mixed[: len(x)])
            x += layer.mlp(x)
        return _norm(x, self.config.norm_eps)

    def _read(self, x: Tensor, chunk: Chunk, behaviour: Tensor) -> Tensor:
        """Means per text [4, b]."""
        V, K, n, B = self.config.vocab, len(x), chunk.onsets, len(chunk.items)
        marked, token, total = (torch.empty(K) for _ in range(3))
        edges, nats = slices(K, V), unit(V)
        for low, high in pairwise(edges):
            z = chunk.head(x[low:high] / nats)
            marked[low:high] = (z[:, behaviour] * nats).logsumexp(-1)
            token[low:high] = z.gather(1, chunk.following[low:high, None])[:, 0] * nats
            few = z.split(max(1, CACHED_FLOATS // V))
            total[low:high] = torch.cat([exponentials(part).sum(-1) for part in few]).log_()
        mass, loss = (marked - total).exp_(), total - token
        loss[:n] += torch.log1p(-mass[:n])
        kl = (chunk.inner - torch.linalg.vecdot(x[:n], chunk.pulled) + total[:n]).clamp_min_(0)
        kept = chunk.counted
        parts = (
            (mass[:n], chunk.rows[:n]),
            (mass[n:], chunk.rows[n:]),
            (loss[kept], chunk.rows[kept]),
            (kl, chunk.rows[:n]),
        )
        return torch.stack([_mean(value, row, B) for value, row in parts])


def _norm(x: Tensor, eps: float) -> Tensor:
    size = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return x * size.square_().mul_(1 / x.shape[-1]).add_(eps).rsqrt_()


def _gumbel(rows: int, vocab: int, noise: torch.Generator) -> Tensor:
    return torch.empty(rows, vocab).exponential_(generator=noise).log_().neg_()


def _mean(values: Tensor, row: Tensor, rows: int) -> Tensor:
    total = torch.zeros(rows).index_add_(0, row, values)
    return total / torch.bincount(row, minlength=rows)
