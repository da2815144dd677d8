"""The native backend: :class:`~harness.subject.decoder.Decoder` behind the ``Model`` protocol.

Linear layers run over all rows at once and attention per query position (``keyvalue``), so that a
row's numbers are the same alone, in a batch, and however its prompt is cut into calls. Scoring
replays only the blocks above the site, only from the first edited column on, and runs the last
block's MLP and the unembedding at needed positions only.

Not covered: families other than Llama's (the bridge), grouped key-value heads, a decoder whose
weights change after it was wrapped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from harness.errors import ClaimsError, UnknownName
from harness.subject.backend import Clean, Readout, Watch, unknown_site
from harness.subject.decoder import Block, Decoder
from harness.subject.keyvalue import KeyValue
from harness.subject.packed import Packed

SMALL_HEAD = 16
"""Largest d_head for which attention by plain products beats the fused kernel (measured)."""


@dataclass(frozen=True)
class _Layer:
    """One block with packed weights; ``gate_up`` and ``down`` as in :class:`Block`."""

    norm_attn: Tensor
    norm_mlp: Tensor
    qkv: Packed
    out: Packed
    gate_up: Packed
    down: Packed
    eps: float

    @classmethod
    def of(cls, block: Block) -> _Layer:
        return cls(
            block.norm_attn.detach(),
            block.norm_mlp.detach(),
            Packed(block.qkv),
            Packed(block.out),
            Packed(block.gate_up),
            Packed(block.down),
            block.config.norm_eps,
        )

    def project(self, x: Tensor) -> Tensor:
        """Queries, keys and values [..., 3 d] of the residual [..., d]."""
        return self.qkv(F.rms_norm(x, (x.shape[-1],), self.norm_attn, self.eps))

    def mlp(self, x: Tensor) -> Tensor:
        """What the MLP writes for the residual [..., d]."""
        both = self.gate_up(F.rms_norm(x, (x.shape[-1],), self.norm_mlp, self.eps))
        gate, up = both.chunk(2, -1)
        return self.down(F.silu(gate).mul_(up))


@dataclass(frozen=True)
class _Prefix:
    """What a replay needs of a clean run: the residual that the site is added to (None where the
    site is the residual itself) and, per block above, keys and values of the columns before."""

    hook: str
    base: Tensor | None
    keys: dict[int, Tensor]
    values: dict[int, Tensor]


class NativeModel:
    """A :class:`Decoder` as a ``Model``. The decoder's weights are read once, here."""

    exact_rows = True
    mode = "native"

    def __init__(self, decoder: Decoder, name: str = "native") -> None:
        config = decoder.config
        self.decoder, self.config, self.name = decoder.eval(), config, name
        self.n_layers, self.d_model = config.n_layers, config.d_model
        self.vocab, self.context = config.vocab, config.context
        self._known = frozenset(decoder.sites())
        blocks = [b for b in decoder.blocks if isinstance(b, Block)]
        self._layers = tuple(_Layer.of(b) for b in blocks)
        self._embed = decoder.embed.detach()
        head = decoder.embed if decoder.unembed is None else decoder.unembed
        self._unembed, self._norm_final = Packed(head), decoder.norm_final.detach()
        cos, sin = decoder.get_buffer("cos"), decoder.get_buffer("sin")
        half, scale = config.d_head // 2, config.d_head**-0.5
        # Queries are scaled through their rotation table, which costs nothing.
        sin = torch.cat([-sin[:, :half], sin[:, half:]], -1)
        self._cos = torch.stack([cos * scale, cos], 1)[:, :, None]  # [context, 2, 1, d_head]
        self._sin = torch.stack([sin * scale, sin], 1)[:, :, None]

    def sites(self) -> tuple[str, ...]:
        return self.decoder.sites()

    def check_site(self, hook: str) -> None:
        if hook not in self._known:
            raise unknown_site(hook, self.name, self.sites())

    @torch.no_grad()
    def logits(self, tokens: Tensor, watch: Watch | None = None) -> Tensor:
        at = torch.arange(tokens.numel())
        hook = self.sites()[-1] if watch is None else watch.hook
        clean = self.clean(tokens, hook, 0, at[:0])
        site = clean.site if watch is None else watch(clean.site)
        return self.replay(clean, site, at)(slice(None)).view(*tokens.shape, -1)

    def activations(self, tokens: Tensor, hook: str) -> Tensor:
        return self.clean(tokens, hook, 0, tokens.new_zeros(0)).site

    def gradient(self, tokens: Tensor, hook: str, goal: Callable[[Tensor], Tensor]) -> Tensor:
        self.check_site(hook)
        leaves: list[Tensor] = []

        def cut(name: str, x: Tensor) -> Tensor:
            if name != hook:
                return x
            leaves.append(x.detach().clone().requires_grad_())
            return leaves[-1]

        with torch.enable_grad():
            (out,) = torch.autograd.grad(goal(self.decoder(tokens, tap=cut)), leaves[-1])
        return out

    def output_matrix(self, part: str, layer: int) -> Tensor:
        parts = {"attn": self._layers[layer].out, "mlp": self._layers[layer].down}
        if part not in parts:
            raise UnknownName(f"no part {part!r}", where=self.name, fix="Parts: attn, mlp")
        return parts[part].weight

    # ---- decoding ----

    def open(self, rows: int, capacity: int) -> KeyValue:
        c = self.config
        if capacity > c.context:
            raise ClaimsError(
                f"{capacity} positions do not fit in a context of {c.context}",
                where=self.name,
                fix="Generate fewer tokens or use shorter prompts",
            )
        return KeyValue.empty(c.n_layers, c.n_heads, c.d_head, rows, capacity, like=self._embed)

    @torch.no_grad()
    def extend(self, state: KeyValue, tokens: Tensor, watch: Watch | None = None) -> Tensor:
        tapped = -1 if watch is None else _parse(watch.hook)[0]
        x = F.embedding(tokens, self._embed)
        for n, layer in enumerate(self._layers):
            tap = watch if n == tapped else None
            x = _tap(tap, n, "resid_pre", x)
            q, k, v = self._turn(layer.project(x), state.length)
            y = layer.out(state.attend(n, q, k, v))
            x = _tap(tap, n, "resid_mid", x + _tap(tap, n, "attn_out", y))
            y = layer.mlp(x)
            x = _tap(tap, n, "resid_post", x + _tap(tap, n, "mlp_out", y))
        state.length += tokens.shape[1]
        return self._logits(x[:, -1])

    def repeat(self, state: KeyValue, times: int) -> KeyValue:
        return state.select(torch.arange(state.rows).repeat(times))

    def keep(self, state: KeyValue, rows: Tensor) -> KeyValue:
        return state.select(rows)

    # ---- scoring ----

    @torch.no_grad()
    def clean(self, tokens: Tensor, hook: str, first: int, at: Tensor) -> Clean:
        self.check_site(hook)
        number, part = _parse(hook)
        carry = _Prefix(hook, None, {}, {})
        x = F.embedding(tokens, self._embed)
        for n in range(number):
            x = x + self._attend(n, x, 0, carry, 0)
            x = x + self._layers[n].mlp(x)
        base: Tensor | None = None
        site = x
        if part != "resid_pre":
            y = self._attend(number, x, 0, carry, 0)
            base, site = (x, y) if part == "attn_out" else (None, x + y)
            if part in ("mlp_out", "resid_post"):
                y = self._layers[number].mlp(site)
                base, site = (site, y) if part == "mlp_out" else (None, site + y)
        carry = _Prefix(hook, base, {}, {})
        logits: Readout = _nothing
        if len(at):
            logits = self._head(self._above(carry, site, 0, at, first))
        if base is not None:
            carry = _Prefix(hook, base[:, first:], carry.keys, carry.values)
        return Clean(site[:, first:], logits, first, carry)

    @torch.no_grad()
    def replay(self, clean: Clean, site: Tensor, at: Tensor) -> Readout:
        return self._head(self._above(clean.carry, site, clean.first, at, 0))

    def _above(self, carry: _Prefix, site: Tensor, first: int, at: Tensor, keep: int) -> Tensor:
        """From the site's activation [B, T, d] of columns ``first`` on to the last residual.

        Returns [K, d] at flat positions ``at``. With ``keep``, stores the keys and values of the
        columns before ``keep`` in ``carry``.
        """
        number, part = _parse(carry.hook)
        x = site if carry.base is None else carry.base + site
        for n in range(number, self.n_layers):
            here = n == number
            if not here or part == "resid_pre":
                x = x + self._attend(n, x, first, carry, keep)
            if n == self.n_layers - 1:
                x = x.flatten(0, 1)[at]
            if not here or part in ("resid_pre", "attn_out", "resid_mid"):
                x = x + self._layers[n].mlp(x)
        return x

    def _attend(self, n: int, x: Tensor, first: int, carry: _Prefix, keep: int) -> Tensor:
        """Causal attention of columns ``first`` on, the earlier ones' keys and values given."""
        layer = self._layers[n]
        q, k, v = (t.transpose(1, 2) for t in self._turn(layer.project(x), first))  # [B, H, T, dh]
        if keep:
            carry.keys[n], carry.values[n] = k[:, :, :keep], v[:, :, :keep]
        if first:
            k, v = torch.cat([carry.keys[n], k], 2), torch.cat([carry.values[n], v], 2)
        y = causal(q, k, v)
        return layer.out(y.transpose(1, 2).flatten(2))

    def _turn(self, qkv: Tensor, start: int) -> tuple[Tensor, Tensor, Tensor]:
        """Rotated q (scaled) and k, and v, each [R, T, H, d_head], of qkv [R, T, 3 d]."""
        R, T, _ = qkv.shape
        c = self.config
        parts = qkv.view(R, T, 3, c.n_heads, c.d_head)
        cos, sin = self._cos[start : start + T], self._sin[start : start + T]
        half = c.d_head // 2
        qk = parts[:, :, :2]
        turned = qk * cos
        turned[..., :half].addcmul_(qk[..., half:], sin[..., :half])
        turned[..., half:].addcmul_(qk[..., :half], sin[..., half:])
        return turned[:, :, 0], turned[:, :, 1], parts[:, :, 2]

    def _logits(self, x: Tensor) -> Tensor:
        return self._unembed(
            F.rms_norm(x, (self.d_model,), self._norm_final, self.config.norm_eps)
        )

    def _head(self, x: Tensor) -> Readout:
        def readout(part: slice) -> Tensor:
            with torch.no_grad():
                return self._logits(x[part])

        return readout


def causal(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Causal attention of the last T of S positions: q [B, H, T, dh], scaled; k, v [B, H, S, dh]."""
    B, H, T, dh = q.shape
    S = k.shape[2]
    mask = torch.ones(T, S, dtype=torch.bool, device=q.device).tril(S - T)
    if dh > SMALL_HEAD:
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=1.0)
    # The fused kernel is made for wide heads; with narrow ones plain products are faster.
    above = q.new_zeros(T, S).masked_fill_(~mask, -torch.inf)
    flat = [x.reshape(B * H, -1, dh) for x in (q, k, v)]
    weight = torch.baddbmm(above, flat[0], flat[1].transpose(1, 2)).softmax(-1)
    return torch.bmm(weight, flat[2]).view(B, H, T, dh)


def load_native(folder: Path, dtype: str = "float32", device: str = "cpu") -> NativeModel:
    """Read a Hugging Face Llama checkpoint into the native decoder."""
    from harness.subject.checkpoint import load_decoder

    decoder = load_decoder(folder).to(device=device, dtype=getattr(torch, dtype))
    return NativeModel(decoder, name=folder.name)


def _tap(watch: Watch | None, layer: int, part: str, x: Tensor) -> Tensor:
    if watch is None or watch.hook != f"blocks.{layer}.hook_{part}":
        return x
    return watch(x)


def _parse(hook: str) -> tuple[int, str]:
    _, layer, name = hook.split(".")
    return int(layer), name.removeprefix("hook_")


def _nothing(part: slice) -> Tensor:
    return torch.empty(0)
