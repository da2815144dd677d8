"""Directions before an output matrix, in part and whole, through a whole exploration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open

from harness.claim.canonical import claim_from_json, claim_to_json
from harness.claim.parse import parse_claim
from harness.errors import BadInput, ClaimsError
from harness.measure.artefacts import Silent
from harness.measure.job import Job, exploration_job
from harness.measure.record_shapes import fault
from harness.measure.run import workshop_of
from harness.measure.runner import measure
from harness.measure.store import CellName, direction_file, read_cell, read_json
from harness.report.build import report_input
from harness.report.page import render_claim
from tests.toy_workspace import claim as toy
from tests.toy_workspace import make

FITTED = "positive: regulation, negative: standard"
DIFFERENCE = f"method: mean-difference, {FITTED}"
SITES = f"""\
  mixed: {{hook: blocks.0.attn.hook_z, positions: step_onset}}
  inside: {{hook: blocks.0.mlp.hook_post, positions: step_onset}}
  above: {{hook: blocks.1.mlp.hook_post, positions: step_onset}}
directions:
  whole: {{{DIFFERENCE}, site: inside}}
  row: {{{DIFFERENCE}, site: inside, part: row-space}}
  lost: {{{DIFFERENCE}, site: inside, part: null-space}}
  plane-lost:
    {{method: pca-difference, {FITTED}, site: inside, rank: 2, lead: mean-difference,
     part: null-space}}
  heads: {{{DIFFERENCE}, site: mixed}}
  residual: {{{DIFFERENCE}, site: onset}}
arms:
"""
ON = "on: regulation, site: inside"
ARMS = f"""\
  pushed:
    {{{ON}, operation: add, directions: [whole, row, lost], unit: own, doses: [0, 1.0, 40.0]}}
  patched:
    {{{ON}, operation: patch, directions: [whole, row, lost, plane-lost], doses: [0, 1]}}
  mixing: {{on: regulation, site: mixed, operation: add, direction: heads, doses: [0, 1]}}
  over: {{on: regulation, site: onset, operation: add, direction: residual, doses: [0, 1]}}
preconditions:
"""


def text(sites: str = SITES, arms: str = ARMS) -> str:
    out = toy("parts", replicates=2).replace("arms:\n", sites)
    return out.replace("preconditions:\n", arms).replace("{fit: 8", "{fit: 24")


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    root = make(tmp_path_factory.mktemp("splits") / "w", parts=text())
    found = exploration_job(root, "parts", replicates=1)
    measure(found, 0, workshop_of(found, Silent()), Silent())
    return found


def cell(job: Job, arm: str, variant: str, dose: float, mode: str = "score") -> Any:
    table = read_cell(job.folder / "cells" / CellName(arm, 0, "explore", mode).file)
    return table[(table["variant"] == variant) & (table["dose"] == dose)].reset_index(drop=True)


def record(job: Job) -> dict[str, Any]:
    return read_json(job.folder / "replicate.0.json")


def test_the_null_space_part_does_nothing(job: Job) -> None:
    """Whatever is done along it, a subspace's too; and the edit did happen."""
    for arm, variant, dose in (("pushed", "lost", 40.0), ("patched", "lost", 1.0),
                               ("patched", "plane-lost", 1.0)):  # fmt: skip
        moved = cell(job, arm, variant, dose)
        assert moved["delta_max"].max() > 0.01
        for column in ("onset_mass", "ordinary_loss"):
            clean = cell(job, arm, variant, 0.0)[column]
            assert np.allclose(moved[column], clean, atol=1e-4, equal_nan=True)
        assert moved["kl"].max() < 1e-6


def test_what_is_added_along_the_row_space_part_is_all_that_acts(job: Job) -> None:
    """At the same multiple of the natural length, with less of an edit."""
    for dose in (1.0, 40.0):
        whole, row = (cell(job, "pushed", name, dose) for name in ("whole", "row"))
        for column in ("onset_mass", "ordinary_loss"):
            assert np.allclose(whole[column], row[column], atol=1e-4, equal_nan=True)
        assert (row["delta_max"] < whole["delta_max"]).all()
    assert cell(job, "pushed", "row", 40.0)["kl"].max() > 1e-3


def test_the_record_has_the_shares_of_each_direction_before_a_matrix(job: Job) -> None:
    """Of the whole, also where a part is used; by the rank of the host's matrix; none of a
    residual's."""
    found = record(job)["row_space"]
    assert set(found) == {f"{n}@regulation+0" for n in ("whole", "row", "lost", "plane-lost",
                                                        "heads")}  # fmt: skip
    assert 0.05 < found["whole@regulation+0"]["row_space"] < 0.95
    assert found["whole@regulation+0"] == found["row@regulation+0"] == found["lost@regulation+0"]
    assert (found["whole@regulation+0"]["rank"], found["whole@regulation+0"]["width"]) == (16, 24)
    assert found["plane-lost@regulation+0"]["directions"] == 2
    assert found["heads@regulation+0"]["rank"] == found["heads@regulation+0"]["width"] == 16
    assert found["heads@regulation+0"]["row_space"] == pytest.approx(1.0)
    lengths = record(job)["direction_length"]
    whole, row, lost = (lengths[f"{n}@regulation+0"] for n in ("whole", "row", "lost"))
    assert row**2 + lost**2 == pytest.approx(whole**2, rel=1e-5)
    assert (row / whole) ** 2 == pytest.approx(found["whole@regulation+0"]["row_space"], rel=1e-4)


def test_a_stored_direction_says_what_the_matrix_reads_of_it(job: Job) -> None:
    """In its provenance, with the matrix and the tolerance of its rank."""
    path = job.folder / "directions" / direction_file("lost@regulation+0", 0)
    with safe_open(path, "pt") as file:
        words = str(file.metadata())
    for word in ("W_down of block 0", "matrix_tolerance", "null_space_share", "null-space"):
        assert word in words


def test_the_page_shows_the_shares(job: Job) -> None:
    """As HTML and as Markdown, beside what a random direction would have."""
    report = report_input(job)
    page = render_claim(report)
    share = f"{record(job)['row_space']['whole@regulation+0']['row_space']:.3f}"
    for words in (page.html, page.markdown):
        assert "What the matrix reads of the directions" in words
        assert share in words
        assert "16 of 24" in words
        assert "0.667" in words
        assert "used: its null-space part" in words


def test_a_record_with_other_shares_is_none(job: Job) -> None:
    """A share is a number, a rank a whole one."""
    good = record(job)
    assert fault("replicate.0.json", good) == ""
    for key, value in (("row_space", "much"), ("rank", 0.5), ("width", None)):
        row = {**good["row_space"]["whole@regulation+0"], key: value}
        bad = {**good, "row_space": {"whole@regulation+0": row}}
        assert f"row_space.whole@regulation+0.{key}" in fault("replicate.0.json", bad)


def test_a_part_keeps_its_word_in_the_canonical_form(job: Job) -> None:
    """And a direction without one has none there, as before."""
    plain = claim_to_json(job.claim)
    parts = {d["name"]: d.get("part") for d in plain["directions"]}
    assert parts["lost"] == parts["plane-lost"] == "null-space"
    assert "part" not in plain["directions"][0]
    assert claim_from_json(plain) == job.claim


REFUSED = {
    "at-a-residual": (
        f"residual: {{{DIFFERENCE}, site: onset}}",
        f"residual: {{{DIFFERENCE}, site: onset, part: row-space}}",
        "directions.residual.part",
        "no single matrix reads",
    ),
    "at-another-layer": (
        "patched:\n    {on: regulation, site: inside",
        "patched:\n    {on: regulation, site: above",
        "arms.patched.site",
        "another matrix reads",
    ),
    "another-word": ("part: row-space", "part: column", "directions.row.part", "unknown part"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_part_where_there_is_none_is_refused(tmp_path: Path, name: str) -> None:
    """When the claim is read."""
    old, new, path, words = REFUSED[name]
    assert old in text()
    root = make(tmp_path, parts=text().replace(old, new))
    with pytest.raises(BadInput) as caught:
        parse_claim(root, "claims/parts.yaml")
    assert path in {p.path for p in caught.value.problems}
    assert words in str(caught.value)


def test_a_part_that_is_empty_is_refused_as_it_is_fitted(tmp_path: Path) -> None:
    """Only the model knows the rank of its matrix."""
    old = f"heads: {{{DIFFERENCE}, site: mixed}}"
    new = old.replace("}", ", part: null-space}")
    root = make(tmp_path / "w", parts=text().replace(old, new))
    found = exploration_job(root, "parts", replicates=1)
    with pytest.raises(ClaimsError, match=r"nothing in the null space of W_O of block 0.*16 of 16"):
        measure(found, 0, workshop_of(found, Silent()), Silent())
