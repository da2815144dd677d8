"""Patches between handmade models: what one component carries is known, both ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.measure.job import Job
from harness.measure.store import CellName, read_cell
from tests.measure.rows import explored, text

DIRECTIONS = """
difference: {method: mean-difference, site: onset, positive: regulation, negative: standard}
host-side: {method: mean-difference, site: onset, positive: regulation, negative: host}
"""
ARMS = """
taken: {on: regulation, site: onset, operation: patch, direction: difference, doses: [0.0, 1.0]}
given: {on: standard, site: onset, operation: patch, direction: difference, doses: [0.0, 1.0]}
given-host: {on: standard, site: onset, operation: patch, direction: host-side, doses: [0.0, 1.0]}
drawn:
  {on: standard, site: onset, operation: patch, control: isotropic, of: difference, count: 3,
   doses: [0.0, 1.0]}
"""


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    return explored(tmp_path_factory.mktemp("patch") / "w", text(DIRECTIONS, ARMS))


def cell(job: Job, arm: str, dose: float, mode: str = "score") -> Any:
    table = read_cell(job.folder / "cells" / CellName(arm, 0, "explore", mode).file)
    return table[table["dose"] == dose].reset_index(drop=True)


@pytest.mark.parametrize(
    ("arm", "becomes", "was"),
    [("taken", "reference", "baseline"), ("given", "baseline", "reference"),
     ("given-host", "baseline", "reference")],
)  # fmt: skip
def test_the_one_component_that_differs_makes_one_model_the_other(
    job: Job, arm: str, becomes: str, was: str
) -> None:
    """In loss and mass, and word by word in what it writes; from either side."""
    assert Path(job.folder).is_dir()
    patched, goal, before = cell(job, arm, 1.0), cell(job, becomes, 0.0), cell(job, was, 0.0)
    for column in ("onset_mass", "ordinary_loss"):
        assert patched[column].to_numpy() == pytest.approx(goal[column].to_numpy(), abs=1e-4)
    assert abs(patched["onset_mass"] - before["onset_mass"]).min() > 0.05
    texts = [cell(job, name, dose, "generate")["text"].tolist()
             for name, dose in ((arm, 1.0), (becomes, 0.0), (was, 0.0))]  # fmt: skip
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]


def test_a_patch_along_random_directions_does_not(job: Job) -> None:
    """It has the operation and the other model, and lacks the direction."""
    drawn, goal = cell(job, "drawn", 1.0), cell(job, "baseline", 0.0)["onset_mass"].mean()
    assert (drawn.groupby("variant")["onset_mass"].mean() < 0.8 * goal).all()
