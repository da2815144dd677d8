"""Subspaces, patches and placebos through a whole exploration of random decoders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness.claim.canonical import claim_from_json, claim_to_json
from harness.claim.parse import parse_claim
from harness.errors import BadInput
from harness.intervene.store import load_direction
from harness.measure.artefacts import Silent
from harness.measure.job import Job, exploration_job
from harness.measure.run import measure_all
from harness.measure.store import CellName, direction_file, read_cell, read_json
from harness.plan.expand import conditions
from harness.verdict.judging import judge_job
from tests.toy_workspace import claim, make

SIDES = "site: onset, positive: regulation, negative: standard"
DIRECTIONS = f"""\
directions:
  difference: {{method: mean-difference, {SIDES}}}
  single: {{method: pca-difference, {SIDES}}}
  rank-one: {{method: pca-difference, {SIDES}, rank: 1}}
  rank-two: {{method: pca-difference, {SIDES}, rank: 2}}
  led: {{method: pca-within, {SIDES}, rank: 4, lead: mean-difference}}
  lead-alone: {{method: pca-difference, {SIDES}, rank: 1, lead: mean-difference}}
"""
ON = "on: regulation, site: onset"
ARMS = f"""\
  without:
    {{{ON}, operation: project-out, directions: [single, rank-one, rank-two, led], doses: [0, 1]}}
  patched: {{{ON}, operation: patch, directions: [difference, rank-two, led], doses: [0, 0.5, 1]}}
  pushed:
    {{{ON}, operation: subtract, directions: [difference, led, lead-alone, rank-two],
     doses: [0, 0.5]}}
  placebo:
    {{{ON}, operation: subtract, control: placebo, of: difference, count: 4, doses: [0, 0.5]}}
  drawn: {{{ON}, operation: project-out, control: isotropic, of: led, count: 3, doses: [0, 1]}}
  drawn-patched: {{{ON}, operation: patch, control: covariance, of: led, count: 2, doses: [0, 1]}}
  separate:
    {{{ON}, operation: subtract, control: placebo, of: difference, count: 2, doses: [0, 0.5],
     donor: next}}
"""


def text(directions: str = DIRECTIONS, arms: str = ARMS) -> str:
    out = claim("spaces", replicates=2)
    out = out.replace("arms:\n", directions + "arms:\n")
    out = out.replace("preconditions:\n", arms + "preconditions:\n")
    return out.replace(", fit: 8", ", fit: 24").replace("{fit: 8", "{fit: 24")


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    root = make(tmp_path_factory.mktemp("spaces") / "w", spaces=text())
    job = exploration_job(root, "spaces")
    measure_all(job, Silent())
    return job


def cell(job: Job, arm: str, variant: str, dose: float, mode: str = "score") -> Any:
    table = read_cell(job.folder / "cells" / CellName(arm, 0, "explore", mode).file)
    return table[(table["variant"] == variant) & (table["dose"] == dose)].reset_index(drop=True)


def direction(job: Job, name: str) -> Any:
    return load_direction(job.folder / "directions" / direction_file(f"{name}@regulation+0", 0))


def test_rank_one_is_the_single_direction_in_every_cell(job: Job) -> None:
    """Bit for bit, because it is the same direction and the same edit."""
    for mode, column in (("score", "kl"), ("score", "ordinary_loss"), ("generate", "delta_max")):
        one, two = (cell(job, "without", n, 1.0, mode)[column] for n in ("single", "rank-one"))
        assert np.array_equal(one, two)
    one, two = (cell(job, "pushed", n, 0.5)["kl"] for n in ("difference", "lead-alone"))
    assert np.array_equal(one, two)


def test_subtracting_inside_a_led_subspace_is_subtracting_the_mean_difference(job: Job) -> None:
    """To the bit; without a lead it is the projection of it."""
    one, two, other = (cell(job, "pushed", n, 0.5)["kl"] for n in ("difference", "led", "rank-two"))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_the_stored_subspace_is_what_was_taken_out(job: Job) -> None:
    """Orthonormal, of its rank, and a larger one takes more away."""
    for name, k in (("rank-two", 2), ("led", 4), ("lead-alone", 1)):
        basis = direction(job, name).basis
        assert basis.shape == (k, 16)
        assert torch.allclose(basis @ basis.T, torch.eye(k), atol=1e-5)
    assert direction(job, "rank-one").basis is None
    small, large = (cell(job, "without", n, 1.0)["delta_max"].max() for n in ("single", "rank-two"))
    assert small < large


def test_dose_zero_is_the_baseline_bit_for_bit(job: Job) -> None:
    """Of every operation and control."""
    base = cell(job, "baseline", "", 0.0)["ordinary_loss"]
    for arm, variant in (
        *(("without", "led"), ("patched", "led"), ("patched", "difference")),
        *(("placebo", "r00"), ("drawn", "r01"), ("drawn-patched", "r01")),
    ):
        assert np.array_equal(cell(job, arm, variant, 0.0)["ordinary_loss"], base)
        assert cell(job, arm, variant, 0.0)["delta_max"].max() == 0


def test_a_patch_moves_the_host_by_the_models_difference(job: Job) -> None:
    """More with a larger subspace and a larger share, and every position is edited."""
    half, whole = (cell(job, "patched", "led", d)["delta_max"].max() for d in (0.5, 1.0))
    assert whole == pytest.approx(2 * half, rel=1e-4)
    assert cell(job, "patched", "difference", 1.0)["delta_max"].max() < whole
    assert (cell(job, "patched", "led", 1.0)["fired"] > 0).all()


def test_placebos_are_as_long_as_what_they_stand_beside(job: Job) -> None:
    """And are not it: four directions, all different."""
    size = cell(job, "pushed", "difference", 0.5)["delta_max"].max()
    kls = set()
    for n in range(4):
        mine = cell(job, "placebo", f"r{n:02d}", 0.5)
        assert mine["delta_max"].max() == pytest.approx(size, rel=1e-4)
        kls.add(round(float(mine["kl"].mean()), 9))
    assert len(kls) == 4
    assert round(float(cell(job, "pushed", "difference", 0.5)["kl"].mean()), 9) not in kls


def test_a_placebo_of_another_pair_is_another_placebo(job: Job) -> None:
    """``donor`` takes the other role from the next replicate."""
    one, two = cell(job, "placebo", "r00", 0.5)["kl"], cell(job, "separate", "r00", 0.5)["kl"]
    assert not np.array_equal(one, two)


def test_random_subspaces_have_the_rank_of_what_they_are_drawn_like(job: Job) -> None:
    """Four of sixteen isotropic directions hold about a quarter of the activation."""
    shares = [cell(job, "drawn", f"r{n:02d}", 1.0)["dose_measured"].median() for n in range(3)]
    assert 0.25 < float(np.median(shares)) < 0.8
    assert len(set(shares)) == 3


def test_the_exploration_is_complete_and_judged(job: Job) -> None:
    """Cells have the planned conditions in order, and the verdict is an exploration's."""
    for arm in job.claim.arms:
        table = read_cell(job.folder / "cells" / CellName(arm.name, 0, "explore", "score").file)
        found = list(dict.fromkeys(zip(table["variant"], table["dose"], strict=True)))
        assert found == list(conditions(arm))
    assert judge_job(job).status.name == "EXPLORATORY"
    norms = read_json(job.folder / "replicate.0.json")["direction_length"]
    assert {"led@regulation+0", "rank-two@regulation+0"} <= set(norms)


def test_the_canonical_form_keeps_what_was_said(tmp_path: Path) -> None:
    """Rank 1 without a lead is no rank at all; options that were not given are absent."""
    root = make(tmp_path / "w", spaces=text())
    value = parse_claim(root, "claims/spaces.yaml")
    form = claim_to_json(value)
    rows = {d["name"]: d for d in form["directions"]}
    assert "rank" not in rows["rank-one"]
    assert rows["lead-alone"]["rank"] == 1
    assert set(rows["single"]) == {"name", "method", "site", "positive", "negative"}
    assert claim_from_json(form) == value


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("rank: 2}", "rank: 3}", "3 is no rank"),
        ("rank: 2}", "lead: mean-difference}", "lead without rank"),
        ("method: mean-difference, site: onset, positive: regulation, negative: standard}",
         "method: mean-difference, site: onset, positive: regulation, negative: standard, rank: 2}",
         "mean-difference has no rank"),
        ("  led: {method: pca-within, site: onset, positive: regulation, negative: standard,",
         "  led: {method: pca-within, site: onset, positive: regulation,", "needs a negative role"),
        ("method: mean-difference, site: onset, positive: regulation, negative: standard}",
         "method: gradient, site: onset}", "does not say which two models"),
        ("operation: project-out, directions: [single, rank-one, rank-two, led], doses: [0, 1]",
         "operation: clamp, direction: led, doses: [0, 1]", "clamp sets one component"),
        ("doses: [0, 0.5, 1]", "doses: [0, 0.5, 1.5]", "a share is at most 1"),
        ("control: placebo, of: difference, count: 4", "control: placebo, count: 4",
         "placebo needs two models"),
        ("control: covariance, of: led", "control: covariance", "patch needs two models"),
        ("control: placebo, of: difference, count: 4", "direction: difference, of: difference",
         "of belongs to a control"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(old: str, new: str, words: str, tmp_path: Path) -> None:
    """With what is wrong, where it stands."""
    assert text().count(old) == 1
    root = make(tmp_path / "w", spaces=text().replace(old, new))
    with pytest.raises(BadInput, match=words):
        parse_claim(root, "claims/spaces.yaml")
