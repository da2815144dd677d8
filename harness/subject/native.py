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
from dataclasses import dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from harness.errors import ClaimsError, UnknownName
from harness.subject.backend import Clean, Readout, Watch, unknown_site
from harness.subject.decoder import Block, Decoder
from harness.subject.keyvalue import KeyValue
from harness.subject.layer import Layer, Past, Rotation, causal, normalise, remember
from harness.subject.packed import Packed


@dataclass(frozen=True)
class _Prefix:
    """What a replay needs of a clean run: the residual that the site is added to (None where the
    site is the residual itself); per block above, keys and values of the columns before; and what
    the first attention above the site projects, [B, T - first, 3 d]."""

    hook: str
    base: Tensor | None
    past: dict[int, Past]
    projected: list[Tensor]


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
        self._layers = tuple(Layer.of(b) for b in blocks)
        self._embed = decoder.embed.detach()
        head = decoder.embed if decoder.unembed is None else decoder.unembed
        self._unembed = Packed(head * decoder.norm_final)
        cos, sin = decoder.get_buffer("cos"), decoder.get_buffer("sin")
        self._rotation = Rotation(cos, sin, config.n_heads)

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
            q, k, v = self._rotation.turn(layer.project(x), state.length)
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
        carry = _Prefix(hook, None, {}, [])
        x = F.embedding(tokens, self._embed)
        for layer in self._layers[:number]:
            x = x + layer.out(self._attend(layer.project(x)))
            x = x + layer.mlp(x)
        base: Tensor | None = None
        site, layer = x, self._layers[number]
        if part != "resid_pre":
            y = layer.out(self._attend(layer.project(x)))
            base, site = (x, y) if part == "attn_out" else (None, x + y)
            if part in ("mlp_out", "resid_post"):
                y = layer.mlp(site)
                base, site = (site, y) if part == "mlp_out" else (None, site + y)
        carry = _Prefix(hook, base, {}, [])
        logits: Readout = _nothing
        if len(at):
            logits = self._head(self._above(carry, site, 0, at, first, None))
        if base is not None:
            carry = replace(carry, base=base[:, first:])
        return Clean(site[:, first:], logits, first, carry)

    @torch.no_grad()
    def replay(
        self, clean: Clean, site: Tensor, at: Tensor, changed: Tensor | None = None
    ) -> Readout:
        return self._head(self._above(clean.carry, site, clean.first, at, None, changed))

    def _above(
        self,
        carry: _Prefix,
        site: Tensor,
        first: int,
        at: Tensor,
        keep: int | None,
        changed: Tensor | None,
    ) -> Tensor:
        """From the site's activation [B, T, d] of columns ``first`` on to the last residual.

        Returns [K, d] at flat positions ``at``. With ``keep`` (a clean run), stores in ``carry``
        the keys and values of the columns before it and the first projection of those after. With
        ``changed``, the flat positions where ``site`` differs from the clean run, projects only
        those anew.
        """
        number, part = _parse(carry.hook)
        whole = (site if carry.base is None else carry.base + site).flatten(0, 1)
        B, T, _ = site.shape
        where, take = _reach(at, B, T)
        x = whole[where]
        direct = part in ("resid_pre", "mlp_out", "resid_post")
        for n in range(number, self.n_layers):
            layer, here, last = self._layers[n], n == number, n == self.n_layers - 1
            rows = at if last else where
            if not here or part == "resid_pre":
                entry = direct and n == number + (part != "resid_pre")
                if entry and changed is not None:
                    new = layer.project(whole[changed])
                    qkv = carry.projected[0].flatten(0, 1).index_copy(0, changed, new)
                else:
                    new = layer.project(x)
                    qkv = new.new_zeros(B * T, new.shape[1]).index_copy_(0, where, new)
                qkv = qkv.view(B, T, -1)
                if entry and keep is not None:
                    carry.projected.append(qkv[:, keep:])
                y = self._attend(qkv, n, first, carry, keep).flatten(0, 1)[rows]
                x = (x[take] if last else x) + layer.out(y)
            elif last:
                x = x[take]
            if not here or part in ("resid_pre", "attn_out", "resid_mid"):
                x = x + layer.mlp(x)
        return x

    def _attend(
        self,
        qkv: Tensor,
        n: int = 0,
        first: int = 0,
        carry: _Prefix | None = None,
        keep: int | None = None,
    ) -> Tensor:
        """Causal attention [B, T, d] of columns ``first`` on, the earlier ones' keys and values
        taken from ``carry`` (or those of columns before ``keep`` put there)."""
        q, k, v = self._rotation.turn(qkv, first)
        if keep and carry is not None:
            carry.past[n] = remember(k, v, keep)
        return causal(q, k, v, carry.past[n] if first and carry is not None else None)

    def _logits(self, x: Tensor) -> Tensor:
        return self._unembed(normalise(x, self.config.norm_eps))

    def _head(self, x: Tensor) -> Readout:
        def readout(part: slice) -> Tensor:
            with torch.no_grad():
                return self._logits(x[part])

        return readout


def load_native(folder: Path, dtype: str = "float32", device: str = "cpu") -> NativeModel:
    """Read a Hugging Face Llama checkpoint into the native decoder."""
    from harness.subject.checkpoint import load_decoder

    decoder = load_decoder(folder).to(device=device, dtype=getattr(torch, dtype))
    return NativeModel(decoder, name=folder.name)


def _reach(at: Tensor, rows: int, width: int) -> tuple[Tensor, Tensor]:
    """Flat positions [N] up to the last one read in each row, padding left out, and where among
    them the positions ``at`` [K] are."""
    extent = torch.zeros(rows, dtype=torch.int64)
    extent.scatter_reduce_(0, at // width, at % width + 1, "amax")
    where = (torch.arange(width) < extent[:, None]).flatten().nonzero().squeeze(1)
    place = torch.zeros(rows * width, dtype=torch.int64)
    place[where] = torch.arange(len(where))
    return where, place[at]


def _tap(watch: Watch | None, layer: int, part: str, x: Tensor) -> Tensor:
    if watch is None or watch.hook != f"blocks.{layer}.hook_{part}":
        return x
    return watch(x)


def _parse(hook: str) -> tuple[int, str]:
    _, layer, name = hook.split(".")
    return int(layer), name.removeprefix("hook_")


def _nothing(part: slice) -> Tensor:
    return torch.empty(0)
