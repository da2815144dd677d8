"""The parts that kinds are made of: readouts, parameters and their types, what methods need.

Not covered: the kinds themselves (``harness.claim.kinds``), tests (``harness.claim.rules``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

GENERATED = ("rate", "garbage_rate")
SCORED = ("onset_mass", "elsewhere_mass", "ordinary_loss", "kl")
LATER = ("fidelity", "placed", "repetition", "clean_nats", "format_valid")
READOUTS = GENERATED + SCORED + LATER
"""``rate`` and ``garbage_rate``: shares of generated steps. ``onset_mass``, ``elsewhere_mass``:
mean mass of the behaviour's opening tokens at onsets and in step bodies. ``ordinary_loss``: nats a
token over ordinary steps. ``kl``: from the clean model, nats a position at onsets.

``fidelity``: within texts, the chance that the likelier of two onsets under the task's law has more
mass. ``placed``: within generated rows, that the onset with the behaviour was the likelier one.
``repetition``: share of generated token 3-grams that occurred before. ``clean_nats``: of generated
text under the same model without edit, nats a token. ``format_valid``: share of generated rows
without garbage."""

DICTIONARIES = ("regulation", "standard", "random")
JUDGED = "judged"
"""Where a dose is asked for: the one that the claim's dose rule chose on the select split."""
HOST = "host"
"""Where a direction's role is asked for: the role of the arm that it is used in."""
AT_ARMS = ("arm", "arms", "minus", "over", "against", "controls")
"""Parameters whose arms are read at one dose: ``at``, or the judged one where a kind has no at."""
ORDERINGS = ("ordering", "dose-ordering")
"""Estimands whose members are differences of neighbours in a stated order."""
FEATURES, PROBED = "features", "probes"
"""Arms under which feature counts and probes are stored; no arm of a claim may be called so."""

Type = Literal[
    "arm", "arms", "role", "roles", "direction", "readout", "dose", "doses", "number", "flag",
    "word", "hook", "positions", "bounds", "probe", "name", "item", "classes", "count",
]  # fmt: skip


Scale = Literal["identity", "ratio", "means"]
"""Of a replicate's number: as it is, a ratio (tested on logarithms), or two whose means are
divided."""


@dataclass(frozen=True)
class Param:
    """One parameter. ``low``/``high`` are closed bounds, ``above`` an open one; ``keys`` are those
    of a ``bounds`` mapping. An optional one that is absent takes ``default`` (None: stays away)."""

    name: str
    type: Type
    doc: str
    required: bool = True
    default: Any = None
    choices: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    above: float | None = None


@dataclass(frozen=True)
class Kind:
    """One kind: what it means in a line, whence, and its parameters. ``intervened`` names the arm
    parameters that must intervene; ``features`` marks counts of dictionary features; ``tests`` are
    the only kinds of test that suit it (empty: all that suit its shape)."""

    name: str
    doc: str
    params: tuple[Param, ...]
    source: str = ""
    scale: Scale = "identity"
    family: bool = False
    features: bool = False
    intervened: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(p.name for p in self.params if p.required)

    @property
    def optional(self) -> tuple[str, ...]:
        return tuple(p.name for p in self.params if not p.required)


@dataclass(frozen=True)
class MethodNeeds:
    """What a fitting method needs: each of the roles ``required``, ``optional`` or ``refused``."""

    positive: Literal["required", "optional", "refused"]
    negative: Literal["required", "optional", "refused"]


METHOD_NEEDS: Mapping[str, MethodNeeds] = {
    "mean-difference": MethodNeeds("required", "required"),
    "mean-activation": MethodNeeds("required", "refused"),
    "behaviour-contrast": MethodNeeds("required", "refused"),
    "gradient": MethodNeeds("refused", "refused"),
    "gradient-positive": MethodNeeds("required", "refused"),
    "logistic": MethodNeeds("required", "required"),
    "logistic-behaviour": MethodNeeds("required", "refused"),
    "pca-difference": MethodNeeds("required", "required"),
    "pca-within": MethodNeeds("required", "refused"),
    "svd-mlp": MethodNeeds("required", "optional"),
    "svd-attention": MethodNeeds("required", "optional"),
    "optimised": MethodNeeds("refused", "refused"),
    "dictionary-row": MethodNeeds("required", "required"),
    "from-file": MethodNeeds("refused", "refused"),
}
