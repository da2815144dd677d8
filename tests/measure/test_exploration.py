"""Which exploration on disk is one of a claim as it stands."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import RecordBroken
from harness.lock.closure import builder_closure
from harness.measure.exploration import FILE, design, largest, note
from harness.measure.job import Job, begin, exploration_job, finish
from tests.measure.forged import workspace, write_replicate
from tests.toy_workspace import claim


def explored(root: Path, replicates: int) -> Job:
    """An exploration written by hand."""
    job = exploration_job(root, "easy", replicates)
    begin(job)
    for replicate in job.replicates:
        write_replicate(job, replicate)
    assert finish(job)
    return job


def designed(job: Job) -> str:
    return design(job.claim, job.recipe, builder_closure(job.root, job.recipe))


def test_beginning_says_what_is_explored(tmp_path: Path) -> None:
    """The folder holds the design and the number of replicates; nothing is written twice."""
    job = exploration_job(workspace(tmp_path, locked=False), "easy", 2)
    begin(job)
    path = job.folder / FILE
    assert json.loads(path.read_bytes()) == {
        "schema": "causal-claims/exploration/1",
        "claim": "easy",
        "design": designed(job),
        "replicates": 2,
    }
    before = path.stat().st_mtime_ns
    begin(job)
    assert path.stat().st_mtime_ns == before


def test_an_exploration_from_before_is_described_when_it_is_finished_again(tmp_path: Path) -> None:
    """Asking for an exploration that is complete makes it one that can be recognised."""
    job = explored(workspace(tmp_path, locked=False), 2)
    (job.folder / FILE).unlink()
    assert largest(job.folder.parent, designed(job)) is None
    assert finish(job)
    assert largest(job.folder.parent, designed(job)) is not None


def test_an_attempt_is_no_exploration(tmp_path: Path) -> None:
    """Only explorations are described so."""
    from tests.measure.forged import attempted

    assert not (attempted(workspace(tmp_path)).folder / FILE).exists()


def test_the_one_with_most_replicates_is_taken(tmp_path: Path) -> None:
    """Fewer replicates are of the same claim; an empty folder is of none."""
    root = workspace(tmp_path, locked=False)
    two, three = explored(root, 2), explored(root, 3)
    begin(exploration_job(root, "easy", 5))  # killed before its first replicate
    found = largest(two.folder.parent, designed(two))
    assert found is not None
    assert (found.folder, found.replicates, found.measured) == (three.folder, 3, (0, 1, 2))


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("margin: 1.0", "margin: 2.0", True),
        ("effect: 3.0", "effect: 2.5", True),
        ("Random decoders are", "They all are", True),
        ("loss_gap_at_most: 0.2", "loss_gap_at_most: 0.1", True),
        ("replicates: 3", "replicates: 4", True),
        ("prompts: 4", "prompts: 5", False),
        ("reference: {on: standard}", "reference: {on: regulation}", False),
    ],
)
def test_what_is_measured_makes_it_the_same(tmp_path: Path, old: str, new: str, same: bool) -> None:
    """Margins, words and numbers of replicates may change after exploring; measurements may not."""
    root = workspace(tmp_path, locked=False)
    before = designed(exploration_job(root, "easy"))
    path = root / "claims" / "easy.yaml"
    text = claim("easy", replicates=3)
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    assert (designed(exploration_job(root, "easy")) == before) is same


def test_other_code_is_another_design(tmp_path: Path) -> None:
    """The builder's code and the recipe are part of what is measured."""
    job = exploration_job(workspace(tmp_path, locked=False), "easy")
    code = builder_closure(job.root, job.recipe)
    other = {**code, "models.toy": "sha256:00"}
    assert design(job.claim, job.recipe, other) != designed(job)
    recipe = replace(job.recipe, params={"steps": 1})
    assert design(job.claim, recipe, code) != designed(job)


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "{}", '{"schema": "causal-claims/exploration/1", "design": 1, "replicates": 2}']
    + [
        f'{{"schema": "causal-claims/exploration/1", "design": "d", "replicates": {n}}}'
        for n in ("true", "-1", "1e99", '"2"')
    ],
)
def test_a_file_that_says_nothing_is_named(tmp_path: Path, text: str) -> None:
    """No traceback; the sentence says which folder to remove."""
    job = exploration_job(workspace(tmp_path, locked=False), "easy")
    note(job.folder, job.claim, job.recipe, {})
    (job.folder / FILE).write_text(text)
    with pytest.raises(RecordBroken, match="Remove the folder") as caught:
        largest(job.folder.parent, "d")
    assert str(job.folder) in caught.value.where
