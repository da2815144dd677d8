"""Prompts, texts and noise drawn once, or for each replicate, on models that are all the same."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

import harness.measure
from harness.claim.canonical import claim_from_json, claim_to_json
from harness.claim.parse import load_claim
from harness.claim.schema import Claim
from harness.errors import BadInput
from harness.lock.ledger import read
from harness.lock.register import register
from harness.measure.artefacts import Silent
from harness.measure.job import Job, attempt_job, exploration_job
from harness.measure.run import measure_all
from harness.measure.store import CellName, read_cell
from tests import toy_workspace as toy

MEASURE = Path(harness.measure.__file__).parent
SHARED = re.compile(r'seeds\.seed\(\s*"(?:prompts|generation|texts)", (?!"fit")')
"""A seed that ignores how the claim has its samples drawn."""
READ = {"generate": ["prompt", "stratum", "text"], "score": ["prompt", "ordinary_loss"]}


def study(root: Path, drawn: str) -> Path:
    """Two arms on one role, whose model is the same in every replicate."""
    text = toy.claim("one").replace("new_tokens: 4}", f"new_tokens: 4{drawn}}}")
    text = text.replace("{on: standard}", "{on: standard}\n  twin: {on: regulation}")
    toy.make(root, one=text)
    builder = root / "models/toy.py"
    builder.write_text(builder.read_text().replace("seed % 2**31 + ", ""))
    return root


def claim_of(root: Path) -> Claim:
    return load_claim(root, "one")


def read_by(job: Job, arm: str, replicate: int, mode: str) -> pd.DataFrame:
    name = CellName(arm, replicate, job.final_split, mode)
    return read_cell(job.folder / "cells" / name.file)[READ[mode]]


@pytest.mark.parametrize("mode", READ)
@pytest.mark.parametrize(
    ("drawn", "same"), [("", True), (", drawn: once", True), (", drawn: per-replicate", False)]
)
def test_replicates_share_what_they_read_or_have_their_own(
    tmp_path: Path, drawn: str, same: bool, mode: str
) -> None:
    """The models being one and the same, cells differ exactly where each replicate draws; arms of a
    replicate read the same either way."""
    job = exploration_job(study(tmp_path, drawn), "one", 2)
    measure_all(job, Silent())
    first, second = (read_by(job, "baseline", r, mode) for r in (0, 1))
    assert first.equals(second) is same
    for replicate, own in enumerate((first, second)):
        assert read_by(job, "twin", replicate, mode).equals(own)


def test_how_samples_are_drawn_is_locked_and_absent_where_it_is_once(tmp_path: Path) -> None:
    """Claims that were locked before have no such key; the other word comes back from the form."""
    plain = claim_to_json(claim_of(study(tmp_path / "a", "")))
    assert plain == claim_to_json(claim_of(study(tmp_path / "b", ", drawn: once")))
    assert "drawn" not in plain["samples"]
    claim = claim_of(study(tmp_path / "c", ", drawn: per-replicate"))
    value = claim_to_json(claim)
    assert value["samples"]["drawn"] == "per-replicate"
    assert claim_from_json(value) == claim


def test_another_word_is_refused(tmp_path: Path) -> None:
    """With the two that there are."""
    with pytest.raises(BadInput, match="per-replicate"):
        claim_of(study(tmp_path, ", drawn: per-model"))


def test_an_attempt_draws_what_its_lock_says(tmp_path: Path) -> None:
    """Registered, measured, and the record is one that can be closed."""
    root = study(tmp_path, ", drawn: per-replicate")
    register(root, ["one"])
    job = attempt_job(root, "one")
    measure_all(job, Silent())
    read_of = [read_by(job, "baseline", r, "generate") for r in range(3)]
    assert not read_of[0].equals(read_of[1])
    assert not read_of[1].equals(read_of[2])
    assert read(root)[-1].kind == "attempt-finished"


def test_nothing_that_is_measured_goes_past_the_choice() -> None:
    """Probes, heads, features and doses by KL ask for their seeds where it is made."""
    past = [
        path.name
        for path in sorted(MEASURE.glob("*.py"))
        if path.name != "drawn.py" and SHARED.search(path.read_text())
    ]
    assert past == []
    assert SHARED.search('job.seeds.seed("texts", split)')
    assert not SHARED.search('job.seeds.seed("texts", "fit", replicate)')
