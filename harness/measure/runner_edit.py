"""An arm's conditions as one edit: its candidates or controls, at its doses.

Random controls are as many as the arm says; ``of`` names the direction that they are drawn like: of
its rank, and with its two roles where the control (``placebo``) or the operation (``patch``) needs
two models.

Not covered: fitting (``harness.measure.runner_fit``), units of dose
(``harness.measure.runner_dose``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from harness.claim.schema import Arm, Direction
from harness.claim.terms import UNITS
from harness.intervene.controls import placebo_directions, random_directions
from harness.intervene.edit import Edit, operation
from harness.intervene.gather import Gathered, gather
from harness.intervene.subspace import orthonormal
from harness.intervene.subspace_edit import SubspaceEdit, subspace_operation
from harness.measure.drawn import seed_of
from harness.measure.runner_dose import Host, Planned, by_kl, own
from harness.measure.runner_fit import Fitting
from harness.subject.backend import Model, width

Labels = list[tuple[str, float]]
"""(variant, dose in the arm's unit)"""
MOVES = ("add", "subtract", "clamp")
"""Operations that use one vector, also of a subspace."""


@dataclass(frozen=True)
class Variant:
    """One candidate or control: its vector [d], and its basis [k, d] where it is a subspace."""

    unit: Tensor
    basis: Tensor | None = None


def edit_of(
    fitting: Fitting, arm: Arm, doses: tuple[float, ...]
) -> tuple[Edit | SubspaceEdit, Labels]:
    """The arm's conditions, variant-major, and their labels."""
    assert arm.site is not None
    assert arm.operation is not None
    site, name = fitting.claim.sites[arm.site], arm.operation
    found = variants(fitting, arm)
    conditions = _conditions(fitting, arm, found, doses)
    labels = [(variant, dose) for variant, dose, _ in conditions]
    units = torch.stack([found[variant].unit for variant, _ in labels])
    grid = torch.tensor([residual for *_, residual in conditions], dtype=units.dtype)
    means = _means(fitting, arm, [variant for variant, _ in labels])
    bases = [found[variant].basis for variant, _ in labels]
    if name not in MOVES and any(b is not None for b in bases):
        all_ = [u[None] if b is None else b for u, b in zip(units, bases, strict=True)]
        return subspace_operation(name, site.hook, site.positions, all_, grid, means), labels
    scale = fitting.scale(arm)
    return operation(name, site.hook, site.positions, units, grid, scale, means), labels


def variants(fitting: Fitting, arm: Arm) -> dict[str, Variant]:
    """Variant name -> vector: the candidates, the random controls r00, r01, ..., or nothing."""
    if arm.undirected:
        hook = fitting.claim.sites[str(arm.site)].hook
        return {"": Variant(torch.zeros(width(fitting.host(arm), hook)))}
    if arm.control is None:
        given = {name: fitting.direction(arm, name) for name in arm.directions}
        return {name: Variant(one.unit, one.basis) for name, one in given.items()}
    rank = (fitting.spec(arm.of).rank or 1) if arm.of is not None else 1
    drawn = _drawn(fitting, arm, arm.count * rank)
    if rank == 1:
        return {f"r{n:02d}": Variant(drawn[n]) for n in range(arm.count)}
    bases = orthonormal(drawn.view(arm.count, rank, -1))
    return {f"r{n:02d}": Variant(bases[n, 0], bases[n]) for n in range(arm.count)}


def _drawn(fitting: Fitting, arm: Arm, count: int) -> Tensor:
    """Unit vectors [count, d] of the arm's control."""
    assert arm.control is not None
    seed = fitting.job.seeds.seed("controls", arm.control, fitting.replicate)
    if arm.control != "placebo":
        return random_directions(arm.control, _seen(fitting, arm, fitting.host(arm)).x, count, seed)
    spec = fitting.spec(str(arm.of))
    site = fitting.claim.sites[spec.site]
    one, two = (
        gather(model, fitting.task, fitting.texts, site.hook, site.positions)
        for model in fitting.sides(arm, spec)
    )
    return placebo_directions(one, two, count, seed)


def _seen(fitting: Fitting, arm: Arm, model: Model) -> Gathered:
    """A model's activations at the arm's site."""
    assert arm.site is not None
    site = fitting.claim.sites[arm.site]
    return gather(model, fitting.task, fitting.texts, site.hook, site.positions)


def _means(fitting: Fitting, arm: Arm, names: Sequence[str]) -> Tensor | None:
    """Mean activations that a condition moves to: the host's own, or for a patch the other
    model's [C, d]."""
    if arm.operation == "replace-mean":
        return _seen(fitting, arm, fitting.host(arm)).x.mean(0)
    if arm.operation != "patch":
        return None
    kept: dict[str, Tensor] = {}
    for name in names:
        of = str(arm.of) if arm.control is not None else name
        if of not in kept:
            kept[of] = _seen(fitting, arm, _other(fitting, arm, fitting.spec(of))).x.mean(0)
    return torch.stack([kept[str(arm.of) if arm.control is not None else name] for name in names])


def _other(fitting: Fitting, arm: Arm, spec: Direction) -> Model:
    """Of a direction's two models the one that is not the arm's role; positive if neither is."""
    positive, negative = fitting.sides(arm, spec)
    return negative if fitting.role(arm, spec.positive) == arm.on else positive


def _conditions(
    fitting: Fitting, arm: Arm, found: Mapping[str, Variant], doses: tuple[float, ...]
) -> list[tuple[str, float, float]]:
    """(variant, dose as the arm has it, dose in residual norms), variant-major; without those that
    are out of reach, which the record names."""
    if arm.unit == UNITS[0]:
        return [(name, dose, dose) for name in found for dose in doses]
    if arm.name not in fitting.planned:
        fitting.planned[arm.name] = _in_residual_norms(fitting, arm, found, doses)
    rows = fitting.planned[arm.name]
    every = [(name, row["dose"], row["residual"]) for name in found for row in rows[name]]
    return [(n, d, r) for n, d, r in every if d is not None and r is not None]


def _in_residual_norms(
    fitting: Fitting, arm: Arm, found: Mapping[str, Variant], doses: tuple[float, ...]
) -> Planned:
    assert arm.site is not None
    assert arm.operation is not None
    scale = fitting.scale(arm)
    if arm.unit == "own":
        return own(doses, {name: fitting.direction(arm, name).norm for name in found}, scale)
    task, seed = fitting.task, seed_of(fitting.job, "texts", "select", fitting.replicate)
    texts = task.texts("select", fitting.claim.samples.select, seed, task.variants[0])
    host = Host(fitting.host(arm), task, texts, fitting.claim.sites[arm.site], scale)
    return by_kl(doses, {name: one.unit for name, one in found.items()}, arm.operation, host)
