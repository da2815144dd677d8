"""The native backend: :class:`~harness.subject.decoder.Decoder` behind the ``Model`` protocol.

Linear layers run over all rows at once and attention per query position (``keyvalue``), so that a
row's numbers are the same alone, in a batch, and however its prompt is cut into calls. Scoring
replays only the blocks above the site, only from the first edited column on (``replay``), by
the quickest products: a replayed row agrees with other ways to it to rounding.

Not covered: families other than Llama's (the bridge), grouped key-value heads, a decoder whose
weights change after it was wrapped.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from harness.errors import ClaimsError, UnknownName
from harness.subject.attention import Attention, pair_order, pairs
from harness.subject.backend import Clean, Replay, Watch, unknown_site
from harness.subject.decoder import Block, Decoder
from harness.subject.keyvalue import KeyValue
from harness.subject.layer import Layer, Rotation, by_head, normalise
from harness.subject.packed import Packed
from harness.subject.reading import Readout
from harness.subject.replay import Above, Prefix, Stack, parse
from harness.subject.shared import Shared


class NativeModel:
    """A :class:`Decoder` as a ``Model``. The decoder's weights are read once, here."""

    exact_rows = True
    mode = "native"

    def __init__(self, decoder: Decoder, name: str = "native") -> None:
        config = decoder.config
        self.decoder, self.config, self.name = decoder.eval(), config, name
        self.n_layers, self.d_model = config.n_layers, config.d_model
        self.n_heads, self.d_mlp = config.n_heads, config.d_mlp
        self.vocab, self.context = config.vocab, config.context
        self._known = frozenset(decoder.sites())
        blocks = [b for b in decoder.blocks if isinstance(b, Block)]
        self._layers = tuple(Layer.of(b) for b in blocks)
        self._embed = decoder.embed.detach()
        head = decoder.embed if decoder.unembed is None else decoder.unembed
        self._unembed = Packed(head * decoder.norm_final)
        cos, sin = decoder.get_buffer("cos"), decoder.get_buffer("sin")
        self._rotation = Rotation(cos, sin, config.n_heads)
        order = pair_order(config.n_heads, config.d_model)
        layers = tuple(layer.ordered(order) for layer in self._layers)
        turn = pairs(cos, sin)
        self._stack = Stack(layers, self._unembed, config.norm_eps, config.n_heads, turn)
        self._quick = self._stack.quick()

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
        return self.replay(clean, at)(site).logits(slice(None)).view(*tokens.shape, -1)

    def activations(self, tokens: Tensor, hook: str) -> Tensor:
        return self.clean(tokens, hook, 0, tokens.new_zeros(0)).site

    @torch.no_grad()
    def lens(self, x: Tensor) -> Tensor:
        return self._logits(x.float())

    @torch.no_grad()
    def patterns(self, tokens: Tensor, layer: int) -> Tensor:
        x = self.activations(tokens, f"blocks.{layer}.hook_resid_pre")
        q, k, _ = self._rotation.turn(self._layers[layer].project(x), 0)
        B, T, H = *tokens.shape, self.config.n_heads
        weight = torch.bmm(by_head(q), by_head(k).transpose(1, 2)).view(B, H, T, T)
        hidden = torch.ones(T, T, dtype=torch.bool).tril().logical_not()
        return weight.masked_fill(hidden, -torch.inf).softmax(-1)

    def gradient(
        self,
        tokens: Tensor,
        hook: str,
        goal: Callable[[Tensor], Tensor],
        shift: Tensor | None = None,
    ) -> Tensor:
        self.check_site(hook)
        leaves: list[Tensor] = []

        def cut(name: str, x: Tensor) -> Tensor:
            if name != hook:
                return x
            moved = x.detach().clone() if shift is None else x.detach() + shift.to(x)
            leaves.append(moved.requires_grad_())
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
    def extend(
        self, state: KeyValue | Shared, tokens: Tensor, watch: Watch | None = None
    ) -> Tensor:
        if isinstance(state, Shared):
            if watch is not None and split_at(watch.hook) != state.split:
                raise ValueError(f"rows share what is below block {state.split}: {watch.hook}")
            x = F.embedding(tokens[state.follow(tokens, self.vocab)], self._embed)
            x = self._blocks(x, state.below, 0, None)[state.which]
            if watch is not None and state.split > parse(watch.hook)[0]:
                x = watch(x)
            x = self._blocks(x, state.above, state.split, watch)
        else:
            x = self._blocks(F.embedding(tokens, self._embed), state, 0, watch)
        state.length += tokens.shape[1]
        return self._logits(x[:, -1])

    def _blocks(self, x: Tensor, state: KeyValue, first: int, watch: Watch | None) -> Tensor:
        """The residual behind the blocks from ``first`` on that the state has."""
        tapped = -1 if watch is None else parse(watch.hook)[0]
        for n in range(state.n_layers):
            layer = self._layers[first + n]
            tap = watch if first + n == tapped else None
            x = _tap(tap, first + n, "resid_pre", x)
            q, k, v = self._rotation.turn(layer.project(x), state.length)
            y = layer.out(_tap(tap, first + n, "z", state.attend(n, q, k, v)))
            x = _tap(tap, first + n, "resid_mid", x + _tap(tap, first + n, "attn_out", y))
            y = layer.down(_tap(tap, first + n, "post", layer.neurons(x)))
            x = _tap(tap, first + n, "resid_post", x + _tap(tap, first + n, "mlp_out", y))
        return x

    def repeat(self, state: KeyValue | Shared, times: int) -> KeyValue | Shared:
        return state.select(torch.arange(state.rows).repeat(times))

    def keep(self, state: KeyValue | Shared, rows: Tensor) -> KeyValue | Shared:
        return state.select(rows)

    def share(self, state: KeyValue, rows: Tensor, hook: str) -> KeyValue | Shared:
        split = split_at(hook)
        return Shared.of(state, rows, split) if split else state.select(rows)

    # ---- scoring ----

    @torch.no_grad()
    def clean(self, tokens: Tensor, hook: str, first: int, at: Tensor) -> Clean:
        self.check_site(hook)
        number, part = parse(hook)
        shape = (tokens.shape[0], tokens.shape[1])
        everywhere = torch.arange(tokens.numel())
        attention = Attention(self._stack.turn, self.config.n_heads, everywhere, shape, 0)
        x = F.embedding(tokens.flatten(), self._embed)
        for layer in self._stack.layers[:number]:
            x += layer.out(attention(layer.project(x), None))
            x += layer.mlp(x)
        base: Tensor | None = None
        site, layer = x, self._stack.layers[number]
        if part != "resid_pre":
            z = attention(layer.project(x), None)
            y = z if part == "z" else layer.out(z)
            base, site = (x, y) if part in ("z", "attn_out") else (None, x + y)
            if part in ("post", "mlp_out", "resid_post"):
                y = layer.neurons(site) if part == "post" else layer.mlp(site)
                base, site = (None, site + y) if part == "resid_post" else (site, y)
        site = site.view(*shape, -1)
        prefix = Prefix(hook, None if base is None else base.view(*shape, -1))
        x, prefix = Above(self._stack, prefix, shape, 0, at).clean(site, first)
        return Clean(site[:, first:].contiguous(), self._stack.readout(x), first, prefix)

    @torch.no_grad()
    def replay(self, clean: Clean, at: Tensor, changed: Tensor | None = None) -> Replay:
        prefix: Prefix = clean.carry
        shape = (clean.site.shape[0], clean.site.shape[1])
        stack = self._quick
        above = Above(stack, prefix, shape, clean.first, at, changed)

        def run(site: Tensor, shift: Tensor | None = None) -> Readout:
            with torch.no_grad():
                return stack.readout(above(site, shift))

        return run

    def _logits(self, x: Tensor) -> Tensor:
        return self._unembed(normalise(x, self.config.norm_eps))


def load_native(folder: Path, dtype: str = "float32", device: str = "cpu") -> NativeModel:
    """Read a Hugging Face Llama checkpoint into the native decoder."""
    from harness.subject.checkpoint import load_decoder

    decoder = load_decoder(folder).to(device=device, dtype=getattr(torch, dtype))
    return NativeModel(decoder, name=folder.name)


def split_at(hook: str) -> int:
    """How many blocks lie wholly below a site."""
    number, part = parse(hook)
    return number + (part == "resid_post")


def _tap(watch: Watch | None, layer: int, part: str, x: Tensor) -> Tensor:
    if watch is None or parse(watch.hook) != (layer, part):
        return x
    return watch(x)
