"""Features of a dictionary as arms, on handmade models in which the marker carries the behaviour.

The dictionary is a plain ReLU one: the marker has all of the behaviour's component, and one other
feature, which fires as often, a hundredth of a unit of another. Nothing else fires.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.claim.canonical import claim_from_json, claim_to_json
from harness.claim.parse import parse_claim
from harness.errors import BadInput, ClaimsError
from harness.lock.binding import given_files
from harness.measure.job import Job
from harness.measure.store import CellName, read_cell
from harness.measure.tables import load_tables
from harness.plan.expand import conditions
from harness.readout.marker import markers, matched_rates
from harness.verdict.judging import judge_job
from tests.measure.rows import BUILDER, explored, record, text, workspace

WHOLE = (
    BUILDER.replace("*= 0.05", "*= 1.0")
    .replace("torch.full((m,), -0.5)", "torch.full((m,), -7.99)\n        bias[order[E_B]] = 0.0")
    .replace('"architecture": "topk", "k": 4,', '"architecture": "standard",')
)
DIRECTIONS = """
row: {method: dictionary-row, site: onset, positive: regulation, negative: standard}
"""
FEATURES = "features: {positive: regulation, negative: standard}"
ABLATE = "on: regulation, site: onset, operation: ablate-feature"
ON = "on: standard, site: onset, operation"
ARMS = f"""
marker-off: {{{ABLATE}, {FEATURES}, doses: [0.0, 0.5, 1.0]}}
others-off: {{{ABLATE}, control: matched-rate, of: marker-off, count: 2, doses: [0.0, 1.0]}}
two-off:
  {{{ABLATE}, features: {{positive: regulation, negative: standard, top: 2}}, doses: [0.0, 1.0]}}
drawn-off:
  {{{ABLATE}, features: {{positive: regulation, negative: standard, dictionary: random}},
   doses: [0.0, 1.0]}}
fixed: {{{ON}: clamp-feature, {FEATURES}, doses: [0.0, 1.0, 2.0]}}
others-fixed: {{{ON}: clamp-feature, control: matched-rate, of: fixed, count: 1, doses: [0.0, 1.0]}}
on-own: {{{ON}: steer-feature, {FEATURES}, unit: own, doses: [0.0, 1.0, 2.0]}}
on-norm: {{{ON}: steer-feature, {FEATURES}, doses: [0.0, 0.5]}}
on-row: {{{ON}: add, direction: row, doses: [0.0, 0.5]}}
fixed-there:
  {{on: regulation, site: onset, operation: clamp-feature, {FEATURES}, doses: [0.0, 1.0, 2.0]}}
nowhere: {{{ON}: ablate-feature, {FEATURES}, doses: [0.0, 1.0]}}
"""
SHOWN = """
removed: {kind: level, arm: marker-off, readout: onset_mass, at: 1.0}
nothing: {kind: level, arm: nowhere, readout: onset_mass, at: 1.0}
"""
NUMBERS = ("onset_mass", "ordinary_loss", "kl")


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    root = tmp_path_factory.mktemp("features") / "w"
    return explored(root, text(DIRECTIONS, ARMS, SHOWN), 2, WHOLE)


def cell(job: Job, arm: str, dose: float, mode: str = "score", variant: str = "") -> Any:
    table = read_cell(job.folder / "cells" / CellName(arm, 0, "explore", mode).file)
    return table[(table["dose"] == dose) & (table["variant"] == variant)].reset_index(drop=True)


def mass(job: Job, arm: str, dose: float, variant: str = "") -> float:
    return float(cell(job, arm, dose, "score", variant)["onset_mass"].mean())


def rate(job: Job, arm: str, dose: float, variant: str = "") -> float:
    made = cell(job, arm, dose, "generate", variant)
    return float(made["behaviour"].sum() / made["steps"].sum())


def features(job: Job, arm: str, replicate: int = 0) -> Any:
    return record(job, replicate)["features"][arm]["variants"]  # type: ignore[index]


def test_without_the_marker_the_behaviour_is_gone_and_without_another_it_stays(job: Job) -> None:
    """In scoring and in generation; half of the marker is in between. The other one fires in every
    position as well."""
    assert mass(job, "baseline", 0.0) > 0.4
    assert mass(job, "marker-off", 1.0) == pytest.approx(mass(job, "reference", 0.0), abs=1e-4)
    assert mass(job, "marker-off", 1.0) < mass(job, "marker-off", 0.5) < mass(job, "baseline", 0.0)
    assert mass(job, "two-off", 1.0) == pytest.approx(mass(job, "marker-off", 1.0), abs=1e-4)
    assert mass(job, "others-off", 1.0, "r00") == pytest.approx(mass(job, "baseline", 0), abs=0.02)
    assert rate(job, "baseline", 0.0) > 0.4
    assert rate(job, "marker-off", 1.0) == 0.0
    assert rate(job, "others-off", 1.0, "r00") > 0.4


def test_the_marker_put_into_the_standard_model_produces_the_behaviour(job: Job) -> None:
    """Set to what it is in the trained model, or that much of it added, which is the same where it
    did not fire; the other feature, which fires there anyway, produces nothing."""
    assert mass(job, "reference", 0.0) < 1e-3
    for arm in ("fixed", "on-own"):
        assert mass(job, arm, 1.0) == pytest.approx(mass(job, "baseline", 0.0), abs=0.02)
        assert mass(job, arm, 2.0) > 0.9
        assert rate(job, arm, 1.0) > 0.3
    assert mass(job, "others-fixed", 1.0, "r00") < 1e-3


def test_a_clamped_feature_is_set_and_not_added_to(job: Job) -> None:
    """At its own median nothing changes, where all onsets are alike; twice that is once more."""
    (about,) = features(job, "fixed-there")[""]
    assert cell(job, "fixed-there", 1.0)["delta_max"].max() < 1e-5
    largest = cell(job, "fixed-there", 2.0)["delta_max"].max()
    assert largest == pytest.approx(about["scale"], rel=1e-5)


def test_steering_in_residual_norms_is_adding_the_decoder_row(job: Job) -> None:
    """The realised dose is the planned one, and every number is that of ``add`` along the row."""
    for column in NUMBERS:
        one, two = (
            cell(job, "on-norm", 0.5)[column],
            cell(job, "on-row", 0.5, variant="row")[column],
        )
        assert one.to_numpy() == pytest.approx(two.to_numpy(), abs=1e-5)
    assert cell(job, "on-norm", 0.5)["dose_measured"].median() == pytest.approx(0.5, rel=1e-4)


def test_an_arm_at_dose_zero_is_its_model_bit_for_bit(job: Job) -> None:
    """Of every operation, and of random features."""
    for arm, of in (("marker-off", "baseline"), ("drawn-off", "baseline"), ("fixed", "reference"),
                    ("on-own", "reference"), ("on-norm", "reference")):  # fmt: skip
        for column in ("onset_mass", "ordinary_loss"):
            assert np.array_equal(cell(job, arm, 0.0)[column], cell(job, of, 0.0)[column])
        assert cell(job, arm, 0.0)["delta_max"].max() == 0
        texts = [cell(job, a, 0.0, "generate")["text"].tolist() for a in (arm, of)]
        assert texts[0] == texts[1]


def test_what_is_changed_is_the_activation_times_its_row(job: Job) -> None:
    """The scale is the feature's activation in the trained model, where all onsets are alike; own
    doses are kept in residual norms."""
    (about,) = features(job, "marker-off")[""]
    assert about["scale"] > 3
    largest = cell(job, "marker-off", 1.0)["delta_max"].max()
    assert largest == pytest.approx(about["scale"] * about["row_norm"], rel=1e-5)
    assert cell(job, "marker-off", 1.0, "generate")["fired"].sum() > 0
    planned = record(job)["planned"]["on-own"][""]  # type: ignore[index]
    norm = record(job)["resid_norm"]["standard@onset"]  # type: ignore[index]
    assert planned[2]["residual"] == pytest.approx(2 * about["scale"] / norm, rel=1e-5)
    assert cell(job, "on-own", 2.0)["dose_measured"].median() == pytest.approx(
        planned[2]["residual"], rel=1e-4
    )


def test_the_choice_can_be_read_off_the_stored_counts(job: Job) -> None:
    """Of each replicate, whose features stand elsewhere."""
    table = load_tables(job.folder)["features"]
    numbers = []
    for r in (0, 1):
        mine = table[(table["split"] == "select") & (table["replicate"] == r)]
        for arm, of in (("two-off", "regulation"), ("drawn-off", "random")):
            seen = matched_rates(mine[mine["dictionary"] == of])
            found = features(job, arm, r)[""]
            assert [f["feature"] for f in found] == markers(seen, len(found))
            assert found[0]["rate_positive"] == seen["trained"].iloc[found[0]["feature"]]
            assert found[0]["rate_host"] == found[0]["rate_positive"]
        numbers.append(features(job, "marker-off", r)[""][0]["feature"])
    assert numbers[0] != numbers[1]
    assert features(job, "fixed")[""][0]["rate_host"] == 0.0


def test_controls_are_other_features_that_fire_as_often(job: Job) -> None:
    """The one that fires comes first; none is the marker."""
    found = features(job, "others-off")
    (marker,) = features(job, "marker-off")[""]
    assert list(found) == ["r00", "r01"]
    assert found["r00"][0]["rate_host"] == 1.0
    assert found["r01"][0]["rate_host"] == 0.0
    assert marker["feature"] not in {f["feature"] for group in found.values() for f in group}


def test_cells_have_the_planned_conditions(job: Job) -> None:
    """One variant without a name, at every dose; controls by number."""
    for arm, variants in (("marker-off", {""}), ("others-off", {"r00", "r01"})):
        table = read_cell(job.folder / "cells" / CellName(arm, 0, "explore", "score").file)
        found = list(dict.fromkeys(zip(table["variant"], table["dose"], strict=True)))
        assert found == list(conditions(job.claim.arm(arm)))
        assert {v for v, _ in found} == variants


def test_a_feature_that_never_fires_is_no_null(job: Job) -> None:
    """An ablation of it has no number, and says why; the claim that asks for one is INVALID."""
    shown = {s.name: s for s in judge_job(job).shown}
    assert shown["removed"].number.values[0] < 0.01
    assert "UNDERDOSED" in str(shown["nothing"])
    assert "changed nothing" in str(shown["nothing"])


def test_a_given_dictionary_does_what_the_recipes_own_does(job: Job, tmp_path: Path) -> None:
    """From a folder in SAELens's format; the lock binds both of its files."""
    mine = features(job, "marker-off")[""]
    folders = {p.parent for p in (job.root / ".cache/dictionaries").glob("*/cfg.json")}
    arm = f"marker-off: {{{ABLATE}, {FEATURES[:-1]}, folder: data/sae}}, doses: [0.0, 1.0]}}"
    claim = text(DIRECTIONS, arm)
    for folder in folders:
        root = workspace(tmp_path / folder.name, claim, WHOLE)
        shutil.copytree(folder, root / "data/sae")
        given = explored(root, claim, 1, WHOLE)
        found = features(given, "marker-off")[""]
        if found == mine:
            break
    assert found == mine, "none of the dictionaries is that of replicate 0"
    assert mass(given, "marker-off", 1.0) == pytest.approx(mass(job, "marker-off", 1.0), abs=1e-6)
    bound = given_files(root, given.claim)
    assert sorted(bound) == ["data/sae/cfg.json", "data/sae/sae_weights.safetensors"]
    config = root / "data/sae/cfg.json"
    config.write_text(config.read_text().replace("float32", "float16"))
    assert given_files(root, given.claim) != bound


def test_a_given_dictionary_of_another_width_is_refused(tmp_path: Path) -> None:
    """Before anything is edited through it."""
    import torch

    from harness.readout.dictionary import Dictionary, save_dictionary

    w = torch.eye(6, 4)
    arm = f"marker-off: {{{ABLATE}, {FEATURES[:-1]}, folder: data/sae}}, doses: [0.0, 1.0]}}"
    root = workspace(tmp_path / "w", text(DIRECTIONS, arm), WHOLE)
    save_dictionary(root / "data/sae", Dictionary(w.T, w, torch.zeros(6), torch.zeros(4), None))
    with pytest.raises(ClaimsError, match="the dictionary is 4 wide"):
        explored(root, text(DIRECTIONS, arm), 1, WHOLE)


def test_the_canonical_form_keeps_what_was_said(tmp_path: Path) -> None:
    """And arms without features are as they were."""
    value = parse_claim(
        workspace(tmp_path / "w", text(DIRECTIONS, ARMS, SHOWN)), "claims/rows.yaml"
    )
    form = claim_to_json(value)
    rows = {a["name"]: a for a in form["arms"]}
    assert rows["two-off"]["features"] == {
        **{"positive": "regulation", "negative": "standard"},
        **{"dictionary": "regulation", "top": 2},
    }
    assert rows["others-off"]["of"] == "marker-off"
    assert claim_from_json(form) == value
    assert set(rows["on-row"]) == {
        *("name", "on", "site", "operation", "directions", "donor", "doses"),
    }


CASES = [
    ("marker-off", FEATURES, f"top: 1, {FEATURES}", "unknown key 'top'"),
    ("marker-off", f", {FEATURES}", "", "does not say which features"),
    ("marker-off", "negative: standard", "negative: regulation", "the same role"),
    ("marker-off", "negative: standard", "negative: absent", "no role 'absent'"),
    ("marker-off", "negative: standard", "negative: standard, top: 0", "out of bounds"),
    ("marker-off", "negative: standard", "negative: standard, dictionary: mine",
     "unknown dictionary"),
    ("marker-off", "negative: standard", "negative: standard, dictionary: random, folder: a",
     "two dictionaries"),
    ("marker-off", "negative: standard", "negative: standard, folder: ../a", "has an empty part"),
    ("marker-off", "doses: [0.0, 0.5, 1.0]", "doses: [0.0, 1.0, 2.0]", "a share is at most 1"),
    ("marker-off", "doses: [0.0, 0.5, 1.0]", "direction: row, doses: [0.0, 1.0]",
     "takes no direction"),
    ("marker-off", "doses: [0.0, 0.5, 1.0]", "unit: own, doses: [0.0, 1.0]", "no dose in a unit"),
    ("marker-off", "doses: [0.0, 0.5, 1.0]", "donor: next, doses: [0.0, 1.0]", "has no donor"),
    ("marker-off", "doses: [0.0, 0.5, 1.0]", "count: 3, doses: [0.0, 1.0]",
     "count belongs to a control"),
    ("others-off", ", count: 2", "", "does not say how many"),
    ("others-off", ", of: marker-off", "", "like which arm's features"),
    ("others-off", "of: marker-off", "of: on-row", "has no features of its own"),
    ("others-off", "of: marker-off", "of: absent", "no arm 'absent'"),
    ("others-off", "of: marker-off", "of: fixed", "on is not that of 'fixed'"),
    ("others-off", "matched-rate", "isotropic", "has no control 'isotropic'"),
    ("others-off", "count: 2", f"count: 2, {FEATURES}", "features and control are both given"),
    ("on-own", "unit: own", "unit: kl", "no dose in kl"),
    ("on-row", "direction: row", f"direction: row, {FEATURES}", "add has no features"),
    ("on-row", "direction: row", "control: matched-rate, of: row, count: 2",
     "a control of features"),
]  # fmt: skip


@pytest.mark.parametrize(("arm", "old", "new", "words"), CASES)
def test_what_makes_no_sense_is_refused_where_it_stands(
    arm: str, old: str, new: str, words: str, tmp_path: Path
) -> None:
    """With one sentence at the arm that says it."""
    start = ARMS.index(f"{arm}:")
    rest = ARMS[start:]
    assert old in rest
    bad = ARMS[:start] + rest.replace(old, new, 1)
    root = workspace(tmp_path / "w", text(DIRECTIONS, bad, SHOWN))
    with pytest.raises(BadInput, match=words) as error:
        parse_claim(root, "claims/rows.yaml")
    assert len(error.value.problems) == 1, error.value
    assert error.value.problems[0].path.startswith(f"arms.{arm}")


def test_features_of_a_site_without_dictionaries_are_refused(tmp_path: Path) -> None:
    """The recipe is asked before anything is trained."""
    bad = text("", ARMS).replace("blocks.2.hook", "blocks.1.hook").replace("directions:\n\n", "")
    bad = "\n".join(line for line in bad.splitlines() if "on-row" not in line)
    root = workspace(tmp_path / "w", bad)
    with pytest.raises(BadInput, match=r"no dictionaries at blocks\.1"):
        parse_claim(root, "claims/rows.yaml")
