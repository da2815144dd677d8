"""Outcomes seen early, left out, doubled or dressed up: named, and honest neighbours pass."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.digest import digest_bytes
from harness.lock.ledger import append
from harness.measure.job import Job, attempt_job, begin, finish
from harness.measure.store import json_bytes
from harness.report.build import build_reports
from tests.attacks.acts import Capture, accepted, attest_again, command, put_record, refused
from tests.measure.forged import attempted, workspace, write_replicate


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A finished attempt of a claim that is PASS, published; it verifies."""
    root = workspace(tmp_path / "study")
    attempted(root)
    build_reports(root)
    return attempt_job(root, "easy")


def partial(capsys: Capture, root: Path, words: str) -> None:
    """Verification must end as PARTIAL, with ``words``."""
    said = command(capsys, root, "verify")
    assert said.code == 4, said.words
    assert words in said.words, said.words


def test_the_outcome_is_not_seen_before_the_attempt(tmp_path: Path, capsys: Capture) -> None:
    """A reproduction has the attempt's seeds, so without an attempt it would be a look."""
    root = workspace(tmp_path / "study")
    refused(capsys, root, "reproduce", "easy", words="not attempted to the end")
    begin(attempt_job(root, "easy"))
    refused(capsys, root, "reproduce", "easy", words="not attempted to the end")


@pytest.mark.parametrize("arm", ["baseline", "reference"])
def test_planned_cells_are_left_out_of_the_record(job: Job, capsys: Capture, arm: str) -> None:
    """With every digest right: the plan of the lock has them."""
    accepted(capsys, job.root, "verify")
    for path in (job.folder / "cells").glob(f"{arm}.*.generate.parquet"):
        path.unlink()
    attest_again(job)
    refused(capsys, job.root, "verify", words="is planned and not recorded (and 2 more)")


def test_cells_nobody_planned_are_put_on_the_record(job: Job, capsys: Capture) -> None:
    """An arm that the claim does not have."""
    cell = next((job.folder / "cells").glob("baseline.*.score.parquet"))
    shutil.copy(cell, cell.with_name(cell.name.replace("baseline", "better")))
    attest_again(job)
    refused(capsys, job.root, "verify", words="was not planned")


def test_planned_cells_are_deleted_before_the_finish(tmp_path: Path) -> None:
    """A record written by hand does not make the ordinary finish take them."""
    from harness.errors import RecordBroken
    from harness.measure.job import attempt_key
    from harness.measure.store import SCHEMA, digests

    job = attempt_job(workspace(tmp_path / "study"), "easy")
    begin(job)
    for replicate in job.replicates:
        write_replicate(job, replicate)
    for path in (job.folder / "cells").glob("*.generate.parquet"):
        path.unlink()
    files = digests(job.folder, job.replicates)
    record = {"schema": SCHEMA, **attempt_key(job), "files": files}
    (job.folder / "attempt.json").write_bytes(json_bytes(record))
    with pytest.raises(RecordBroken, match="the planned cell"):
        finish(job)


def test_a_second_attempt_on_the_ledger_is_named(job: Job, capsys: Capture) -> None:
    """With its folder or without: a registration has one attempt."""
    key = {"claim": "easy", "registration": job.registration, "attempt": "a2"}
    append(job.root, "attempt-started", key)
    append(job.root, "attempt-finished", {**key, "record": digest_bytes(b"{}")})
    refused(capsys, job.root, "verify", words="is of another attempt than the one there may be")


def test_an_attempt_is_finished_with_a_replicate_less(job: Job, capsys: Capture) -> None:
    """The ledger says finished, the plan says three."""
    record = job.folder / "replicate.2.json"
    record.unlink()
    for path in (job.folder / "cells").glob("*.r2.*"):
        path.unlink()
    about = json.loads((job.folder / "attempt.json").read_bytes())
    about["files"] = {k: v for k, v in about["files"].items() if (job.folder / k).exists()}
    put_record(job, json_bytes(about))
    refused(capsys, job.root, "verify", words="replicate 2 is not there")
    assert "TAMPERED" in accepted(capsys, job.root, "status").out


@pytest.mark.parametrize("withdrawn", [False, True])
def test_what_was_begun_is_not_called_never_measured(
    tmp_path: Path, capsys: Capture, withdrawn: bool
) -> None:
    """Also after a withdrawal: the ledger knows that there was a look."""
    root = workspace(tmp_path / "study")
    job = attempt_job(root, "easy")
    begin(job)
    for replicate in job.replicates:
        write_replicate(job, replicate)
    if withdrawn:
        accepted(capsys, root, "withdraw", "easy", "--reason", "we found a better question")
    shutil.rmtree(root / "reports")
    partial(capsys, root, "its attempt had begun, and nothing of it is there")
    assert "not yet run" not in accepted(capsys, root, "status").out


PLACES = ("reports/brilliant/index.html", "reports/easy/summary.html", "reports/results.html",
          "reports/easy/notes/index.html")  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_a_page_is_put_where_no_command_writes(job: Job, capsys: Capture, place: str) -> None:
    """Nothing shows that it is true, and a green result would lend it weight."""
    accepted(capsys, job.root, "verify")
    path = job.root / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("<h1>PASS</h1>")
    said = command(capsys, job.root, "verify")
    assert said.code in (3, 4), said.words
    assert place in said.words or place.rpartition("/")[0] in said.words


def gone(path: Path) -> None:
    path.unlink()


def dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


@pytest.mark.parametrize("act", [gone, dangling])
@pytest.mark.parametrize("page", ["easy/index.html", "easy/report.md", "index.html"])
def test_a_published_page_disappears(
    job: Job, capsys: Capture, page: str, act: Callable[[Path], None]
) -> None:
    """It is said; what is no page, or a link to nowhere, is a problem."""
    accepted(capsys, job.root, "verify")
    act(job.root / "reports" / page)
    said = command(capsys, job.root, "verify")
    assert said.code == (0 if act is gone else 3), said.words
    assert f"reports/{page}" in said.words


def test_the_words_of_a_verdict_are_not_taken_from_its_file(job: Job, capsys: Capture) -> None:
    """Whoever it names as the judge: they are named; the page says what the measurements say."""
    path = job.folder / "verdict.json"
    honest = path.read_bytes()
    value = json.loads(path.read_bytes())
    value["judged_by"] = "sha256:" + "0" * 64
    value["sentence"] = value["criteria"][0]["sentence"] = "Proved beyond doubt, of all models."
    path.write_bytes(json_bytes(value))
    said = command(capsys, job.root, "verify")
    assert said.code == 4
    assert "says sentence = Proved beyond doubt, of all models., and this evaluator" in said.out
    accepted(capsys, job.root, "report")
    assert path.read_bytes() == honest
    for page in ("easy/index.html", "easy/report.md", "index.html"):
        assert "Proved" not in (job.root / "reports" / page).read_text()
    accepted(capsys, job.root, "verify")
    value = json.loads(honest)
    value["judged_by"] = "sha256:" + "0" * 64
    path.write_bytes(json_bytes(value))
    assert (
        "published by another evaluator; outcomes, numbers and words agree"
        in accepted(capsys, job.root, "verify").out
    )


@pytest.mark.parametrize("name", ["cells", "replicate.0.json", "attempt.json"])
def test_a_file_of_endless_size_is_refused_at_once(job: Job, capsys: Capture, name: str) -> None:
    """Forty gigabytes that take no room on the disk."""
    path = job.folder / name
    if path.is_dir():
        path = next(path.glob("*.parquet"))
    os.truncate(path, 40 << 30)
    refused(capsys, job.root, "verify", words="larger than")
    assert "TAMPERED" in accepted(capsys, job.root, "status").out


def test_a_ledger_of_endless_rows_is_refused_at_once(job: Job, capsys: Capture) -> None:
    """Before any of them is looked at."""
    path = job.root / "claims" / "ledger.jsonl"
    path.write_bytes(path.read_bytes() + b"{}\n" * 200_000)
    refused(capsys, job.root, "verify", words="a ledger has at most 20000")


def test_a_reproduction_that_disagrees_is_said(job: Job, capsys: Capture) -> None:
    """On the page and by verification; it changes no verdict."""
    body = {"claim": "easy", "registration": job.registration, "agrees": False}
    append(job.root, "reproduction", {**body, "published": "PASS", "reproduced": "FAIL"})
    accepted(capsys, job.root, "report")
    words = "reproduced as FAIL where PASS was published"
    assert words in accepted(capsys, job.root, "verify").out
    assert "FAIL where PASS is published" in (job.root / "reports/easy/report.md").read_text()


@pytest.mark.parametrize("name", ["explore", "reproduction"])
def test_a_claim_takes_the_name_of_a_folder_that_is_not_looked_at(
    tmp_path: Path, capsys: Capture, name: str
) -> None:
    """Its results would lie where nothing is verified."""
    root = workspace(tmp_path / "study")
    text = (root / "claims/easy.yaml").read_text().replace("id: easy", f"id: {name}")
    (root / f"claims/{name}.yaml").write_text(text)
    refused(capsys, root, "lock", name, words="Choose another id")


def test_a_rule_that_cannot_lose_is_registered_past_the_lint(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The author's own process did not look; whoever verifies does."""
    from harness.lock import register as registering
    from tests import toy_workspace as toy

    root = toy.make(tmp_path, vacuous=toy.claim("vacuous", margin=-1000.0))
    refused(capsys, root, "lock", "vacuous")
    monkeypatch.setattr(registering, "findings", lambda *_: ())
    accepted(capsys, root, "lock", "vacuous")
    assert "would not lock under this version" in command(capsys, root, "verify").out


def test_a_conftest_that_came_after_the_attempt_is_named_by_pytest(
    job: Job, capsys: Capture
) -> None:
    """It runs in pytest's process and could judge there; what does not run it is named."""
    out = command(capsys, job.root, "run", "--pytest=-q").out
    assert "not as locked" not in out
    (job.root / "conftest.py").write_text("x = 1\n")
    out = command(capsys, job.root, "run", "--pytest=-q").out
    assert "not as locked, and part of this process" in out
    assert "conftest.conftest.py" in out
