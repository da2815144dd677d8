"""Directions from another replicate, mapped: replicates that are one model in many bases.

Every replicate is the same pair of random decoders with its residual rotated by a matrix that the
seed draws. What another pair's direction lacks here is the change of basis and nothing else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.claim.canonical import claim_from_json, claim_to_json
from harness.claim.parse import parse_claim
from harness.errors import BadInput
from harness.intervene.store import load_direction
from harness.measure.artefacts import Silent
from harness.measure.job import Job, exploration_job
from harness.measure.run import measure_all
from harness.measure.store import CellName, direction_file, read_cell
from harness.plan.needs import models_needed
from harness.subject.recipe import load_recipe
from tests.toy_workspace import claim, make

ROTATE = """\
        draw = torch.Generator().manual_seed(seed % 2**31)
        turn = torch.linalg.qr(torch.randn(16, 16, generator=draw, dtype=torch.float64))[0].float()
        with torch.no_grad():
            decoder.embed.copy_(decoder.embed @ turn)
            for block in decoder.blocks:
                for reads in (block.qkv, block.gate_up):
                    reads.copy_(reads @ turn)
                for writes in (block.out, block.down):
                    writes.copy_(turn.T @ writes)
"""
SIDES = "site: onset, positive: regulation"
DIRECTIONS = f"""\
directions:
  raw: {{method: mean-difference, {SIDES}, negative: host}}
  turned: {{method: mean-difference, {SIDES}, negative: host, map: procrustes, map_from: host}}
  affine: {{method: mean-difference, {SIDES}, negative: host, map: affine, map_from: host}}
  from-trained: {{method: mean-difference, {SIDES}, negative: host, map: procrustes}}
  slope: {{method: gradient, site: onset, map: procrustes, map_from: standard}}
  bound: {{method: optimised, site: onset, radius: 0.25}}
"""
ARMS = """\
  within:
    {on: standard, site: onset, operation: add, directions: [raw, from-trained, bound],
     doses: [0, 0.5]}
  separate:
    {on: standard, site: onset, operation: add, donor: next, doses: [0, 0.5],
     directions: [raw, turned, affine, from-trained, slope]}
  own-slope:
    {on: standard, site: onset, operation: add, direction: own-slope, doses: [0, 0.5]}
"""
OWN = "  own-slope: {method: gradient, site: onset}\n"


def text() -> str:
    out = claim("mapped", replicates=2)
    out = out.replace("arms:\n", DIRECTIONS + OWN + "arms:\n")
    out = out.replace("preconditions:\n", ARMS + "preconditions:\n")
    return out.replace("{fit: 8", "{fit: 48")


def workspace(root: Path, words: str) -> Path:
    make(root, mapped=words)
    toy = root / "models/toy.py"
    code = toy.read_text()
    assert "        words = [" in code
    code = code.replace("        words = [", ROTATE + "        words = [")
    toy.write_text(code.replace("manual_seed(seed % 2**31 + len(role))", "manual_seed(len(role))"))
    return root


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    job = exploration_job(workspace(tmp_path_factory.mktemp("mapped") / "w", text()), "mapped")
    measure_all(job, Silent())
    return job


def direction(job: Job, name: str, donor: int, replicate: int = 0) -> Any:
    file = direction_file(f"{name}@standard+{donor}", replicate)
    return load_direction(job.folder / "directions" / file)


def cosine(one: Any, two: Any) -> float:
    return float(one.unit @ two.unit)


@pytest.mark.parametrize("replicate", [0, 1])
def test_a_mapped_direction_is_the_one_that_would_have_been_fitted_here(
    job: Job, replicate: int
) -> None:
    """Unmapped it is not: the bases have nothing to do with each other."""
    here = direction(job, "raw", 0, replicate)
    assert cosine(direction(job, "raw", 1, replicate), here) < 0.9
    turned = direction(job, "turned", 1, replicate)
    assert cosine(turned, here) > 0.999
    assert turned.norm == pytest.approx(here.norm, rel=1e-3)
    assert float(turned.provenance["map_explained_variance_held_out"]) > 0.999
    assert cosine(direction(job, "affine", 1, replicate), here) > 0.95
    slope = direction(job, "own-slope", 0, replicate)
    assert cosine(direction(job, "slope", 1, replicate), slope) > 0.999


def test_a_map_between_roles_keeps_a_length_and_says_what_it_explains(job: Job) -> None:
    """From the trained model to the standard one, within a replicate or across."""
    within, across = direction(job, "from-trained", 0), direction(job, "from-trained", 1)
    assert cosine(within, across) > 0.99
    assert within.norm == pytest.approx(direction(job, "raw", 0).norm, rel=1e-3)
    for one in (within, across):
        assert one.provenance["map"] == "procrustes"
        assert float(one.provenance["map_explained_variance"]) < 0.999


def test_a_mapped_direction_does_what_the_hosts_own_does(job: Job) -> None:
    """The same edit, so the same readouts to rounding."""
    found = {}
    for arm, variant in (("within", "raw"), ("separate", "turned"), ("separate", "raw")):
        table = read_cell(job.folder / "cells" / CellName(arm, 0, "explore", "score").file)
        mine = table[(table["variant"] == variant) & (table["dose"] == 0.5)]
        found[arm, variant] = mine["kl"].to_numpy()
    assert found["separate", "turned"] == pytest.approx(found["within", "raw"], rel=0.02)
    assert found["separate", "raw"] != pytest.approx(found["within", "raw"], rel=0.02)


def test_an_optimised_direction_is_fitted_for_its_host(job: Job) -> None:
    """As long as the claim says, in the host's residual norms, and it brings behaviour."""
    import json

    record = json.loads((job.folder / "replicate.0.json").read_text())
    assert record["direction_norm"]["bound@standard+0"] == pytest.approx(0.25, rel=1e-4)
    table = read_cell(job.folder / "cells" / CellName("within", 0, "explore", "score").file)
    mass = table[table["variant"] == "bound"].groupby("dose")["onset_mass"].mean()
    assert mass[0.5] > 1.2 * mass[0.0]


def test_all_models_of_a_mapped_direction_are_planned(job: Job) -> None:
    """The donor's copy of the host's role too, which no other direction needs."""
    recipe = load_recipe(job.root, "models/toy.yaml")
    assert set(models_needed(job.claim, recipe, 0)) == {
        *(("regulation", 0), ("standard", 0), ("regulation", 1), ("standard", 1))
    }


def test_the_canonical_form_has_the_source_written_out(tmp_path: Path) -> None:
    """The positive role where none is named; nothing at all without a map."""
    value = parse_claim(workspace(tmp_path / "w", text()), "claims/mapped.yaml")
    form = claim_to_json(value)
    rows = {d["name"]: d for d in form["directions"]}
    assert rows["from-trained"]["map_from"] == "regulation"
    assert rows["turned"]["map_from"] == "host"
    assert not {"map", "map_from", "radius"} & set(rows["raw"])
    assert rows["bound"]["radius"] == 0.25
    assert claim_from_json(form) == value


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("map: affine, map_from: host", "map_from: host", "map_from without map"),
        ("map: affine, map_from", "map: rotation, map_from", "unknown map"),
        ("map: procrustes, map_from: standard", "map: procrustes", "names no model to map from"),
        ("directions: [raw, from-trained, bound]", "directions: [turned, bound]",
         "mapped from standard to itself"),
        ("radius: 0.25", "radius: 5", "out of bounds"),
        ("{method: gradient, site: onset}", "{method: gradient, site: onset, radius: 1}",
         "gradient has no radius"),
        ("method: optimised, site: onset,", "method: optimised, site: onset, positive: standard,",
         "optimised has no positive role"),
        ("negative: host, map: affine, map_from: host}",
         "negative: host, map: affine, map_from: host, rank: 2}", "a subspace is not mapped"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(old: str, new: str, words: str, tmp_path: Path) -> None:
    """With what is wrong, where it stands."""
    assert text().count(old) == 1
    root = workspace(tmp_path / "w", text().replace(old, new))
    with pytest.raises(BadInput, match=words):
        parse_claim(root, "claims/mapped.yaml")
