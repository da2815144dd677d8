"""Interventions as values: conditions at one site, each an affine map of the activation.

    x' = keep * x + add + unit * (target - gain * (unit . x))        where the condition is active

A condition's parameters are one row of each tensor, so that arms and doses run as rows of one
batch. Dose 0 is *inactive*: it goes through ``torch.where`` and leaves every bit as it was.

Not covered: which rows and positions (``harness.intervene.apply``), edits that are not affine
(``harness.readout.feature_edit``) or that depend on the position
(``harness.intervene.ablate``), several sites at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from harness.errors import ClaimsError, UnknownName, nearest


class Rewrite(Protocol):
    """What generation and scoring need of an intervention with ``size`` conditions."""

    @property
    def hook(self) -> str: ...
    @property
    def positions(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def active(self) -> Tensor:
        """Boolean [C]: False for conditions that are no edit (dose 0)."""

    def apply(self, x: Tensor, condition: Tensor) -> Tensor:
        """Activations [n, d] edited by the conditions with indices [n]; x is left alone."""


@dataclass(frozen=True)
class Keys:
    """Whose activations are edited, all [n]: the ``item`` (prompt or text), its absolute
    ``position``, and ``flat``, the row among all rows and positions of the call."""

    item: Tensor
    position: Tensor
    flat: Tensor


@runtime_checkable
class Keyed(Rewrite, Protocol):
    """A rewrite that depends on whose activation it edits."""

    def apply_at(self, x: Tensor, condition: Tensor, keys: Keys) -> Tensor:
        """As ``apply``, for the activations of ``keys``."""


@dataclass(frozen=True)
class Edit:
    """C affine conditions at one site and position class; tensors as in the module's formula."""

    hook: str
    positions: str
    keep: Tensor  # [C]
    add: Tensor  # [C, d]
    unit: Tensor  # [C, d]
    gain: Tensor  # [C]
    target: Tensor  # [C]
    active: Tensor  # [C] bool

    def __post_init__(self) -> None:
        c, d = self.add.shape
        for name, shape in (
            ("keep", (c,)),
            ("unit", (c, d)),
            ("gain", (c,)),
            ("target", (c,)),
            ("active", (c,)),
        ):
            if tuple(getattr(self, name).shape) != shape:
                raise ClaimsError(
                    f"{name} has shape {list(getattr(self, name).shape)}, not {list(shape)}",
                    where=f"edit at {self.hook}",
                    fix="All parts of an edit have one row per condition",
                )

    @property
    def size(self) -> int:
        return len(self.add)

    def apply(self, x: Tensor, condition: Tensor) -> Tensor:
        """See :class:`Rewrite`. Parts that are the identity in every condition are left out."""
        out = x
        if self._scales:
            out = self.keep[condition, None] * x
        out = out + self.add[condition]
        if self._turns:
            unit = self.unit[condition]
            along = (x * unit).sum(-1)
            out = out + unit * (self.target[condition] - self.gain[condition] * along)[:, None]
        return out

    def shift(self, condition: int) -> Tensor | None:
        """The vector [d] that a condition adds to every activation; None where any condition of the
        edit does anything else."""
        return None if self._scales or self._turns else self.add[condition]

    @cached_property
    def _scales(self) -> bool:
        """Whether any condition scales the activation."""
        return bool((self.keep != 1).any())

    @cached_property
    def _turns(self) -> bool:
        """Whether any condition changes the component along its unit vector."""
        return bool((self.gain != 0).any()) or bool((self.target != 0).any())

    @staticmethod
    def stack(edits: Sequence[Edit]) -> Edit:
        """The conditions of several edits at one site, in order."""
        sites = {(e.hook, e.positions) for e in edits}
        if len(sites) != 1:
            raise ClaimsError(
                f"cannot run {len(sites)} sites in one batch: {sorted(sites)}",
                fix="Stack edits of one hook and one position class",
            )
        parts = ("keep", "add", "unit", "gain", "target", "active")
        first = edits[0]
        joined = {p: torch.cat([getattr(e, p) for e in edits]) for p in parts}
        return Edit(hook=first.hook, positions=first.positions, **joined)

    def take(self, conditions: Tensor) -> Edit:
        """The conditions with these indices."""
        parts = ("keep", "add", "unit", "gain", "target", "active")
        return Edit(self.hook, self.positions, **{p: getattr(self, p)[conditions] for p in parts})


def _blank(hook: str, positions: str, vectors: Tensor, active: Tensor) -> dict[str, object]:
    zero = vectors.new_zeros(len(vectors))
    return {
        "hook": hook,
        "positions": positions,
        "keep": torch.ones_like(zero),
        "add": torch.zeros_like(vectors),
        "unit": torch.zeros_like(vectors),
        "gain": zero,
        "target": zero,
        "active": active,
    }


def steer(hook: str, positions: str, vectors: Tensor) -> Edit:
    """Add vectors [C, d], in activation units; a zero vector is no edit."""
    active = (vectors != 0).any(-1)
    return Edit(**{**_blank(hook, positions, vectors, active), "add": vectors})  # type: ignore[arg-type]


def project_out(hook: str, positions: str, units: Tensor, share: Tensor) -> Edit:
    """Take away ``share`` [C] (1: all) of the component along units [C, d]."""
    base = _blank(hook, positions, units, share != 0)
    return Edit(**{**base, "unit": units, "gain": share})  # type: ignore[arg-type]


def clamp(hook: str, positions: str, units: Tensor, values: Tensor, active: Tensor) -> Edit:
    """Set the component along units [C, d] to ``values`` [C], in activation units."""
    base = _blank(hook, positions, units, active)
    return Edit(
        **{**base, "unit": units, "gain": torch.ones_like(values), "target": values}  # type: ignore[arg-type]
    )


def replace(hook: str, positions: str, vectors: Tensor, share: Tensor) -> Edit:
    """Move ``share`` [C] (1: all) of the way from the activation to the vectors [C, d]."""
    base = _blank(hook, positions, vectors, share != 0)
    return Edit(**{**base, "keep": 1 - share, "add": share[:, None] * vectors})  # type: ignore[arg-type]


def operation(
    name: str,
    hook: str,
    positions: str,
    units: Tensor,
    doses: Tensor,
    scale: float,
    mean: Tensor | None = None,
) -> Edit:
    """The claim language's operations as an edit of C conditions.

    ``units`` [C, d] are unit vectors, ``doses`` [C] nominal doses, ``scale`` the median residual
    norm at the site, ``mean`` [d] or [C, d] the mean activation of the class: the host's own for
    ``replace-mean``, the other model's for ``patch``.

    | operation | x' | dose |
    |---|---|---|
    | add, subtract | x +- dose * scale * unit | multiples of the residual norm |
    | project-out | x - dose * unit (unit . x) | share taken away |
    | clamp | unit . x' = dose * scale | multiples of the residual norm |
    | patch | unit . x' = (1 - dose) unit . x + dose * unit . mean | share replaced |
    | replace-mean, replace-zero | (1 - dose) x + dose * mean, or 0 | share replaced |

    Dose 0 is no edit for every operation (to clamp to zero, project out). Raises
    :class:`UnknownName` for another name.
    """
    make: dict[str, Callable[[], Edit]] = {
        "add": lambda: steer(hook, positions, doses[:, None] * scale * units),
        "subtract": lambda: steer(hook, positions, -doses[:, None] * scale * units),
        "project-out": lambda: project_out(hook, positions, units, doses),
        "clamp": lambda: clamp(hook, positions, units, doses * scale, doses != 0),
        "patch": lambda: _patch(hook, positions, units, doses, _mean(mean)),
        "replace-zero": lambda: replace(hook, positions, torch.zeros_like(units), doses),
        "replace-mean": lambda: replace(hook, positions, _mean(mean).expand_as(units), doses),
    }
    if name not in make:
        raise UnknownName(
            f"no operation {name!r}", fix=f"Nearest operations: {nearest(name, tuple(make))}"
        )
    return make[name]()


def _patch(hook: str, positions: str, units: Tensor, share: Tensor, mean: Tensor) -> Edit:
    """Move ``share`` [C] of the way to the mean along units [C, d], and nowhere else."""
    base = _blank(hook, positions, units, share != 0)
    target = share * (units * mean).sum(-1)
    return Edit(**{**base, "unit": units, "gain": share, "target": target})  # type: ignore[arg-type]


def _mean(mean: Tensor | None) -> Tensor:
    if mean is None:
        raise ClaimsError(
            "replace-mean and patch need the mean activation of the position class",
            fix="Gather it on the fit split",
        )
    return mean
