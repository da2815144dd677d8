"""Pilots: what an exploration gives per criterion, and what of it is looked at."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from harness.claim.schema import Arm, Criterion
from harness.claim.schema import Test as Gate
from harness.digest import digest
from harness.errors import RecordBroken
from harness.lock.pilot import Spread
from harness.measure.job import begin, exploration_job, finish
from harness.measure.store import digests
from harness.verdict.pilot import pilot, pilot_of, pilots_of
from harness.verdict.view import View
from tests.measure.forged import workspace, write_replicate
from tests.verdict.synthetic import cell, claim, evidence, superiority

ARMS = (
    Arm("baseline", "regulation"),
    Arm("reference", "standard"),
    Arm("treatment", "regulation", "onset", "subtract", ("d",), doses=(0.0, 1.0)),
)
GAP = {
    "kind": "closed-gap",
    "arm": "treatment",
    "baseline": "baseline",
    "reference": "reference",
    "readout": "rate",
    "at": 1.0,
}


def explored(root: Path, replicates: int = 2, done: int | None = None) -> Path:
    """An exploration written by hand; its folder."""
    job = exploration_job(root, "easy", replicates)
    begin(job)
    for replicate in range(replicates if done is None else done):
        write_replicate(job, replicate)
    finish(job)
    return job.folder


def view(*rates: tuple[float, float, float], criteria: tuple[Criterion, ...]) -> View:
    """Replicates with the rates of baseline, reference and treatment."""
    cells = []
    for r, (base, reference, treated) in enumerate(rates):
        cells += [
            cell("baseline", r, rate=base, split="explore"),
            cell("reference", r, rate=reference, split="explore"),
            cell("treatment", r, rate=base, variant="d", split="explore"),
            cell("treatment", r, rate=treated, variant="d", dose=1.0, split="explore"),
        ]
    of = claim(ARMS, criteria, replicates=len(rates))
    found = evidence(of, cells, kind="exploration")
    return View(found, found.replicates)


def test_values_and_readouts_are_those_of_the_exploration() -> None:
    """One number per replicate and criterion; least and largest of every arm's readout."""
    found = pilot(
        view((0.4, 0.0, 0.1), (0.4, 0.0, 0.2), criteria=(superiority("closes", GAP, 0.5),)),
        "sha256:00",
    )
    assert found.values["closes"] == pytest.approx((0.75, 0.5))
    assert found.readouts["treatment", "rate"] == Spread(0.1, 0.4)
    assert found.readouts["reference", "rate"] == Spread(0.0, 0.0)
    assert found.missing == {}
    assert (found.replicates, found.evidence) == (2, "sha256:00")


def test_what_has_no_number_is_missing_with_its_reason() -> None:
    """A gap that is not there is no floor and no traceback."""
    found = pilot(view((0.2, 0.2, 0.1), criteria=(superiority("closes", GAP, 0.5),)), "d")
    assert found.values == {}
    assert "no gap to close" in found.missing["closes"]


def test_a_ratio_over_nothing_and_a_rate_without_steps_are_no_numbers() -> None:
    """Infinity and NaN reach the rules as they are."""
    spec = {"kind": "log-ratio", "arm": "baseline", "over": "reference", "readout": "rate"}
    one = Criterion("times", spec, Gate("ratio-above", 1.0), "w")
    seen = view((0.4, 0.0, 0.1), criteria=(one,))
    assert pilot(seen, "d").values["times"] == (math.inf,)
    seen.evidence.generate.loc[seen.evidence.generate["arm"] == "treatment", "steps"] = 0
    blank = pilot(View(seen.evidence, (0,)), "d").readouts["treatment", "rate"]
    assert blank.blanks == 2


def test_a_claim_that_was_not_explored_has_no_pilot(tmp_path: Path) -> None:
    """None, for this claim and beside others."""
    root = workspace(tmp_path, locked=False)
    assert pilot_of(root, "easy") is None
    assert pilots_of(root, ["easy"]) == {"easy": None}


def test_the_pilot_is_read_from_disk(tmp_path: Path) -> None:
    """With fewer replicates than the claim plans, under the digest over its files."""
    root = workspace(tmp_path, locked=False)
    folder = explored(root)
    found = pilot_of(root, "easy")
    assert found is not None
    assert found.values["surprised"] == pytest.approx((3.7, 3.8))
    assert found.replicates == 2
    assert found.evidence == digest(digests(folder, (0, 1)))


def test_an_unfinished_exploration_counts_for_what_it_has(tmp_path: Path) -> None:
    """One of three replicates is a pilot of one."""
    root = workspace(tmp_path, locked=False)
    explored(root, replicates=3, done=1)
    found = pilot_of(root, "easy")
    assert found is not None
    assert found.replicates == 1


def test_a_margin_set_from_the_exploration_is_held_against_it(tmp_path: Path) -> None:
    """Editing the margin keeps the pilot, editing the samples does not."""
    root = workspace(tmp_path, locked=False)
    explored(root)
    path = root / "claims" / "easy.yaml"
    text = path.read_text()
    path.write_text(text.replace("margin: 1.0", "margin: 2.5"))
    assert pilot_of(root, "easy") is not None
    path.write_text(text.replace("prompts: 4", "prompts: 8"))
    assert pilot_of(root, "easy") is None


def test_an_exploration_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A changed cell and a record without a part: which folder to remove, no traceback."""
    root = workspace(tmp_path, locked=False)
    folder = explored(root)
    cell_file = folder / "cells" / "baseline.r0.explore.score.parquet"
    whole = cell_file.read_bytes()
    cell_file.write_bytes(whole[:-9])
    with pytest.raises(RecordBroken, match="Remove that folder") as caught:
        pilot_of(root, "easy")
    assert caught.value.where == str(folder.relative_to(root))
    cell_file.write_bytes(whole)
    assert pilot_of(root, "easy") is not None


def test_a_record_without_a_part_is_named(tmp_path: Path) -> None:
    """An unfinished exploration has no digests to be held against."""
    root = workspace(tmp_path, locked=False)
    folder = explored(root, replicates=3, done=2)
    for path in sorted((folder / "cells").glob("baseline.r1.*")):
        path.unlink()
    found = pilot_of(root, "easy")
    assert found is not None
    assert "was not measured" in found.missing["surprised"]
    record = folder / "replicate.1.json"
    record.write_text(json.dumps({"schema": "causal-claims/replicate/1"}))
    with pytest.raises(RecordBroken, match="Remove that folder"):
        pilot_of(root, "easy")
    record.write_text("[]")
    with pytest.raises(RecordBroken, match="Remove that folder"):
        pilot_of(root, "easy")


def test_a_claim_that_cannot_be_read_is_left_to_whoever_registers_it(tmp_path: Path) -> None:
    """All problems of all claims are said together there."""
    root = workspace(tmp_path, locked=False)
    explored(root)
    (root / "claims" / "easy.yaml").write_text("schema: 1\n")
    assert pilots_of(root, ["easy"]) == {}
