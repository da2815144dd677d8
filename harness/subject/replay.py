"""What lies above a site, prepared once for the positions read and then run once per condition.

Rows are laid one after another: those of the positions read first, then the others up to the last
one read in each text. The last block's output and MLP run at positions read only; the first
attention above the site projects anew only where an edit changed its input: if the matrix is large,
what was added there once, and not in every row.

Not covered: decoding (``keyvalue``), gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from harness.subject.attention import Attention, Past
from harness.subject.layer import Layer, length, normalise
from harness.subject.packed import Product
from harness.subject.reading import Hidden, Readout

BEFORE_MLP = ("resid_pre", "z", "attn_out", "resid_mid")
"""Sites of a block whose MLP runs after them."""
BETWEEN = ("z", "attn_out", "resid_mid")
"""Those of them that come after the attention: what attends next projects anew at all positions."""
WRITTEN = ("z", "post")
"""Sites before a matrix that writes into the residual."""


@dataclass(frozen=True)
class Stack:
    """What scoring needs of a model: its layers, projecting (head, rest, half); the unembedding
    with the last norm's weight in it; ``turn`` [context, d_head / 2], complex; whether rows may
    agree with others to rounding only."""

    layers: tuple[Layer, ...]
    unembed: Product
    eps: float
    n_heads: int
    turn: Tensor
    rounded: bool = False

    def quick(self) -> Stack:
        """The same, as fast as can be: rows agree to rounding."""
        layers = tuple(layer.quick() for layer in self.layers)
        return Stack(layers, self.unembed.quick(), self.eps, self.n_heads, self.turn, True)

    def readout(self, x: Tensor) -> Readout:
        """What can be read from the last residual [K, d]."""
        return Hidden(normalise(x, self.eps), self.unembed)


@dataclass(frozen=True)
class Prefix:
    """What a replay needs of a clean run: the residual that the site is added to (None where the
    site is the residual itself), [B, T - first, d]; per block above, keys and values of the columns
    before; and what the first attention above the site projects, [B, T - first, 3 d], and the
    length by which its input was divided, [B, T - first, 1] (None where an MLP comes before it, or
    nothing was read)."""

    hook: str
    base: Tensor | None
    past: dict[int, Past] = field(default_factory=dict)
    projected: Tensor | None = None
    length: Tensor | None = None


class Above:
    """The blocks above a site, for the flat positions ``at`` [K], all different, of texts [B, T]
    whose columns start at ``first``.

    ``changed``: the flat positions where the site will differ from the clean run that ``prefix``
    is of; None: any. For a clean run, ``prefix`` has a hook and a base only.
    """

    def __init__(
        self,
        stack: Stack,
        prefix: Prefix,
        shape: tuple[int, int],
        first: int,
        at: Tensor,
        changed: Tensor | None = None,
    ) -> None:
        self.number, self.part = parse(prefix.hook)
        self.stack, self.prefix, self.shape, self.read = stack, prefix, shape, len(at)
        self.entry = self.number + (self.part != "resid_pre")  # the first block that attends
        self.where, place = _reach(at, *shape)
        self._attention = Attention(
            stack.turn, stack.n_heads, self.where, shape, first, stack.rounded
        )
        self._projected: Tensor | None = None
        self._product: Tensor | None = None
        self._changed = self._anew = self.where[:0]
        if changed is not None and prefix.projected is not None:
            self._projected = prefix.projected.flatten(0, 1)[self.where]
            self._changed = changed[place[changed] >= 0]
            self._anew = place[self._changed]
            splits = stack.rounded and stack.layers[self.entry].splits
            if splits and self.part not in WRITTEN and prefix.length is not None:
                undone = prefix.length.flatten(0, 1)[self._changed]
                self._product = self._projected[self._anew].mul_(undone)

    def __call__(self, site: Tensor, shift: Tensor | None = None) -> Tensor:
        """The last residual [K, d] at ``at`` for the site's activation [B, T, d]. ``shift`` [d]:
        the vector by which it differs from the clean one wherever it does."""
        return self._run(site, None, shift)

    def clean(self, site: Tensor, keep: int) -> tuple[Tensor, Prefix]:
        """The same, and what replays of columns ``keep`` on need of this run."""
        past: dict[int, Past] = {}
        entry: list[Tensor] = []

        def see(n: int, x: Tensor, qkv: Tensor) -> None:
            if keep:
                past[n] = self._attention.remember(keep)
            if n == self.entry and self.part not in BETWEEN:
                for part in (qkv, length(x, self.stack.eps)):
                    full = part.new_zeros(self.shape[0] * self.shape[1], part.shape[1])
                    full[self.where] = part
                    entry.append(full.view(*self.shape, -1)[:, keep:])

        x, base = self._run(site, see), self.prefix.base
        base = None if base is None else base[:, keep:]
        return x, Prefix(self.prefix.hook, base, past, *entry)

    def _run(
        self,
        site: Tensor,
        see: Callable[[int, Tensor, Tensor], None] | None,
        shift: Tensor | None = None,
    ) -> Tensor:
        base, layers = self.prefix.base, self.stack.layers
        if self.part in WRITTEN:
            layer = layers[self.number]
            write = layer.out if self.part == "z" else layer.down
            site = write(site.flatten(0, 1)).view(*site.shape[:2], -1)
        whole = (site if base is None else base + site).flatten(0, 1)
        x = whole.index_select(0, self.where)
        if not self.read:
            return x
        for n in range(self.number, len(layers)):
            layer, last, mixed = layers[n], n == len(layers) - 1, None
            if n >= self.entry:
                qkv = self._project(layer, n, x, whole, shift)
                mixed = self._attention(qkv, self.prefix.past.get(n))
                if see is not None:
                    see(n, x, qkv)
            if last:
                x = x[: self.read]
            if mixed is not None:
                x += layer.out(mixed[: len(x)])
            if n > self.number or self.part in BEFORE_MLP:
                x += layer.mlp(x)
        return x

    def _project(
        self, layer: Layer, n: int, x: Tensor, whole: Tensor, shift: Tensor | None
    ) -> Tensor:
        if n > self.entry or self._projected is None:
            return layer.project(x)
        # Every run overwrites the same rows, so that the others stay those of the clean run.
        rows = whole.index_select(0, self._changed)
        if self._product is None or shift is None:
            anew = layer.project(rows)
        else:
            anew = layer.project_sum(rows, self._product, shift)
        return self._projected.index_copy_(0, self._anew, anew)


def parse(hook: str) -> tuple[int, str]:
    """Block and part of a site's name."""
    _, layer, name = hook.split(".", 2)
    return int(layer), name.removeprefix("attn.").removeprefix("mlp.").removeprefix("hook_")


def _reach(at: Tensor, rows: int, width: int) -> tuple[Tensor, Tensor]:
    """Flat positions [N] up to the last one read in each row, padding left out, those read first;
    and where among them each of all flat positions is (-1: nowhere)."""
    extent = torch.zeros(rows, dtype=torch.int64)
    extent.scatter_reduce_(0, at // width, at % width + 1, "amax")
    needed = (torch.arange(width) < extent[:, None]).flatten()
    needed[at] = False
    where = torch.cat([at, needed.nonzero().squeeze(1)])
    place = torch.full((rows * width,), -1)
    place[where] = torch.arange(len(where))
    return where, place
