"""Every claim of a workspace has a standing, and none is PASS without a record behind it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.lock.ledger import ledger_path
from harness.lock.register import register
from harness.measure.job import Job, attempt_job, begin, exploration_job, reproduction_job
from harness.measure.store import CellName, digests, json_bytes, read_json
from harness.verdict.records import Outcome, Status
from harness.verdict.standing import all_standings, claim_ids, standing
from tests.measure.forged import attempted, workspace, write_replicate
from tests.toy_workspace import claim


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A registered claim of which nothing is measured."""
    return attempt_job(workspace(tmp_path / "study"), "easy")


def status(job: Job) -> Status:
    return standing(job.root, "easy").status


def test_the_standing_follows_the_work(tmp_path: Path) -> None:
    """Unlocked, locked, incomplete, PASS; done and planned are counted on the way."""
    root = workspace(tmp_path / "study", locked=False)
    assert standing(root, "easy").status is Status.UNLOCKED
    register(root, ["easy"])
    job = attempt_job(root, "easy")
    assert status(job) is Status.LOCKED
    begin(job)
    write_replicate(job, 0)
    row = standing(root, "easy")
    assert (row.status, row.replicates_done, row.replicates_planned) == (Status.INCOMPLETE, 1, 3)
    attempted(root)
    row = standing(root, "easy")
    assert (row.status, row.replicates_done) == (Status.PASS, 3)
    assert row.where == str(job.folder.relative_to(root))
    assert row.registration == job.registration


def test_explorations_and_reproductions_are_nobodys_attempt(job: Job) -> None:
    """However complete they are, the claim itself has not been run."""
    for make in (exploration_job, reproduction_job):
        other = make(job.root, "easy")
        for replicate in other.replicates:
            write_replicate(other, replicate)
    assert status(job) is Status.LOCKED


def test_an_exploration_of_a_registered_claim_is_never_a_pass(job: Job) -> None:
    """Its criteria speak, its status does not."""
    from harness.verdict.judging import judge_job

    explored = exploration_job(job.root, "easy")
    for replicate in explored.replicates:
        write_replicate(explored, replicate)
    verdict = judge_job(explored)
    assert verdict.criteria[0].outcome is Outcome.PASS
    assert verdict.status is Status.EXPLORATORY


def test_another_registration_does_not_inherit_an_attempt(job: Job) -> None:
    """Models whose outcomes have been seen cannot confirm."""
    attempted(job.root)
    register(job.root, ["easy"], reason="once more")
    assert status(job) is Status.LOCKED


def test_every_broken_record_is_a_standing_and_no_exception(job: Job) -> None:
    """Claim edited, lock edited, cell damaged, ledger broken: TAMPERED, in words."""
    root = job.root
    attempted(root)
    cell = job.folder / "cells" / CellName("baseline", 0, "confirm", "score").file
    for path, before, after in (
        (root / "claims" / "easy.yaml", b"margin: 1.0", b"margin: 0.5"),
        (root / "claims" / "easy.lock.json", b'"margin": 1', b'"margin": 0'),
        (ledger_path(root), b"attempt-finished", b"attempt-FINISHED"),
        (cell, b"PAR1", b"XXXX"),
    ):
        kept = path.read_bytes()
        assert before in kept
        path.write_bytes(kept.replace(before, after))
        row = standing(root, "easy")
        assert row.status is Status.TAMPERED, path
        assert row.sentence
        path.write_bytes(kept)
    assert status(job) is Status.PASS


def test_a_claim_whose_files_are_gone_stays_listed(job: Job) -> None:
    """The ledger remembers it; claims without lock are listed too."""
    folder = job.root / "claims"
    (folder / "later.yaml").write_text(claim("later"))
    for name in ("easy.yaml", "easy.lock.json"):
        (folder / name).unlink()
    assert claim_ids(job.root) == ("easy", "later")
    rows = {row.claim: row.status for row in all_standings(job.root)}
    assert rows == {"easy": Status.TAMPERED, "later": Status.UNLOCKED}


def test_deleting_the_lock_file_does_not_unlock(job: Job) -> None:
    """The ledger decides."""
    (job.root / "claims" / "easy.lock.json").unlink()
    assert status(job) is Status.LOCKED


def test_measurements_that_no_attempt_made_are_no_pass(job: Job) -> None:
    """Files that were put there before the ledger knew of an attempt have no standing."""
    for replicate in job.replicates:
        write_replicate(job, replicate)
    assert status(job) is not Status.PASS


def test_a_record_that_is_not_the_ledgers_is_no_pass(job: Job) -> None:
    """Cells and ``attempt.json`` replaced together, or the record removed."""
    attempted(job.root)
    cells, path = job.folder / "cells", job.folder / "attempt.json"
    names = [CellName("baseline", r, "confirm", "score").file for r in (0, 1)]
    shutil.copy(cells / names[1], cells / names[0])
    path.write_bytes(json_bytes({**read_json(path), "files": digests(job.folder, range(3))}))
    replaced = status(job)
    path.unlink()
    assert Status.PASS not in (replaced, status(job))


def test_a_finished_attempt_that_vanished_is_not_merely_unrun(job: Job) -> None:
    """Deleting an attempt does not give another try."""
    attempted(job.root)
    shutil.rmtree(job.folder)
    assert status(job) is not Status.LOCKED


def test_a_file_that_is_no_claim_is_not_offered_for_exploring(tmp_path: Path) -> None:
    """Broken YAML, bytes that are no text, a name that is no id: check says why."""
    root = workspace(tmp_path / "study")
    (root / "claims" / "bytes.yaml").write_bytes(b"\xff")
    (root / "claims" / "Upper Case.yaml").write_text("id: x\n")
    text = (root / "claims" / "easy.yaml").read_text().replace("id: easy\n", "id: sound\n")
    (root / "claims" / "sound.yaml").write_text(text)
    found = {row.claim: row.sentence for row in all_standings(root)}
    for name in ("bytes", "Upper Case"):
        assert found[name] == "Not registered, and not a claim as it is: claims check says why."
    assert "claims explore sound" in found["sound"]


def test_what_can_only_be_deviated_says_so_before_it_is_run(job: Job) -> None:
    """After an attempt an amended claim has no clean verdict any more: nobody runs it unawares."""
    attempted(job.root)
    path = job.root / "claims" / "easy.yaml"
    path.write_text(path.read_text().replace("margin: 1.0", "margin: 0.9"))
    register(job.root, ["easy"], reason="a margin that was too strict")
    row = standing(job.root, "easy")
    assert row.status is Status.LOCKED
    assert "DEVIATED: registered after an attempt of version 1" in row.sentence
