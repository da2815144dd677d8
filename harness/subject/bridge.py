"""The reference backend: TransformerLens's bridge behind the ``Model`` protocol.

The bridge runs as the library boots it: raw Hugging Face weights, compatibility mode off (turning
it on changes residual norms and cannot be undone, so ``mode`` records that it is off). Edits are
hooks, generation uses Hugging Face's own cache, scoring runs the whole model per condition.

One site is mended. The library's ``hook_resid_mid`` sits on the input of the MLP's norm, so an edit
there would miss the skip connection; here it changes the residual itself, as in the native backend:
the change is added to what the attention writes.

Not covered: gated hooks (they raise :class:`NothingFired`), sites that are neither as wide as the
residual nor the MLP's neurons, encoder-decoder and left-padded models.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor

from harness.errors import ClaimsError, NothingFired, UnknownName
from harness.subject.backend import (
    NEURONS,
    Clean,
    Replay,
    Watch,
    require_width,
    unknown_site,
    width,
)
from harness.subject.foreign import check_checkpoint
from harness.subject.reading import Readout, Whole

MID = ".hook_resid_mid"
MIXED = ".attn.hook_z"
"""What the heads mix, [B, T, heads, d_head]; sites are [B, T, d_model], so it is laid flat."""
DOWN = ".mlp.out.hook_in"
"""Where the library keeps ``mlp.hook_post``, which it does not list."""
FOREIGN = (
    *(ArithmeticError, AssertionError, AttributeError, ImportError, LookupError),
    *(OSError, RuntimeError, TypeError, ValueError, SafetensorError),
)
"""What other libraries raise for a checkpoint whose parts do not belong together."""


@dataclass
class BridgeState:
    """Hugging Face's cache object (None when empty), its length and the most it may hold."""

    cache: Any
    rows: int
    capacity: int
    length: int = 0


class BridgeModel:
    """A ``TransformerBridge`` as a ``Model``."""

    exact_rows = False

    def __init__(self, bridge: Any, name: str = "bridge") -> None:
        self.bridge, self.name = bridge, name
        on = bool(getattr(bridge, "compatibility_mode", False))
        self.mode = f"bridge, compatibility mode {'on' if on else 'off'}"
        self.n_layers, self.d_model = int(bridge.cfg.n_layers), int(bridge.cfg.d_model)
        self.n_heads, self.d_mlp = int(bridge.cfg.n_heads), int(bridge.cfg.d_mlp or 0)
        self.vocab, self.context = int(bridge.cfg.d_vocab), int(bridge.cfg.n_ctx)
        known = [str(k) for k in bridge.hook_dict]
        neurons = [k.removesuffix(DOWN) + NEURONS for k in known if k.endswith(DOWN)]
        self._known = tuple(dict.fromkeys([*known, *neurons]))

    def sites(self) -> tuple[str, ...]:
        return self._known

    def check_site(self, hook: str) -> None:
        if hook not in self._known:
            raise unknown_site(hook, self.name, self._known)

    def logits(self, tokens: Tensor, watch: Watch | None = None) -> Tensor:
        with torch.no_grad(), self._watching(watch):
            out: Tensor = self.bridge(tokens, return_type="logits")
        return out

    def activations(self, tokens: Tensor, hook: str) -> Tensor:
        return self._capture(tokens, hook)[0]

    def lens(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            out: Tensor = self.bridge.unembed(self.bridge.ln_final(x))
        return out

    def patterns(self, tokens: Tensor, layer: int) -> Tensor:
        seen: list[Tensor] = []

        def look(x: Tensor, hook: Any) -> None:
            seen.append(x.detach())

        hook = f"blocks.{layer}.attn.hook_pattern"
        self.check_site(hook)
        with torch.no_grad(), self.bridge.hooks(fwd_hooks=[(hook, look)]):
            self.bridge(tokens, return_type="logits")
        if not seen:
            raise NothingFired(f"the hook at {hook!r} never fired", where=self.name)
        return seen[-1]

    def gradient(
        self,
        tokens: Tensor,
        hook: str,
        goal: Callable[[Tensor], Tensor],
        shift: Tensor | None = None,
    ) -> Tensor:
        leaves: list[Tensor] = []

        def cut(x: Tensor) -> Tensor:
            moved = x.detach().clone() if shift is None else x.detach() + shift.to(x)
            leaves.append(moved.requires_grad_())
            return leaves[-1]

        with torch.enable_grad(), self._watching(Watch(hook, cut)):
            value = goal(self.bridge(tokens, return_type="logits"))
            (out,) = torch.autograd.grad(value, leaves[-1])
        return out

    def output_matrix(self, part: str, layer: int) -> Tensor:
        if part == "attn":
            out: Tensor = self.bridge.W_O[layer].flatten(0, 1).T.detach()
            return out
        if part == "mlp":
            out = self.bridge.W_out[layer].T.detach()
            return out
        raise UnknownName(f"no part {part!r}", where=self.name, fix="Parts: attn, mlp")

    # ---- decoding ----

    def open(self, rows: int, capacity: int) -> BridgeState:
        return BridgeState(None, rows, capacity)

    def extend(self, state: BridgeState, tokens: Tensor, watch: Watch | None = None) -> Tensor:
        rows, new = tokens.shape
        total = state.length + new
        extra: dict[str, Any] = {"use_cache": True}
        if state.cache is not None:
            place = torch.arange(state.length, total, device=tokens.device)
            extra["past_key_values"] = state.cache
            extra["attention_mask"] = tokens.new_ones(rows, total)
            extra["position_ids"] = place.expand(rows, new)
        with torch.no_grad(), self._watching(watch):
            logits, state.cache = self.bridge(tokens, return_type="logits_and_cache", **extra)
        state.length = total
        out: Tensor = logits[:, -1]
        return out

    def repeat(self, state: BridgeState, times: int) -> BridgeState:
        return self.keep(state, torch.arange(state.rows).repeat(times))

    def keep(self, state: BridgeState, rows: Tensor) -> BridgeState:
        cache = copy.copy(state.cache)
        if cache is not None:
            # Selecting rows rebinds a layer's tensors, so a shallow copy leaves the old one alone.
            cache.layers = [copy.copy(layer) for layer in cache.layers]
            cache.batch_select_indices(rows)
        return BridgeState(cache, len(rows), state.capacity, state.length)

    def share(self, state: BridgeState, rows: Tensor, hook: str) -> BridgeState:
        return self.keep(state, rows)

    # ---- scoring ----

    def clean(self, tokens: Tensor, hook: str, first: int, at: Tensor) -> Clean:
        site, logits = self._capture(tokens, hook)
        return Clean(site[:, first:], Whole(logits.flatten(0, 1)[at]), first, (hook, tokens))

    def replay(self, clean: Clean, at: Tensor, changed: Tensor | None = None) -> Replay:
        hook, tokens = clean.carry

        def run(site: Tensor, shift: Tensor | None = None) -> Readout:
            watch = Watch(hook, lambda x: torch.cat([x[:, : clean.first], site], 1))
            logits = self.logits(tokens, watch)[:, clean.first :]
            return Whole(logits.flatten(0, 1)[at])

        return run

    def _capture(self, tokens: Tensor, hook: str) -> tuple[Tensor, Tensor]:
        self.check_site(hook)
        seen: list[Tensor] = []

        def look(x: Tensor) -> Tensor:
            seen.append(x.detach())
            return x

        logits = self.logits(tokens, Watch(hook, look))
        return seen[-1], logits

    @contextmanager
    def _watching(self, watch: Watch | None) -> Iterator[None]:
        """Attach the watch's hooks, run, take them off, and insist that they fired."""
        if watch is None:
            yield
            return
        self.check_site(watch.hook)
        before = watch.calls
        try:
            with self.bridge.hooks(fwd_hooks=self._hooks(watch)):
                yield
        except ValueError as error:
            if "Cannot add hook" not in str(error):
                raise
            raise NothingFired(
                f"the hook at {watch.hook!r} would never fire ({error})",
                where=self.name,
                fix="Use a residual site such as blocks.2.hook_resid_post",
            ) from error
        if watch.calls == before:
            watch.calls = 0
            watch.require_fired(self.name)

    def _hooks(self, watch: Watch) -> list[tuple[str, Callable[..., Tensor | None]]]:
        if not watch.hook.endswith(MID):

            def rewrite(x: Tensor, hook: Any) -> Tensor:
                flat = x.flatten(2) if watch.hook.endswith(MIXED) else x
                require_width(flat, width(self, watch.hook), watch.hook, self.name)
                return watch(flat).view_as(x)

            if watch.hook.endswith(NEURONS):
                return [(watch.hook.removesuffix(NEURONS) + DOWN, rewrite)]
            return [(watch.hook, rewrite)]
        block = watch.hook.removesuffix(MID)
        entering: list[Tensor] = []

        def enter(x: Tensor, hook: Any) -> None:
            entering.append(x)

        def write(y: Tensor, hook: Any) -> Tensor:
            middle = entering[-1] + y
            return y + (watch(middle) - middle)

        return [(f"{block}.hook_resid_pre", enter), (f"{block}.hook_attn_out", write)]


def load_bridge(folder: Path, dtype: str = "float32", device: str = "cpu") -> BridgeModel:
    """Boot TransformerLens's bridge on a checkpoint folder (with its tokenizer); no network.

    Raises :class:`ClaimsError` for a folder that holds more than data (``harness.subject.foreign``)
    and for one that the libraries cannot make a model of.
    """
    check_checkpoint(folder)  # before the libraries are even imported
    from transformer_lens.model_bridge import TransformerBridge

    try:
        bridge = TransformerBridge.boot_transformers(
            str(folder), device=device, dtype=getattr(torch, dtype)
        )
    except FOREIGN as error:
        words = str(error).split("\n", 1)[0][:200]
        raise ClaimsError(
            f"transformers cannot load it ({type(error).__name__}: {words})",
            where=str(folder),
            fix="Check that config.json, weights and tokenizer belong together",
        ) from error
    return BridgeModel(bridge, name=folder.name)
