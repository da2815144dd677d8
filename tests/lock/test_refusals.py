"""Rules that must not lock, one defect at a time: each is refused, its nearest neighbour is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.lock.refusal import RULES, table
from tests.lock.designs import DESIGNS, refusals
from tests.lock.refused import (
    bounds,
    design,
    expectations,
    families,
    features,
    fixed,
    margins,
    null_controls,
    nulls,
    pilots,
    ratios,
    replicates,
    waivers,
)
from tests.lock.refused.row import Row

TABLES = (
    margins,
    fixed,
    expectations,
    families,
    features,
    bounds,
    design,
    nulls,
    null_controls,
    replicates,
    waivers,
    pilots,
    ratios,
)
ROWS = tuple(row for table_ in TABLES for row in table_.ROWS)


@pytest.mark.parametrize("base", DESIGNS)
def test_the_designs_that_the_defects_are_made_of_are_sound(base: str) -> None:
    """Nothing is refused where nothing is wrong."""
    assert refusals(base) == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_defect_is_refused_and_its_nearest_neighbour_is_not(row: Row) -> None:
    """By exactly these rules, in these words; one step back, it locks."""
    found = refusals(row.base, row.edit, row.pilot, row.beyond, row.recipe)
    assert {one.rule for one in found} == set(row.rules.split())
    assert any(row.words in one.reason for one in found), [one.reason for one in found]
    assert refusals(row.base, row.neighbour, row.near_pilot) == []


def test_every_rule_has_a_row() -> None:
    """A rule that no defect breaks is idle, or untested."""
    rows = {rule for row in ROWS for rule in row.rules.split()} - {"parse"}
    assert rows | {"recipe-seed"} == set(RULES)  # of recipes: tests/lock/test_lint_recipe.py
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_the_page_of_the_rules_is_what_the_rules_say(repository: Path) -> None:
    """Mend with: python -m harness.lock.refusal, and paste its table into the page."""
    page = (repository / "docs" / "rules-that-must-not-lock.md").read_text(encoding="utf-8")
    assert table() in page


def test_a_waiver_of_what_an_exploration_showed_stays_where_there_is_none() -> None:
    """A clone has no explorations: nobody can say there that the rule is not breached."""
    said = "The exploration was at its floor, which is what the claim says of these models."
    assert refusals("removal", {"waivers": {"pilot": said}}) == []
    found = refusals("removal", {"waivers": {"power": said}})
    assert [one.rule for one in found] == ["waiver"]
