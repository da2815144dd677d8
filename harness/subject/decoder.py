"""The native backend: a plain torch Llama decoder with taps at TransformerLens's site names.

Used for training and for fast evaluation. RMSNorm, RoPE (half-split, as Hugging Face applies it),
SwiGLU, optionally tied embedding, no biases. Parity with TransformerLens's bridge is a law tested
in ``tests/subject/test_parity.py``.

Not covered: other families (use the bridge), dropout, attention masks for padded *left* contexts
(rows are right-padded, and causal attention never looks at what follows).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Tap = Callable[[str, Tensor], Tensor]
"""Called with a site name and its activation [B, T, d]; returns what takes its place."""

PARTS = (
    *("hook_resid_pre", "attn.hook_z", "hook_attn_out"),
    *("hook_resid_mid", "mlp.hook_post", "hook_mlp_out", "hook_resid_post"),
)
"""A block's sites. ``attn.hook_z`` is what the heads mix, head after head, before the matrix that
writes it into the residual; TransformerLens has it as [B, T, heads, d_head]. ``mlp.hook_post`` is
what the MLP's activation function and gate leave, [B, T, d_mlp], before the matrix that writes it;
all other sites are d_model wide."""


@dataclass(frozen=True)
class DecoderConfig:
    """Shape of a decoder; lengths in tokens."""

    vocab: int
    d_model: int = 64
    n_layers: int = 6
    n_heads: int = 8
    d_mlp: int = 176
    context: int = 64
    rope_base: float = 10_000.0
    norm_eps: float = 1e-6
    tied: bool = True

    @property
    def d_head(self) -> int:
        return self.d_model // self.n_heads

    def as_json(self) -> dict[str, object]:
        return asdict(self)


@dataclass
class Cache:
    """Keys and values per layer, each [B, H, context, d_head], of which ``length`` are filled."""

    keys: list[Tensor]
    values: list[Tensor]
    length: int = 0

    @classmethod
    def empty(cls, config: DecoderConfig, rows: int, capacity: int, like: Tensor) -> Cache:
        shape = (rows, config.n_heads, capacity, config.d_head)
        make = [like.new_zeros(shape) for _ in range(2 * config.n_layers)]
        return cls(make[: config.n_layers], make[config.n_layers :])

    def repeat(self, times: int) -> Cache:
        """The same cache for ``times`` conditions: row order (condition, prompt)."""
        rep = [t.repeat(times, 1, 1, 1) for t in (*self.keys, *self.values)]
        n = len(self.keys)
        return Cache(rep[:n], rep[n:], self.length)


def rope_tables(config: DecoderConfig) -> tuple[Tensor, Tensor]:
    """cos and sin [context, d_head] for half-split rotary embedding (Su et al. 2021)."""
    half = config.d_head // 2
    freq = config.rope_base ** (-torch.arange(0, half, dtype=torch.float32) * 2 / config.d_head)
    angle = torch.outer(torch.arange(config.context, dtype=torch.float32), freq)
    angle = torch.cat([angle, angle], -1)
    return angle.cos(), angle.sin()


class _Rotation(torch.autograd.Function):
    """RoPE and its gradient, which is the rotation back: the numbers that the formula with
    concatenated halves gives, to the bit, in half as many passes."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        ctx.save_for_backward(cos, sin)
        return _turn(x, cos, sin)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        cos, sin = ctx.saved_tensors
        return _turn(grads[0], cos, -sin), None, None


def _turn(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    half = x.shape[-1] // 2
    out, sin = x * cos, sin[..., :half]
    out[..., :half] -= x[..., half:] * sin
    out[..., half:] += x[..., :half] * sin
    return out


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Apply RoPE to x [..., d_head] with tables that broadcast to it, both halves alike."""
    turned: Tensor = _Rotation.apply(x, cos, sin)
    return turned


class Block(nn.Module):
    """One pre-norm decoder block; ``qkv`` is stacked [3 d, d] and ``gate_up`` [2 m, d]."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        d, m = config.d_model, config.d_mlp
        self.config = config
        self.norm_attn = nn.Parameter(torch.ones(d))
        self.norm_mlp = nn.Parameter(torch.ones(d))
        self.qkv = nn.Parameter(torch.empty(3 * d, d))
        self.out = nn.Parameter(torch.empty(d, d))
        self.gate_up = nn.Parameter(torch.empty(2 * m, d))
        self.down = nn.Parameter(torch.empty(d, m))

    def attend(
        self, x: Tensor, cos: Tensor, sin: Tensor, store: Cache | None, layer: int
    ) -> Tensor:
        """What the heads of causal self-attention mix, side by side [B, T, d], of x [B, T, d]; with
        a cache, T new positions after its length."""
        B, T, d = x.shape
        qkv = F.linear(x, self.qkv).view(B, T, 3, self.config.n_heads, -1)
        # rotated as they lie, both at once: the same numbers as head by head, in half the time
        turned, v = qkv.split((2, 1), 2)
        turned = rotate(turned, cos[:, None, None], sin[:, None, None])
        q, k = turned.permute(2, 0, 3, 1, 4)  # each [B, H, T, d_head]
        v = v[:, :, 0].transpose(1, 2)
        if store is None:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            start, stop = store.length, store.length + T
            store.keys[layer][:, :, start:stop] = k
            store.values[layer][:, :, start:stop] = v
            keys, values = store.keys[layer][:, :, :stop], store.values[layer][:, :, :stop]
            mask = None
            if T > 1:
                mask = torch.ones(T, stop, dtype=torch.bool, device=x.device).tril(start)
            y = F.scaled_dot_product_attention(q, keys, values, attn_mask=mask)
        return y.transpose(1, 2).reshape(B, T, d)

    def write(self, mixed: Tensor) -> Tensor:
        """What the attention writes into the residual for what its heads have mixed."""
        return F.linear(mixed, self.out)

    def neurons(self, x: Tensor) -> Tensor:
        """SwiGLU's neurons (Shazeer 2020), [..., d_mlp] of x [..., d]."""
        gate, up = F.linear(x, self.gate_up).chunk(2, -1)
        return F.silu(gate) * up

    def mlp(self, x: Tensor) -> Tensor:
        """What the MLP writes."""
        return F.linear(self.neurons(x), self.down)


class Decoder(nn.Module):
    """A decoder-only language model; ``forward`` maps tokens [B, T] to logits [B, T, vocab]."""

    cos: Tensor
    sin: Tensor

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        self.embed = nn.Parameter(torch.empty(config.vocab, config.d_model))
        self.unembed = None if config.tied else nn.Parameter(torch.empty_like(self.embed))
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layers))
        self.norm_final = nn.Parameter(torch.ones(config.d_model))
        cos, sin = rope_tables(config)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def norm(self, x: Tensor, weight: Tensor) -> Tensor:
        return F.rms_norm(x, (x.shape[-1],), weight, self.config.norm_eps)

    def sites(self) -> tuple[str, ...]:
        """Names of the sites at which :meth:`run` calls its tap."""
        return tuple(f"blocks.{n}.{p}" for n in range(self.config.n_layers) for p in PARTS)

    def run(
        self,
        x: Tensor,
        first: int = 0,
        last: int | None = None,
        *,
        cache: Cache | None = None,
        tap: Tap | None = None,
    ) -> Tensor:
        """Run blocks ``first`` to ``last`` (exclusive; None: all) on the residual x [B, T, d].

        With a cache, the T positions follow the ``cache.length`` positions already there; the
        caller advances ``cache.length`` once all blocks have run.
        """
        start = 0 if cache is None else cache.length
        cos = self.cos[start : start + x.shape[1]]
        sin = self.sin[start : start + x.shape[1]]
        for n in range(first, self.config.n_layers if last is None else last):
            block = self.blocks[n]
            assert isinstance(block, Block)
            name = f"blocks.{n}."
            if tap is None:
                y = block.attend(self.norm(x, block.norm_attn), cos, sin, cache, n)
                x = x + block.write(y)
                x = x + block.mlp(self.norm(x, block.norm_mlp))
                continue
            x = tap(name + "hook_resid_pre", x)
            y = block.attend(self.norm(x, block.norm_attn), cos, sin, cache, n)
            x = x + tap(name + "hook_attn_out", block.write(tap(name + "attn.hook_z", y)))
            x = tap(name + "hook_resid_mid", x)
            y = tap(name + "mlp.hook_post", block.neurons(self.norm(x, block.norm_mlp)))
            x = x + tap(name + "hook_mlp_out", F.linear(y, block.down))
            x = tap(name + "hook_resid_post", x)
        return x

    def logits(self, x: Tensor) -> Tensor:
        """Final norm and unembedding of the residual x [..., d]."""
        weight = self.embed if self.unembed is None else self.unembed
        return F.linear(self.norm(x, self.norm_final), weight)

    def forward(self, tokens: Tensor, tap: Tap | None = None) -> Tensor:
        return self.logits(self.run(F.embedding(tokens, self.embed), tap=tap))
