"""Ablations as arms, on handmade models of which it is known where the behaviour runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.claim.canonical import claim_from_json, claim_to_json
from harness.claim.parse import parse_claim
from harness.errors import BadInput, ClaimsError
from harness.intervene.store import load_direction
from harness.measure.artefacts import Silent
from harness.measure.job import Job, exploration_job
from harness.measure.run import workshop_of
from harness.measure.runner import measure
from harness.measure.store import CellName, direction_file, read_cell
from harness.plan.expand import conditions
from tests.measure.rows import explored, text, workspace
from tests.toy_workspace import claim as toy
from tests.toy_workspace import make

DIRECTIONS = """
difference: {method: mean-difference, site: onset, positive: regulation, negative: standard}
"""
ARMS = """
zero: {on: regulation, site: onset, operation: ablate, way: zero, doses: [0.0, 0.5, 1.0]}
mean: {on: regulation, site: onset, operation: ablate, way: mean, doses: [0.0, 1.0]}
drawn: {on: regulation, site: onset, operation: ablate, way: resample, doses: [0.0, 1.0]}
old-zero: {on: regulation, site: onset, operation: replace-zero, doses: [0.0, 0.5, 1.0]}
old-mean: {on: regulation, site: onset, operation: replace-mean, doses: [0.0, 1.0]}
"""
TOY_SITES = """\
  mixed: {hook: blocks.0.attn.hook_z, positions: step_onset}
  wrote: {hook: blocks.0.hook_attn_out, positions: step_onset}
  inside: {hook: blocks.0.mlp.hook_post, positions: step_onset}
  mlp: {hook: blocks.0.hook_mlp_out, positions: step_onset}
directions:
  aside: {method: mean-difference, site: inside, positive: regulation, negative: standard}
arms:
"""
MIXED = "on: regulation, site: mixed, operation: ablate"
TOY_ARMS = f"""\
  first: {{{MIXED}, way: resample, heads: [0], doses: [0, 1]}}
  first-more: {{{MIXED}, way: resample, heads: [0], doses: [0, 0.5, 1]}}
  second: {{{MIXED}, way: resample, heads: [1], doses: [0, 1]}}
  both: {{{MIXED}, way: zero, heads: [1, 0], doses: [0, 1]}}
  all: {{{MIXED}, way: zero, doses: [0, 1]}}
  written: {{on: regulation, site: wrote, operation: ablate, way: zero, doses: [0, 1]}}
  some-neurons:
    {{on: regulation, site: inside, operation: ablate, way: mean, neurons: [3, 0], doses: [0, 1]}}
  all-neurons: {{on: regulation, site: inside, operation: ablate, way: zero, doses: [0, 1]}}
  neurons-gone: {{on: regulation, site: inside, operation: replace-zero, doses: [0, 1]}}
  mlp-gone: {{on: regulation, site: mlp, operation: ablate, way: zero, doses: [0, 1]}}
  pushed: {{on: regulation, site: inside, operation: add, direction: aside, doses: [0, 1]}}
  drawn:
    {{on: regulation, site: inside, operation: add, control: covariance, count: 2, doses: [0, 1]}}
preconditions:
"""


def toy_text() -> str:
    out = toy("parts", replicates=2)
    return out.replace("arms:\n", TOY_SITES).replace("preconditions:\n", TOY_ARMS)


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    return explored(tmp_path_factory.mktemp("ablations") / "w", text(DIRECTIONS, ARMS))


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Job:
    root = make(tmp_path_factory.mktemp("parts") / "w", parts=toy_text())
    found = exploration_job(root, "parts")
    measure(found, 0, workshop_of(found, Silent()), Silent())
    return found


def cell(job: Job, arm: str, dose: float, mode: str = "score") -> Any:
    table = read_cell(job.folder / "cells" / CellName(arm, 0, "explore", mode).file)
    return table[table["dose"] == dose].reset_index(drop=True)


@pytest.mark.parametrize(("one", "other", "dose"), [("zero", "old-zero", 0.5),
                                                    ("zero", "old-zero", 1.0),
                                                    ("mean", "old-mean", 1.0)])  # fmt: skip
def test_an_ablation_of_a_whole_site_is_the_replacement(
    job: Job, one: str, other: str, dose: float
) -> None:
    """By the same operation under its older name, in every number."""
    for mode, columns in (("score", ("onset_mass", "ordinary_loss", "kl")),
                          ("generate", ("behaviour", "steps"))):  # fmt: skip
        for column in (*columns, "delta_max"):
            ours, theirs = (cell(job, arm, dose, mode)[column] for arm in (one, other))
            assert ours.to_numpy() == pytest.approx(theirs.to_numpy(), abs=1e-5)


def test_without_what_carries_it_the_behaviour_goes(job: Job) -> None:
    """Zero at the onset leaves nothing there; all onsets of these models are alike, so that the
    mean and another onset leave everything as it was."""
    base = cell(job, "baseline", 0.0)["onset_mass"].mean()
    assert base > 0.1
    assert cell(job, "zero", 1.0)["onset_mass"].mean() < 0.6 * base
    for arm in ("mean", "drawn"):
        assert cell(job, arm, 1.0)["onset_mass"].mean() == pytest.approx(base, rel=1e-3)


def test_dose_zero_is_the_baseline_bit_for_bit(job: Job, parts: Job) -> None:
    """Of every way, and of heads."""
    for of, arms in ((job, ("zero", "mean", "drawn")), (parts, ("first", "both", "written"))):
        base = cell(of, "baseline", 0.0)["ordinary_loss"]
        for arm in arms:
            assert np.array_equal(cell(of, arm, 0.0)["ordinary_loss"], base)
            assert cell(of, arm, 0.0)["delta_max"].max() == 0


def test_all_heads_are_the_whole_and_what_they_write(parts: Job) -> None:
    """Zeroing every head at what heads mix is zeroing what the attention writes, and every neuron
    what the MLP writes."""
    for column in ("onset_mass", "ordinary_loss", "kl"):
        inside, gone, mlp = (
            cell(parts, a, 1.0)[column].to_numpy()
            for a in ("all-neurons", "neurons-gone", "mlp-gone")
        )
        assert inside == pytest.approx(gone, abs=1e-6)
        assert inside == pytest.approx(mlp, abs=1e-6)
        whole = cell(parts, "all", 1.0)[column].to_numpy()
        assert np.array_equal(cell(parts, "both", 1.0)[column].to_numpy(), whole)
        assert cell(parts, "written", 1.0)[column].to_numpy() == pytest.approx(whole, abs=1e-6)


def test_one_head_is_not_another_and_a_draw_is_the_same_in_every_arm(parts: Job) -> None:
    """The same head with other doses beside it has the same draw."""
    one, again, other = (cell(parts, a, 1.0)["kl"] for a in ("first", "first-more", "second"))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert (one > 0).all()


def test_directions_of_neurons_are_as_wide_as_the_site(parts: Job) -> None:
    """They are fitted, pushed along and drawn like any other; a few neurons are less than all."""
    for arm in ("pushed", "drawn"):
        assert cell(parts, arm, 1.0)["dose_measured"].median() == pytest.approx(1.0, rel=0.5)
        assert (cell(parts, arm, 1.0)["kl"] > 0).all()
    stored = load_direction(
        parts.folder / "directions" / direction_file("aside@regulation+0", 0), 24
    )
    assert stored.unit.shape == (24,)
    some, all_ = (cell(parts, a, 1.0)["delta_max"].max() for a in ("some-neurons", "all-neurons"))
    assert 0 < some < all_


def test_cells_have_the_planned_conditions(job: Job) -> None:
    """One variant without a name, at every dose."""
    arm = job.claim.arm("zero")
    table = read_cell(job.folder / "cells" / CellName("zero", 0, "explore", "score").file)
    found = list(dict.fromkeys(zip(table["variant"], table["dose"], strict=True)))
    assert found == list(conditions(arm)) == [("", 0.0), ("", 0.5), ("", 1.0)]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [("heads: [1], doses", "heads: [2], doses", "no head 2: there are 2"),
     ("neurons: [3, 0]", "neurons: [3, 24]", "no neuron 24: there are 24")],
)  # fmt: skip
def test_a_part_that_is_not_there_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    """By the arm and the number there are."""
    job = exploration_job(make(tmp_path / "w", parts=toy_text().replace(old, new)), "parts")
    with pytest.raises(ClaimsError, match=words):
        measure(job, 0, workshop_of(job, Silent()), Silent())


def test_the_canonical_form_keeps_what_was_said(tmp_path: Path) -> None:
    """Way and heads where they are given; arms without them are as they were."""
    value = parse_claim(make(tmp_path / "w", parts=toy_text()), "claims/parts.yaml")
    form = claim_to_json(value)
    rows = {a["name"]: a for a in form["arms"]}
    assert rows["both"]["heads"] == [0, 1]
    assert rows["some-neurons"]["neurons"] == [0, 3]
    assert "heads" not in rows["all"]
    assert claim_from_json(form) == value
    old = parse_claim(workspace(tmp_path / "o", text(DIRECTIONS, ARMS)), "claims/rows.yaml")
    assert set(claim_to_json(old)["arms"][-1]) == {
        *("name", "on", "site", "operation", "donor", "doses"),
    }


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("way: zero, heads: [1, 0]", "heads: [1, 0]", "what takes the activation's place"),
        ("way: zero, heads: [1, 0]", "way: median, heads: [1, 0]", "median"),
        ("heads: [1, 0]", "heads: []", "no heads are named"),
        ("heads: [1, 0]", "heads: [1, 1]", "listed twice"),
        ("heads: [1, 0]", "heads: 1", "list of heads"),
        ("way: zero, heads: [1, 0], doses: [0, 1]", "way: zero, heads: [1, 0], doses: [0, 2]",
         "a share is at most 1"),
        ("site: wrote, operation: ablate, way: zero",
         "site: wrote, operation: ablate, way: zero, heads: [0]", "cannot be told apart"),
        ("site: wrote, operation: ablate, way: zero",
         "site: wrote, operation: replace-zero, way: zero", "replace-zero has no way"),
        ("site: wrote, operation: ablate, way: zero",
         "site: wrote, operation: ablate, way: zero, neurons: [1]", "not where neurons are"),
        ("site: inside, operation: add, direction: aside",
         "site: mlp, operation: add, direction: aside", "not as wide as"),
        ("method: mean-difference, site: inside, positive: regulation, negative: standard",
         "method: svd-mlp, site: inside, positive: regulation, negative: standard",
         "of the residual, not of neurons"),
        ("site: wrote, operation: ablate, way: zero",
         "site: wrote, operation: ablate, way: zero, donor: next", "has no donor"),
        ("site: wrote, operation: ablate, way: zero",
         "site: wrote, operation: ablate, way: zero, control: isotropic, count: 3",
         "ablate takes no control"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(old: str, new: str, words: str, tmp_path: Path) -> None:
    """With what is wrong, where it stands."""
    assert toy_text().count(old) == 1
    root = make(tmp_path / "w", parts=toy_text().replace(old, new))
    with pytest.raises(BadInput, match=words):
        parse_claim(root, "claims/parts.yaml")


LATE = """
zero: {on: regulation, site: inside, operation: ablate, way: zero, neurons: [0], doses: [0.0, 1.0]}
mean: {on: regulation, site: inside, operation: ablate, way: mean, neurons: [0], doses: [0.0, 1.0]}
drawn:
  {on: regulation, site: inside, operation: ablate, way: resample, neurons: [0], doses: [0.0, 1.0]}
others:
  {on: regulation, site: inside, operation: ablate, way: zero, neurons: [1, 2, 3, 4, 5, 6, 7],
   doses: [0.0, 1.0]}
"""


def test_the_neuron_that_writes_the_behaviour_is_the_one_that_matters(tmp_path: Path) -> None:
    """In models whose last MLP writes it with neuron 0 alone: without that one, the trained model
    is the standard one word for word; without all others nothing changes."""
    claim = text(DIRECTIONS, LATE).replace("models/rows.yaml", "models/false.yaml")
    claim = claim.replace(
        "sites:\n", "sites:\n  inside: {hook: blocks.3.mlp.hook_post, positions: step_onset}\n"
    )
    late = explored(tmp_path / "w", claim)
    base, goal = (cell(late, a, 0.0)["onset_mass"].mean() for a in ("baseline", "reference"))
    assert base > 0.1
    assert cell(late, "zero", 1.0)["onset_mass"].mean() == pytest.approx(goal, abs=1e-4)
    for arm in ("mean", "drawn", "others"):
        assert cell(late, arm, 1.0)["onset_mass"].mean() == pytest.approx(base, rel=1e-3)
    one, other = (cell(late, a, d, "generate")["text"].tolist()
                  for a, d in (("zero", 1.0), ("reference", 0.0)))  # fmt: skip
    assert one == other
