"""Interchanges as arms, between handmade models of which it is known where they differ."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.claim.canonical import claim_from_json, claim_to_json
from harness.claim.parse import parse_claim
from harness.errors import BadInput
from harness.measure.job import Job
from harness.measure.store import CellName, read_cell
from harness.plan.expand import conditions
from harness.plan.needs import models_needed
from tests.measure.rows import explored, text, workspace

DIRECTIONS = """
difference: {method: mean-difference, site: onset, positive: regulation, negative: standard}
"""
SWAP = "site: onset, operation: interchange"
ARMS = f"""
given: {{on: standard, {SWAP}, with: regulation, doses: [0.0, 0.5, 1.0]}}
taken: {{on: regulation, {SWAP}, with: standard, doses: [0.0, 1.0]}}
next-given: {{on: standard, {SWAP}, with: regulation, donor: next, doses: [0.0, 1.0]}}
aside: {{on: standard, {SWAP}, with: standard, donor: next, doses: [0.0, 1.0]}}
head:
  {{on: standard, site: mixed, operation: interchange, with: regulation, heads: [1],
   doses: [0.0, 1.0]}}
"""


def swapped() -> str:
    mixed = "sites:\n  mixed: {hook: blocks.2.attn.hook_z, positions: step_onset}\n"
    return text(DIRECTIONS, ARMS).replace("sites:\n", mixed)


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    return explored(tmp_path_factory.mktemp("swap") / "w", swapped(), replicates=2)


def cell(job: Job, arm: str, dose: float, mode: str = "score") -> Any:
    table = read_cell(job.folder / "cells" / CellName(arm, 0, "explore", mode).file)
    return table[table["dose"] == dose].reset_index(drop=True)


@pytest.mark.parametrize(
    ("arm", "goal", "was"),
    [("given", "baseline", "reference"), ("taken", "reference", "baseline")],
)
def test_the_residual_that_carries_the_behaviour_brings_it_and_takes_it(
    job: Job, arm: str, goal: str, was: str
) -> None:
    """Both models do the same with it: in loss and mass, and word by word in what is sampled."""
    for column in ("onset_mass", "ordinary_loss"):
        ours, theirs = cell(job, arm, 1.0)[column], cell(job, goal, 0.0)[column]
        assert ours.to_numpy() == pytest.approx(theirs.to_numpy(), abs=1e-5)
    assert abs(cell(job, arm, 1.0)["onset_mass"] - cell(job, was, 0.0)["onset_mass"]).min() > 0.05
    ours, theirs, before = (
        cell(job, a, d, "generate")["text"].tolist()
        for a, d in ((arm, 1.0), (goal, 0.0), (was, 0.0))
    )
    assert ours == theirs
    assert ours != before


def test_dose_zero_is_the_baseline_and_a_half_is_between(job: Job) -> None:
    """Bit for bit; the share is a share."""
    base = cell(job, "reference", 0.0)["ordinary_loss"]
    for arm in ("given", "next-given", "aside", "head"):
        assert np.array_equal(cell(job, arm, 0.0)["ordinary_loss"], base)
    half, whole = (cell(job, "given", d)["delta_max"].max() for d in (0.5, 1.0))
    assert whole == pytest.approx(2 * half, rel=1e-4)


def test_the_donor_is_another_replicates_model(job: Job) -> None:
    """Its behaviour is a little stronger or weaker; standard models are all alike, and what heads
    mix is nothing in any."""
    one, two = (cell(job, a, 1.0)["onset_mass"].mean() for a in ("given", "next-given"))
    assert one != two
    assert two == pytest.approx(one, abs=0.2)
    for arm in ("aside", "head"):
        assert cell(job, arm, 1.0)["delta_max"].max() == 0
        assert (cell(job, arm, 1.0)["fired"] > 0).all()


def test_cells_and_models_are_as_planned(job: Job) -> None:
    """One variant without a name; the next replicate's models are built for the donor."""
    assert conditions(job.claim.arm("taken")) == (("", 0.0), ("", 1.0))
    needed = models_needed(job.claim, job.recipe, 0)
    assert {("regulation", 1), ("standard", 1)} <= set(needed)


def test_the_canonical_form_keeps_with_whom(tmp_path: Path) -> None:
    """As the file has it."""
    value = parse_claim(workspace(tmp_path / "w", swapped()), "claims/rows.yaml")
    form = claim_to_json(value)
    assert {a["name"]: a.get("with") for a in form["arms"]} == {
        **{"baseline": None, "reference": None, "given": "regulation", "taken": "standard"},
        **{"next-given": "regulation", "aside": "standard", "head": "regulation"},
    }
    assert claim_from_json(form) == value


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("with: regulation, doses: [0.0, 0.5, 1.0]", "doses: [0.0, 0.5, 1.0]", "with which model"),
        ("with: regulation, doses: [0.0, 0.5, 1.0]", "with: regulatoin, doses: [0.0, 0.5, 1.0]",
         "no role 'regulatoin'"),
        ("with: regulation, doses: [0.0, 0.5, 1.0]", "with: standard, doses: [0.0, 0.5, 1.0]",
         "with itself changes nothing"),
        ("with: regulation, doses: [0.0, 0.5, 1.0]", "with: regulation, doses: [0.0, 0.5, 2.0]",
         "a share is at most 1"),
        ("with: regulation, doses: [0.0, 0.5, 1.0]",
         "with: regulation, way: zero, doses: [0.0, 0.5, 1.0]", "interchange has no way"),
        ("with: regulation, doses: [0.0, 0.5, 1.0]",
         "with: regulation, direction: difference, doses: [0.0, 0.5, 1.0]",
         "interchange takes no direction"),
        ("site: mixed, operation", "site: onset, operation", "cannot be told apart"),
        ("operation: interchange, with: standard, donor: next",
         "operation: replace-zero, with: standard", "replace-zero has no with"),
        ("operation: interchange, with: standard, donor: next",
         "operation: interchange, with: standard, donor: 3", "the donor is 3"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(old: str, new: str, words: str, tmp_path: Path) -> None:
    """With what is wrong, where it stands."""
    assert swapped().count(old) == 1
    root = workspace(tmp_path / "w", swapped().replace(old, new))
    with pytest.raises(BadInput, match=words):
        parse_claim(root, "claims/rows.yaml")


def test_a_partner_that_stops_early_is_refused(tmp_path: Path) -> None:
    """The recipe trains it in fewer replicates than the arm needs."""
    root = workspace(tmp_path / "w", swapped())
    recipe = root / "models/rows.yaml"
    recipe.write_text(
        recipe.read_text().replace("  regulation: {}", "  regulation: {replicates: 2}")
    )
    with pytest.raises(BadInput, match="'regulation' stops at 2"):
        parse_claim(root, "claims/rows.yaml")
