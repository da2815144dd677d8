"""What the engine needs of a model, whichever library runs it: the ``Model`` protocol.

Two backends implement it: :class:`harness.subject.native.NativeModel` (our own decoder, fast) and
:class:`harness.subject.bridge.BridgeModel` (TransformerLens's bridge, the reference). Sites carry
TransformerLens's names; a site's activation is [rows, positions, d], with d = d_model at every site
but ``mlp.hook_post``, which is d_mlp wide.

Not covered: which positions are edited and how (``harness.intervene``), sampling and scoring
(``harness.readout``), sites of other shapes (single heads, patterns).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from harness.errors import ClaimsError, NothingFired, UnknownName, nearest
from harness.subject.reading import Readout

BACKENDS = ("native", "bridge")

SiteFunction = Callable[[Tensor], Tensor]
"""Maps a site's activation [R, T, d] to what takes its place; must not write into its argument."""

NEURONS = ".mlp.hook_post"
"""The end of the name of a site that carries the MLP's neurons."""


class Replay(Protocol):
    """Runs what lies above a site."""

    def __call__(self, site: Tensor, shift: Tensor | None = None) -> Readout:
        """With an activation [B, T - first, d] in the clean one's place. ``shift`` [d]: the one
        vector by which it differs at all the changed positions, where that is what it does: the
        first projection above is then linear in it."""


@dataclass
class Watch:
    """A function at one site, and how often the model called it."""

    hook: str
    function: SiteFunction
    calls: int = 0

    def __call__(self, x: Tensor) -> Tensor:
        self.calls += 1
        return self.function(x)

    def require_fired(self, model: str) -> None:
        """Raise :class:`NothingFired` if the site never came by."""
        if self.calls == 0:
            raise NothingFired(
                f"the hook at {self.hook!r} never fired",
                where=model,
                fix="The site exists but is not computed in this mode (gated hooks need a flag); "
                "use a residual site such as blocks.2.hook_resid_post",
            )


@dataclass(frozen=True)
class Clean:
    """A run without any edit, kept so that what lies above the site can be replayed.

    ``site``: activation [B, T - first, d] at the positions from column ``first`` on; ``readout``:
    what can be read at the positions that were asked for; ``carry``: the backend's own.
    """

    site: Tensor
    readout: Readout
    first: int
    carry: Any


@runtime_checkable
class Model(Protocol):
    """A causal language model with named sites. No method changes the model."""

    name: str
    mode: str
    """Backend and settings that change what a norm means, in words."""
    n_layers: int
    n_heads: int
    d_model: int
    d_mlp: int
    vocab: int
    context: int
    exact_rows: bool
    """True if a row's numbers do not depend on how its prompt is cut into calls, so that a clean
    prefix may be shared without changing a bit."""

    def sites(self) -> tuple[str, ...]: ...

    def check_site(self, hook: str) -> None:
        """Raise :class:`UnknownName`, naming the nearest, unless edits at ``hook`` act."""

    def logits(self, tokens: Tensor, watch: Watch | None = None) -> Tensor:
        """Logits [B, T, V] of tokens [B, T], with one site rewritten if ``watch`` is given."""

    def activations(self, tokens: Tensor, hook: str) -> Tensor:
        """Activation [B, T, d] at ``hook`` for tokens [B, T]."""

    def lens(self, x: Tensor) -> Tensor:
        """Logits [..., V] that the last norm and the unembedding give for residuals [..., d]."""

    def patterns(self, tokens: Tensor, layer: int) -> Tensor:
        """Attention probabilities [B, heads, T, T] of a block, queries before keys."""

    def gradient(
        self,
        tokens: Tensor,
        hook: str,
        goal: Callable[[Tensor], Tensor],
        shift: Tensor | None = None,
    ) -> Tensor:
        """Gradient [B, T, d] of the scalar ``goal(logits [B, T, V])`` wrt the site's activation,
        where that has been moved by ``shift`` [B, T, d] if it is given."""

    def output_matrix(self, part: str, layer: int) -> Tensor:
        """Matrix [d, m] by which ``part`` (``attn`` or ``mlp``) of a block writes the residual."""

    def open(self, rows: int, capacity: int) -> Any:
        """An empty key-value state for ``rows`` rows of at most ``capacity`` positions."""

    def extend(self, state: Any, tokens: Tensor, watch: Watch | None = None) -> Tensor:
        """Append tokens [R, T] to the state; logits [R, V] after the last of them."""

    def repeat(self, state: Any, times: int) -> Any:
        """A new state with the rows ``times`` over: row order (repetition, row)."""

    def keep(self, state: Any, rows: Tensor) -> Any:
        """A new state with only the rows at these indices [k]."""

    def share(self, state: Any, rows: Tensor, hook: str) -> Any:
        """As :meth:`keep`, for rows that will be edited at ``hook`` only: what those with the same
        tokens have in common below it may be computed once. For a state that :meth:`open` made."""

    def clean(self, tokens: Tensor, hook: str, first: int, at: Tensor) -> Clean:
        """Run tokens [B, T]; ``at`` [K], all different: flat positions (row * T + column) to read
        logits at."""

    def replay(self, clean: Clean, at: Tensor, changed: Tensor | None = None) -> Replay:
        """Prepare runs of what lies above the site.

        ``at`` [K], all different, counts flat positions in the shortened columns: row * (T - first)
        + column, and so does ``changed``, the positions where the sites to come differ from the
        clean run (None: any). Only positions that the clean run read can be read.
        """


def load_model(
    folder: Path, backend: str = "native", dtype: str = "float32", device: str = "cpu"
) -> Model:
    """Load a Hugging Face checkpoint folder. Raises :class:`UnknownName` for an unknown backend."""
    if backend == "native":
        from harness.subject.native import load_native

        return load_native(folder, dtype=dtype, device=device)
    if backend == "bridge":
        from harness.subject.bridge import load_bridge

        return load_bridge(folder, dtype=dtype, device=device)
    raise UnknownName(
        f"no backend {backend!r}",
        where="subject.backend",
        fix=f"Nearest backends: {nearest(backend, BACKENDS)}",
    )


def unknown_site(hook: str, model: str, known: tuple[str, ...]) -> UnknownName:
    """The error for a site that is not there."""
    return UnknownName(
        f"no site {hook!r}", where=model, fix=f"Nearest sites: {nearest(hook, known)}"
    )


def width(model: Model, hook: str) -> int:
    """How many numbers a site's activation has per position."""
    return model.d_mlp if hook.endswith(NEURONS) else model.d_model


def require_width(x: Tensor, wanted: int, hook: str, model: str) -> None:
    """Raise unless the activation is [R, T, wanted]."""
    if x.dim() != 3 or x.shape[-1] != wanted:
        raise ClaimsError(
            f"site {hook!r} carries {list(x.shape)}, not [rows, positions, {wanted}]",
            where=model,
            fix="Edits act on the residual width and on the MLP's neurons; use hook_resid_*, "
            "hook_attn_out, hook_mlp_out, attn.hook_z or mlp.hook_post",
        )
