"""The plan: every cell that measuring a claim ought to leave, from the claim and its recipe alone.

Used to say what is missing; the runner (``harness.measure.runner``) follows the same rules, from
``harness.plan.needs``. Pure: no disk, no clock, no torch.

Not covered: seeds (``harness.plan.seeds``); what a cell's table holds (``harness.measure.tables``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.claim.schema import Arm, Claim
from harness.plan.needs import dictionary_hooks, models_needed, select_arms
from harness.subject.interface import Recipe

Condition = tuple[str, float | None]
"""(variant, dose); the dose is None where it is the one that the select split will choose."""
MODES = ("generate", "score")
FEATURES, PROBES = "features", "probes"


@dataclass(frozen=True)
class PlannedCell:
    """One cell: an arm (or ``features``, ``probes``) of a replicate on a split, in one mode.

    A cell whose conditions are all at the judged dose (``waits``) is left out of a replicate in
    which no dose is admissible. ``conditions`` is empty for features and probes.
    """

    arm: str
    replicate: int
    split: str
    mode: str
    conditions: tuple[Condition, ...]

    @property
    def waits(self) -> bool:
        return bool(self.conditions) and all(dose is None for _, dose in self.conditions)


def plan(claim: Claim, recipe: Recipe, final_split: str = "confirm") -> tuple[PlannedCell, ...]:
    """All cells, by replicate, split and arm in the claim's order.

    Arms on a role that the recipe does not train in a replicate are not planned there. Raises
    :class:`harness.errors.UnknownName` for a role that the recipe does not have.
    """
    return tuple(
        cell
        for replicate in range(claim.subject.replicates)
        for cell in _replicate(claim, recipe, replicate, final_split)
    )


def _replicate(
    claim: Claim, recipe: Recipe, replicate: int, final_split: str
) -> Iterator[PlannedCell]:
    models = models_needed(claim, recipe, replicate)
    arms = [arm for arm in claim.arms if (arm.on, replicate) in models]
    for split, chosen in (("select", select_arms(claim, arms)), (final_split, arms)):
        for arm in chosen:
            for mode in MODES:
                yield PlannedCell(arm.name, replicate, split, mode, conditions(arm))
        if dictionary_hooks(claim):
            yield PlannedCell(FEATURES, replicate, split, FEATURES, ())
    if claim.probes:
        yield PlannedCell(PROBES, replicate, final_split, PROBES, ())


def conditions(arm: Arm) -> tuple[Condition, ...]:
    """The (variant, dose) pairs of an arm, variant-major, as its cells label them."""
    if arm.operation is None:
        return (("", 0.0),)
    doses: tuple[float | None, ...] = (None,) if arm.doses is None else arm.doses
    return tuple((variant, dose) for variant in _variants(arm) for dose in doses)


def _variants(arm: Arm) -> tuple[str, ...]:
    if arm.undirected:
        return ("",)
    if arm.control is not None:
        return tuple(f"r{n:02d}" for n in range(arm.count))
    return arm.directions
