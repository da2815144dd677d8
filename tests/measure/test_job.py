"""Jobs refuse what comes out of order, and the record of an attempt is closed once."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.digest import digest_file
from harness.errors import OutOfOrder, RecordBroken
from harness.lock import compare as comparing
from harness.lock.ledger import append, read
from harness.measure.attest import attest
from harness.measure.job import (
    Job,
    TamperedError,
    attempt_job,
    attempt_key,
    begin,
    exploration_job,
    finish,
    measured,
    reproduction_job,
)
from harness.measure.store import (
    WITHOUT_DIRECTIONS,
    digests,
    direction_file,
    json_bytes,
    measured_replicates,
    read_json,
    read_recorded,
    record_path,
    unrecorded,
)
from harness.measure.tables import load_evidence
from tests.measure.forged import attempted, workspace, write_replicate

BEFORE, AFTER = "margin: 1.0", "margin: 2.0"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A registered workspace in which nothing is measured."""
    return workspace(tmp_path / "study")


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def test_an_unregistered_claim_has_no_attempt_and_no_reproduction(tmp_path: Path) -> None:
    """It can be explored, and that is what the refusal says."""
    root = workspace(tmp_path / "study", locked=False)
    for make in (attempt_job, reproduction_job):
        with pytest.raises(OutOfOrder, match=r"claims explore easy"):
            make(root, "easy")
    assert exploration_job(root, "easy").registration == ""


@pytest.mark.parametrize("make", [attempt_job, reproduction_job])
def test_a_claim_that_differs_from_its_lock_has_no_job(root: Path, make) -> None:  # type: ignore[no-untyped-def]
    """The refusal names the field with both values."""
    edit(root / "claims" / "easy.yaml", BEFORE, AFTER)
    with pytest.raises(TamperedError, match=r"margin: locked 1(\.0)? / found 2"):
        make(root, "easy")


def test_the_builders_code_is_part_of_what_was_locked(root: Path) -> None:
    """Weights of another size are another experiment, whether or not it is complete."""
    attempted(root)
    edit(root / "models" / "toy.py", "0.2 * torch", "0.3 * torch")
    with pytest.raises(TamperedError, match=r"builder\.models\.toy"):
        attempt_job(root, "easy")


def test_another_evaluator_may_judge_a_complete_attempt_and_not_resume_one(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one replicate missing the attempt is refused; with all there it is judged again."""
    job = attempt_job(root, "easy")
    begin(job)
    write_replicate(job, 0)
    write_replicate(job, 1)
    found = {**comparing.evaluator_closure(root), "harness.measure.dose": "sha256:00"}
    monkeypatch.setattr(comparing, "evaluator_closure", lambda root: found)
    with pytest.raises(TamperedError, match=r"evaluator\.harness\.measure\.dose"):
        attempt_job(root, "easy")
    write_replicate(job, 2)
    assert attempt_job(root, "easy").complete


def test_an_attempt_begins_once_on_the_ledger(root: Path) -> None:
    """Every worker says so, one row stands; a reproduction before its end may not begin."""
    for _ in range(3):
        begin(attempt_job(root, "easy"))
    with pytest.raises(OutOfOrder, match="nothing to reproduce"):
        begin(reproduction_job(root, "easy"))
    begin(exploration_job(root, "easy"))
    assert [row.kind for row in read(root)] == ["registration", "attempt-started"]


def test_an_attempt_with_a_replicate_missing_is_not_finished(root: Path) -> None:
    """Neither record nor row is written."""
    job = attempt_job(root, "easy")
    begin(job)
    write_replicate(job, 0)
    write_replicate(job, 2)
    assert measured(job) == (0, 2)
    assert not finish(job)
    assert not (job.folder / "attempt.json").exists()
    assert [row.kind for row in read(root)][-1] == "attempt-started"


def test_finishing_again_changes_nothing(root: Path) -> None:
    """The record keeps its bytes, the ledger its rows."""
    job = attempted(root)
    record, rows = (job.folder / "attempt.json").read_bytes(), read(root)
    assert finish(job)
    assert (job.folder / "attempt.json").read_bytes() == record
    assert read(root) == rows


def test_files_that_changed_after_finishing_are_named(root: Path) -> None:
    """A second finish refuses to record them."""
    job = attempted(root)
    path = record_path(job.folder, 1)
    path.write_text(path.read_text().replace("0.01", "0.02"))
    with pytest.raises(RecordBroken, match=r"replicate\.1\.json"):
        finish(job)


def test_exploring_attempting_and_reproducing_keep_apart(root: Path) -> None:
    """Own folders; explorations have their own split, training seeds, prompts and noise."""
    one, two, three = (f(root, "easy") for f in (attempt_job, reproduction_job, exploration_job))
    assert len({one.folder, two.folder, three.folder}) == 3
    assert (one.final_split, two.final_split, three.final_split) == (
        "confirm",
        "confirm",
        "explore",
    )
    assert one.seeds == two.seeds
    for parts in (("train", "toy", 0), ("prompts", "select"), ("generation", "select")):
        assert one.seeds.seed(*parts) != three.seeds.seed(*parts)


def test_an_edited_claim_is_explored_in_another_folder(root: Path) -> None:
    """Measurements of the claim as it was are not taken for those of the claim as it is."""
    before = exploration_job(root, "easy").folder
    assert exploration_job(root, "easy", 2).folder != before
    edit(root / "claims" / "easy.yaml", "new_tokens: 4", "new_tokens: 5")
    assert exploration_job(root, "easy").folder != before


def test_an_edited_builder_is_explored_in_another_folder(root: Path) -> None:
    """Models of another make are measured afresh."""
    before = exploration_job(root, "easy").folder
    edit(root / "models" / "toy.py", "0.2 * torch", "0.3 * torch")
    assert exploration_job(root, "easy").folder != before


def test_an_attempt_that_lacks_a_planned_cell_is_not_finished(root: Path) -> None:
    """The plan says which cells a claim leaves; a shown arm may not vanish."""
    job = attempt_job(root, "easy")
    begin(job)
    for replicate in job.replicates:
        write_replicate(job, replicate)
    (job.folder / "cells" / "reference.r1.confirm.generate.parquet").unlink()
    with pytest.raises(RecordBroken, match=r"reference\.r1"):
        finish(job)


def fitted(root: Path) -> Job:
    """The attempt begun, all measured, each replicate with one direction."""
    job = attempt_job(root, "easy")
    begin(job)
    for replicate in job.replicates:
        write_replicate(job, replicate, directions=("md@regulation+0",))
    return job


def direction(job: Job, replicate: int) -> Path:
    return job.folder / "directions" / direction_file("md@regulation+0", replicate)


def test_directions_are_part_of_what_was_recorded(root: Path) -> None:
    """One that changed, one that is gone and one that came are each named; untouched, it stands."""
    job = fitted(root)
    assert finish(job)
    assert finish(job)
    recorded = read_json(job.folder / "attempt.json")
    assert recorded["schema"] == "causal-claims/attempt/2"
    assert "directions/md@regulation+0.r1.safetensors" in recorded["files"]
    assert load_evidence(job).replicates == (0, 1, 2)
    path, kept = direction(job, 1), direction(job, 1).read_bytes()
    for change in (
        lambda: path.write_bytes(b"another"),
        path.unlink,
        lambda: path.with_name("extra@regulation+0.r1.safetensors").write_bytes(b"x"),
    ):
        change()
        for check in (finish, load_evidence):
            with pytest.raises(RecordBroken, match=r"\+0\.r1\.safetensors"):
                check(job)
        path.write_bytes(kept)
    path.with_name("extra@regulation+0.r1.safetensors").unlink()
    assert finish(job)


def test_a_fitted_direction_that_is_gone_bars_the_end_of_an_attempt(root: Path) -> None:
    """The replicate's record names it; measuring the replicate again brings it back."""
    job = fitted(root)
    direction(job, 2).unlink()
    with pytest.raises(RecordBroken, match=r"direction md@regulation\+0\.r2.* is not there"):
        finish(job)
    write_replicate(job, 2, directions=("md@regulation+0",))
    assert finish(job)


def test_a_kill_between_directions_and_record_is_harmless(root: Path) -> None:
    """They are covered once their replicate is measured, with the bytes that it then wrote."""
    job = fitted(root)
    (job.folder / "replicate.2.json").unlink()
    direction(job, 2).write_bytes(b"of a fit that was broken off")
    assert not finish(job)
    assert load_evidence(job).replicates == (0, 1)
    write_replicate(job, 2, directions=("md@regulation+0",))
    assert finish(job)
    found = read_json(job.folder / "attempt.json")["files"]
    assert found["directions/md@regulation+0.r2.safetensors"] == digest_file(direction(job, 2))


def test_a_record_of_the_first_schema_stays_valid_and_keeps_its_bytes(root: Path) -> None:
    """Directions are in no digest of it, so they may be there or not; cells are checked as ever."""
    job = fitted(root)
    path = job.folder / "attempt.json"
    files = digests(job.folder, job.replicates, WITHOUT_DIRECTIONS)
    record = {"schema": WITHOUT_DIRECTIONS, **attempt_key(job), "files": files}
    path.write_bytes(json_bytes(record))
    before = path.read_bytes()
    with pytest.raises(RecordBroken, match="no version writes it any more"):
        finish(job)  # a new attempt cannot be recorded so
    append(root, "attempt-finished", {**attempt_key(job), "record": digest_file(path)})
    assert finish(job)
    assert attest(job)
    direction(job, 0).write_bytes(b"another")
    direction(job, 1).unlink()
    assert finish(job)
    assert load_evidence(job).replicates == (0, 1, 2)
    assert path.read_bytes() == before
    record_path(job.folder, 1).write_text("{}")
    for check in (finish, load_evidence):
        with pytest.raises(RecordBroken, match=r"replicate\.1\.json"):
            check(job)


def test_the_published_attempts_of_this_repository_are_checked_as_they_were_written(
    repository: Path,
) -> None:
    """File by file, those of the first schema among them."""
    records = sorted(repository.glob("reports/*/*/a1/attempt.json"))
    schemas = set()
    for path in records:
        schema, files = read_recorded(path)
        schemas.add(schema)
        assert digests(path.parent, measured_replicates(path.parent, 64), schema) == files
        assert unrecorded(path.parent, schema, files) == ()
    assert WITHOUT_DIRECTIONS in schemas
