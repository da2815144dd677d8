"""Verification names every kind of tampering, and what it could not look at."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from harness.cli.init import contents
from harness.digest import digest_bytes
from harness.lock.ledger import append, ledger_path
from harness.measure.job import Job, attempt_job, begin
from harness.measure.store import CellName, digests, json_bytes, read_cell, read_json, write_cell
from harness.report.build import publish_verdict
from harness.verdict.compared import differing
from harness.verdict.standing import standing
from harness.verdict.verification import Verification
from harness.verdict.verify import verify
from tests.lock.workspace import lines, put
from tests.measure.forged import attempted, workspace, write_replicate

CELL = CellName("baseline", 1, "confirm", "score")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one claim attempted and its verdict published; not to be written to."""
    root = workspace(tmp_path_factory.mktemp("verify") / "study")
    publish_verdict(attempted(root))
    return root


@pytest.fixture
def job(published: Path, tmp_path: Path) -> Job:
    """The attempt in a copy of the workspace, to be tampered with."""
    root = tmp_path / "study"
    shutil.copytree(published, root)
    return attempt_job(root, "easy")


def raise_losses(job: Job) -> None:
    """Make every baseline lose five nats more, as someone who wants another number would."""
    for replicate in job.replicates:
        name = CellName("baseline", replicate, "confirm", "score")
        table = read_cell(job.folder / "cells" / name.file)
        table["ordinary_loss"] += 5
        write_cell(job.folder, name, table.drop(columns=["arm", "replicate", "split"]))


def record_again(job: Job) -> bytes:
    """Write ``attempt.json`` anew for the files as they are; its bytes."""
    path = job.folder / "attempt.json"
    data = json_bytes({**read_json(path), "files": digests(job.folder, job.replicates)})
    path.write_bytes(data)
    return data


def edit_json(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    value = json.loads(path.read_bytes())
    change(value)
    path.write_text(json.dumps(value))


def said(found: Verification) -> str:
    return "\n".join(found.problems)


def test_what_nobody_touched_is_verified(job: Job) -> None:
    """Ledger, lock, cells and verdict are examined, and the edge of the proof is stated."""
    found = verify(job.root)
    assert found.problems == []
    assert found.ok
    assert not found.partial
    assert found.exit_code == 0
    assert len(found.examined) == 7
    assert any("UNANCHORED" in line for line in found.does_not_prove)


def test_a_changed_cell_is_named(job: Job) -> None:
    """Readable, plausible, and not the one that was recorded."""
    raise_losses(job)
    assert "cells/baseline.r0.confirm.score.parquet is not the file" in said(verify(job.root))


def test_a_deleted_cell_is_named(job: Job) -> None:
    """Nothing is judged from what is left."""
    (job.folder / "cells" / CELL.file).unlink()
    assert f"cells/{CELL.file} is missing" in said(verify(job.root))


def test_an_added_cell_is_named(job: Job) -> None:
    """A cell of an arm that the claim does not have."""
    cells = job.folder / "cells"
    shutil.copy(cells / CELL.file, cells / "extra.r1.confirm.score.parquet")
    assert "cells/extra.r1.confirm.score.parquet" in said(verify(job.root))


def test_an_edited_replicate_record_is_named(job: Job) -> None:
    """Health decides who counts, so it is covered as the cells are."""
    path = job.folder / "replicate.1.json"
    edit_json(path, lambda v: v["health"]["regulation"].update(loss_gap=0.5))
    assert "replicate.1.json is not the file" in said(verify(job.root))


def test_a_deleted_replicate_record_is_named(job: Job) -> None:
    """One replicate fewer is not an exclusion."""
    (job.folder / "replicate.1.json").unlink()
    assert "replicate 1" in said(verify(job.root)) or ".r1." in said(verify(job.root))
    assert not verify(job.root).ok


def test_cells_and_their_record_replaced_together_are_named(job: Job) -> None:
    """``attempt.json`` agrees with the files then, and the ledger does not."""
    raise_losses(job)
    record_again(job)
    assert "not the record that the ledger has" in said(verify(job.root))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("status", lambda v: v.update(status="FAIL")),
        ("n", lambda v: v.update(n=300)),
        (r"criteria[0].estimate", lambda v: v["criteria"][0].update(estimate=9.0)),
        (r"criteria[0].values[1]", lambda v: v["criteria"][0]["values"].__setitem__(1, 9.0)),
        (r"preconditions[0].held", lambda v: v["preconditions"][0].update(held=False)),
        ("sentence", lambda v: v.update(sentence="Proves everything.")),
        ("criteria", lambda v: v["criteria"].append(v["criteria"][0])),
    ],
)
def test_an_edited_verdict_is_named_leaf_by_leaf(
    job: Job, name: str, change: Callable[[dict[str, Any]], None]
) -> None:
    """What it says and what the measurements say stand side by side."""
    edit_json(job.folder / "verdict.json", change)
    assert f"verdict.json says {name} = " in said(verify(job.root))


def test_an_edited_claim_is_named(job: Job) -> None:
    """A complete attempt of another claim proves nothing about this one."""
    path = job.root / "claims" / "easy.yaml"
    path.write_text(path.read_text().replace("margin: 1.0", "margin: 0.5"))
    assert "margin" in said(verify(job.root))


def test_an_edited_ledger_ends_the_examination(job: Job) -> None:
    """Nothing below a broken chain is called verified."""
    path = ledger_path(job.root)
    path.write_bytes(path.read_bytes().replace(b'"attempt":"a1"', b'"attempt":"a2"', 1))
    found = verify(job.root)
    assert "row 2 was edited" in said(found)
    assert found.examined == []
    assert not found.ok


def test_measurements_without_an_attempt_on_the_ledger_are_a_problem(job: Job) -> None:
    """The start of an attempt is on the ledger before its first measurement."""
    whole = lines(job.root)
    put(job.root, whole[:1])
    assert "missing at the end" in said(verify(job.root))
    put(job.root, whole[:1], seen=1)
    assert "the ledger knows no attempt" in said(verify(job.root))


def test_a_claim_that_vanished_is_reported_missing(job: Job) -> None:
    """Silence about a registered claim is visible."""
    for name in ("easy.yaml", "easy.lock.json"):
        (job.root / "claims" / name).unlink()
    assert "easy" in said(verify(job.root))


def test_an_unknown_claim_is_a_problem_and_an_unregistered_one_is_not(
    job: Job, tmp_path: Path
) -> None:
    """Asked for a claim that does not exist, verification is not green."""
    assert not verify(job.root, ["easier"]).ok
    found = verify(workspace(tmp_path / "open", locked=False))
    assert found.problems == []
    assert found.not_examined == ["easy: not registered"]


def test_an_attempt_under_way_is_partial(tmp_path: Path) -> None:
    """What is not there yet is listed as not examined."""
    root = workspace(tmp_path / "study")
    assert verify(root).missing == ["easy: registered, nothing measured"]
    job = attempt_job(root, "easy")
    begin(job)
    write_replicate(job, 0)
    found = verify(root)
    assert found.partial
    assert "easy: attempt not complete (1 of 3)" in found.missing
    assert found.exit_code == 4


def test_a_file_that_no_command_writes_is_named(job: Job) -> None:
    """A page of somebody's own below ``reports/`` could say anything; it makes the rest partial."""
    places = ("summary.html", "easy/plot.png", ".gitkeep")
    for name in places:
        (job.root / "reports" / name).write_text("PASS")
    found = verify(job.root)
    assert found.problems == []
    assert found.partial
    for name in places:
        assert any(line.startswith(f"reports/{name} is written by no") for line in found.missing)


def test_what_a_new_workspace_has_below_reports_is_no_foreign_file(job: Job) -> None:
    """A study that began with ``claims init`` can be verified."""
    made = [(name, data) for name, data in contents("study") if name.startswith("reports/")]
    assert made
    for name, data in made:
        (job.root / name).write_bytes(data)
    found = verify(job.root)
    assert found.missing == []
    assert found.exit_code == 0


def test_verification_imports_nothing_of_the_workspace(job: Job) -> None:
    """A builder that cannot be imported does not matter; one that was edited does."""
    path = job.root / "models" / "toy.py"
    path.write_text(path.read_text() + "\nraise SystemExit('imported')\n")
    assert "builder.models.toy" in said(verify(job.root))


def test_last_digits_agree_and_nothing_coarser_does() -> None:
    """Within 1e-9 relative; lists of other lengths differ; a missing number is no zero."""
    assert differing({"a": 1.0}, {"a": 1.0 + 1e-12}) == []
    assert differing({"a": 1.0}, {"a": 1.0 + 1e-6}) == [("a", 1.0, 1.0 + 1e-6)]
    assert differing({"a": [1]}, {"a": []}) == [("a", "1 entries", "0 entries")]
    assert differing({}, {"a": 0.0}) == [("a", None, 0.0)]


def test_a_finished_attempt_without_its_record_is_a_problem(job: Job) -> None:
    """The ledger has its digest, so its absence is no unfinished work."""
    raise_losses(job)
    for name in ("attempt.json", "verdict.json"):
        (job.folder / name).unlink()
    assert not verify(job.root).ok


def test_a_finished_attempt_without_any_measurement_is_a_problem(job: Job) -> None:
    """Nothing measured and an attempt that finished contradict each other."""
    shutil.rmtree(job.folder)
    assert not verify(job.root).ok


def test_an_attempt_finishes_once(job: Job) -> None:
    """A second row for other files does not replace the first."""
    raise_losses(job)
    (job.folder / "verdict.json").unlink()
    row = {"claim": "easy", "registration": job.registration, "attempt": job.attempt}
    append(job.root, "attempt-finished", {**row, "record": digest_bytes(record_again(job))})
    assert not verify(job.root).ok


def test_a_record_that_the_ledger_never_got_is_a_problem(job: Job) -> None:
    """With the last row cut off, files and record can be replaced together."""
    raise_losses(job)
    (job.folder / "verdict.json").unlink()
    record_again(job)
    path = ledger_path(job.root)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    assert not verify(job.root).ok


def test_words_of_another_evaluator_are_shown_beside_ours(job: Job) -> None:
    """Outcomes and numbers are compared; each sentence that is another's is missing, not wrong."""

    def reword(value: dict[str, Any]) -> None:
        value.update(judged_by="sha256:" + "0" * 64, sentence="Proves everything.", scope="All.")

    edit_json(job.folder / "verdict.json", reword)
    found = verify(job.root)
    assert found.problems == []
    assert found.partial
    assert any("says sentence = Proves everything." in line for line in found.missing)
    assert any("says scope = All." in line for line in found.missing)


def test_a_cell_of_a_replicate_that_was_never_planned_is_named(job: Job) -> None:
    """Every file in the folder is recorded, or said not to be."""
    cells = job.folder / "cells"
    shutil.copy(cells / CELL.file, cells / "baseline.r9.confirm.score.parquet")
    assert not verify(job.root).ok


def test_the_attempt_of_an_earlier_registration_stays_on_view(job: Job) -> None:
    """Locking again for better seeds leaves the first attempt in status or in verification."""
    from harness.lock.register import register

    first = job.registration
    register(job.root, ["easy"], reason="other seeds")
    found = verify(job.root)
    lines = [*found.examined, *found.not_examined, *found.notes, *found.problems]
    lines.append(standing(job.root, "easy").sentence)
    assert any(first in line for line in lines)


def test_a_duplicate_reading_of_a_cell_is_not_possible(job: Job) -> None:
    """``r01`` would be read as replicate 1 once more, so it is named."""
    cells = job.folder / "cells"
    shutil.copy(cells / CELL.file, cells / "baseline.r01.confirm.score.parquet")
    assert isinstance(read_cell(cells / CELL.file), pd.DataFrame)
    assert "baseline.r01.confirm.score" in said(verify(job.root))
