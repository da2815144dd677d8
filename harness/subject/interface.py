"""The interface to subjects: what a recipe names and what its builder must be able to do.

A *family* is a set of matched models built from one recipe: one member per role, one replicate per
training seed. ``models/`` (the user's code) implements :class:`Builder` and :class:`Task`; the
harness only ever sees them through these protocols. Nothing here imports torch at run time.

Not covered: how a model is trained (``models/``), how it is run (``harness.subject.decoder``,
``harness.subject.bridge``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor

SPLITS = ("fit", "select", "explore", "confirm")
"""``fit`` directions and dictionaries; ``select`` doses and features; ``explore`` anything;
``confirm`` once per attempt, with seeds derived from the lock."""


@dataclass(frozen=True)
class RoleSpec:
    """One member of the family: ``replicates`` caps how many replicates train it (None: all)."""

    name: str
    params: Mapping[str, Any] = field(default_factory=dict)
    parent: str | None = None
    replicates: int | None = None


@dataclass(frozen=True)
class DictionarySpec:
    """Sparse dictionaries to train on each named role at each named hook point."""

    roles: tuple[str, ...]
    hooks: tuple[str, ...]
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """A parsed recipe file. ``builder`` is ``module:attribute`` relative to the workspace root.

    ``given`` are files and folders of the workspace that the builder reads: corpora, word lists,
    checkpoints to start from.
    """

    id: str
    file: str
    builder: str
    params: Mapping[str, Any]
    roles: tuple[RoleSpec, ...]
    dictionaries: DictionarySpec | None = None
    given: tuple[str, ...] = ()

    def role(self, name: str) -> RoleSpec:
        """The role called ``name``. Raises :class:`UnknownName`."""
        for spec in self.roles:
            if spec.name == name:
                return spec
        from harness.errors import UnknownName, nearest

        known = tuple(r.name for r in self.roles)
        raise UnknownName(
            f"no role {name!r} in recipe {self.id!r}",
            where=self.file,
            fix=f"Nearest roles: {nearest(name, known)}",
        )


@dataclass(frozen=True)
class Prompts:
    """Prompts of one fixed length: ``tokens`` [P, Tp] int64, ``stratum`` one label per prompt."""

    tokens: Tensor
    stratum: tuple[str, ...]


@dataclass(frozen=True)
class Texts:
    """Teacher-forced texts, right-padded: ``tokens`` [B, T] int64, ``lengths`` [B] int64.

    Row ``i`` of two variants of the same (split, n, seed) is the same underlying item, so that
    variants can be matched.
    """

    tokens: Tensor
    lengths: Tensor
    stratum: tuple[str, ...]
    variant: str


@dataclass(frozen=True)
class Grade:
    """What generated rows contain, each [B] int64: steps, of these behaviour and garbage."""

    steps: Tensor
    behaviour: Tensor
    garbage: Tensor


@runtime_checkable
class Task(Protocol):
    """The text side of a family: prompts, texts, position classes, token sets, the grader."""

    @property
    def vocab_size(self) -> int: ...
    @property
    def pad_id(self) -> int: ...
    @property
    def end_id(self) -> int: ...
    @property
    def position_classes(self) -> tuple[str, ...]: ...
    @property
    def variants(self) -> tuple[str, ...]:
        """Text variants; the first is the plain one."""

    @property
    def token_sets(self) -> Mapping[str, tuple[int, ...]]:
        """Named sets of token ids; ``behaviour`` (words that open the behaviour) is required."""

    def positions(self, name: str, tokens: Tensor) -> Tensor:
        """Boolean [B, T]: the positions of class ``name``.

        Causal: whether position t belongs may depend on tokens[:, :t+1] only, because generation
        asks before later tokens exist. Raises :class:`UnknownName`.
        """

    def prompts(self, split: str, n: int, seed: int) -> Prompts: ...

    def texts(self, split: str, n: int, seed: int, variant: str) -> Texts: ...

    def grade(self, prompts: Tensor, generated: Tensor) -> Grade:
        """Grade generated tokens [B, N] that follow prompts [B, Tp]; pad/end ends a row."""

    def decode(self, tokens: Tensor) -> str:
        """Readable text of one row [T]."""


@runtime_checkable
class Lawful(Protocol):
    """What a task may offer besides: the chance that its law gives the behaviour."""

    def hazard(self, tokens: Tensor) -> Tensor:
        """Chance [B, T] (float) that the behaviour comes after each step onset of tokens [B, T];
        NaN elsewhere.

        By the law that the models with the behaviour were trained on, whatever text this is: in a
        text without the behaviour it says where the law would put it. Causal, as ``positions`` is.
        """


@dataclass(frozen=True)
class Health:
    """Per model: loss above the generator's entropy (nats/token), rates over generated steps."""

    loss_gap: float
    behaviour_rate: float
    garbage_rate: float

    def as_json(self) -> dict[str, float]:
        return {
            "loss_gap": self.loss_gap,
            "behaviour_rate": self.behaviour_rate,
            "garbage_rate": self.garbage_rate,
        }


@runtime_checkable
class Builder(Protocol):
    """Builds the members of one family. Called with the recipe; must be deterministic in seed."""

    def __init__(self, recipe: Recipe) -> None: ...

    @property
    def task(self) -> Task: ...

    def build(self, role: str, seed: int, out: Path, parent: Path | None) -> Health:
        """Train ``role`` and write a Hugging Face checkpoint (with tokenizer) into ``out``.

        ``seed`` is the replicate's training seed: members of one replicate get the same seed, so
        that they can share their initialisation and data order. ``parent`` is the folder of the
        parent role's model where the recipe names one.
        """

    def build_dictionary(self, model: Path, hook: str, seed: int, out: Path) -> None:
        """Train a sparse dictionary on ``model`` at ``hook``; write SAELens's format into ``out``.

        The random control of the same shape is not the builder's: see
        :func:`harness.readout.dictionary.random_like`.
        """
