"""The plan says which cells ought to exist, from the claim and the recipe alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.claim.schema import Arm, Claim, Criterion, Direction, DoseRule, Samples, Site, Subject
from harness.claim.schema import Test as Gate
from harness.errors import UnknownName
from harness.plan.expand import PlannedCell, conditions, plan
from harness.subject.interface import Recipe, RoleSpec

RECIPE = Recipe(
    "m",
    "models/m.yaml",
    "models.m:M",
    {},
    (RoleSpec("standard"), RoleSpec("regulation"), RoleSpec("words", replicates=1)),
)
TREATMENT = Arm("treatment", "regulation", "onset", "subtract", ("d", "e"), doses=(0.0, 0.5))
RANDOM = Arm("random", "regulation", "onset", "subtract", control="isotropic", count=3, doses=None)
ARMS = (
    Arm("baseline", "regulation"),
    Arm("reference", "standard"),
    TREATMENT,
    RANDOM,
    Arm("trivial", "words", "onset", "replace-zero", doses=(0.0, 1.0)),
)
CLAIM = Claim(
    id="c",
    title="",
    statement="",
    source=(),
    unit="replicate",
    subject=Subject("models/m.yaml", 2),
    sites={"onset": Site("blocks.2.hook_resid_post", "step_onset")},
    samples=Samples(),
    directions=(
        Direction("d", "mean-difference", "onset", "regulation", "standard"),
        Direction("e", "mean-activation", "onset", "regulation"),
    ),
    arms=ARMS,
    dose_rule=DoseRule("treatment", "baseline", "rate"),
    preconditions=(),
    criteria=(),
)


def of(cells: tuple[PlannedCell, ...], replicate: int, split: str, mode: str) -> list[str]:
    return [c.arm for c in cells if (c.replicate, c.split, c.mode) == (replicate, split, mode)]


def test_every_arm_runs_on_the_final_split_in_both_modes() -> None:
    """An arm without both modes there would be a hole in the evidence."""
    cells = plan(CLAIM, RECIPE)
    for mode in ("generate", "score"):
        assert of(cells, 0, "confirm", mode) == [a.name for a in ARMS]


def test_only_what_chooses_the_dose_runs_on_the_select_split() -> None:
    """The dose rule's arm and its baseline, nothing else."""
    cells = plan(CLAIM, RECIPE)
    assert of(cells, 1, "select", "generate") == ["baseline", "treatment"]


def test_a_role_that_is_not_trained_has_no_cell() -> None:
    """The role words is trained in the first replicate alone."""
    cells = plan(CLAIM, RECIPE)
    assert "trivial" in of(cells, 0, "confirm", "score")
    assert "trivial" not in of(cells, 1, "confirm", "score")


def test_conditions_are_the_labels_that_the_cells_carry() -> None:
    """Candidates, then doses; r00 and so on for controls; one empty variant without a vector."""
    assert conditions(ARMS[0]) == (("", 0.0),)
    assert conditions(TREATMENT) == (("d", 0.0), ("d", 0.5), ("e", 0.0), ("e", 0.5))
    assert conditions(RANDOM) == (("r00", None), ("r01", None), ("r02", None))
    assert conditions(ARMS[4]) == (("", 0.0), ("", 1.0))


def test_only_a_cell_at_the_judged_dose_waits_for_it() -> None:
    """Where no dose is admissible these cells, and no others, are rightly absent."""
    waiting = {c.arm for c in plan(CLAIM, RECIPE) if c.waits}
    assert waiting == {"random"}


def test_features_are_planned_on_both_splits_where_a_criterion_counts_them() -> None:
    """One features cell a replicate and split; none where nothing counts features."""
    estimand = {"kind": "feature-asymmetry", "hook": "h", "positions": "step_onset"}
    counting = replace(CLAIM, criteria=(Criterion("f", estimand, Gate("ratio-above", 1.0), ""),))
    assert not any(c.mode == "features" for c in plan(CLAIM, RECIPE))
    found = [c for c in plan(counting, RECIPE) if c.mode == "features"]
    assert [(c.replicate, c.split) for c in found] == [
        (0, "select"),
        (0, "confirm"),
        (1, "select"),
        (1, "confirm"),
    ]
    assert not any(c.waits for c in found)


def test_an_exploration_never_plans_the_confirm_split() -> None:
    """Its final split is explore."""
    splits = {c.split for c in plan(CLAIM, RECIPE, "explore")}
    assert splits == {"select", "explore"}


def test_no_cell_is_planned_twice() -> None:
    """A cell's name is its key on disk."""
    cells = plan(CLAIM, RECIPE)
    assert len({(c.arm, c.replicate, c.split, c.mode) for c in cells}) == len(cells)


def test_an_unknown_role_is_named() -> None:
    """A role that the recipe does not have is an error, not an empty plan."""
    lost = replace(CLAIM, arms=(Arm("baseline", "regulatoin"),), dose_rule=None)
    with pytest.raises(UnknownName, match="regulation"):
        plan(lost, RECIPE)
