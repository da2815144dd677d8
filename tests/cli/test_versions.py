"""Amending, withdrawing and reproducing on the record, through the command line."""

from __future__ import annotations

import json
import shutil
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from harness.lock.ledger import read
from harness.measure.job import attempt_job
from harness.measure.store import json_bytes
from tests import toy_workspace as toy
from tests.attacks.acts import forge
from tests.cli.test_chain import Study, finished  # noqa: F401

REASON = ("--reason", "the margin was asked for by a reviewer")


@pytest.fixture
def study(finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Study:  # noqa: F811
    """A copy of a study with one claim that is PASS."""
    root = tmp_path / "study"
    shutil.copytree(finished, root)
    return Study(root, capsys)


def status(study: Study) -> dict[str, Any]:
    """The standing of the one claim."""
    (row,) = study.call("status")[1]["claims"]
    return dict(row)


def test_an_amendment_after_a_look_is_deviated_to_the_end(study: Study) -> None:
    """The same margins or stricter ones: measured anew, published, and never a PASS again."""
    assert study.call("report")[0] == 0
    path = study.root / "claims" / "good.yaml"
    path.write_text(toy.claim("good", margin=2.0))
    assert study.call("verify")[0] == 3  # the lock is of another claim
    code, value = study.call("amend", "good", *REASON)
    assert code == 0
    said = value["claims"]["good"]
    change = next(one for one in said["changes"] if "margin" in one["field"])
    assert (change["effect"], change["now"]) == ("stricter", "2")
    assert said["deviations"]
    assert status(study)["status"] == "LOCKED"
    assert study.call("verify")[0] == 4
    assert study.call("run", "--pytest=-q")[0] == 3
    assert status(study)["status"] == "DEVIATED"
    assert study.call("report")[0] == 0
    assert study.call("verify")[0] == 0
    page = (study.root / "reports/good/report.md").read_text()
    assert "the margin was asked for by a reviewer" in page
    assert "DEVIATED" in page


def test_amending_before_anything_is_measured_costs_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing was seen, so the verdict of the new version stands; both stay on the ledger."""
    fresh = Study(toy.make(tmp_path, good=toy.claim("good")), capsys)
    assert fresh.call("amend", "good", *REASON)[0] == 3  # nothing to amend
    assert fresh.call("lock", "good")[0] == 0
    apart = "the cafe\u0301 moved the margin"  # as some systems paste it
    value = fresh.call("amend", "good", "--reason", apart)[1]
    assert value["claims"]["good"]["deviations"] == []
    assert value["reason"] == unicodedata.normalize("NFC", apart) != apart
    assert fresh.call("run", "--pytest=-q")[0] == 0
    assert status(fresh)["status"] == "PASS"
    kinds = [row.kind for row in read(fresh.root)]
    assert kinds[:2] == ["registration", "amendment"]


def test_a_withdrawn_claim_holds_nowhere_and_disappears_nowhere(study: Study) -> None:
    """Status, run and pytest's verdict say so; its page stays and the record verifies."""
    assert study.call("report")[0] == 0
    assert study.call("withdraw", "nobody", *REASON)[0] == 3
    assert study.call("withdraw", "good", "--reason", "no")[0] == 2
    apart = "cafe\u0301 is not what was measured"  # as some systems paste it
    code, value = study.call("withdraw", "good", "--reason", apart)
    assert value["reason"] == unicodedata.normalize("NFC", apart) != apart
    assert (code, value["claim"]) == (0, "good")
    assert study.call("withdraw", "good", *REASON)[0] == 2
    row = status(study)
    assert row["status"] == "WITHDRAWN"
    assert "Its verdict was PASS" in row["sentence"]
    code, value = study.call("run", "--pytest=-q")
    assert code == 3
    xml = study.root / "junit.xml"
    study.call("run", "--pytest=-q", f"--pytest=--junit-xml={xml}")
    assert "good is WITHDRAWN: " in xml.read_text()
    assert study.call("report")[0] == 0
    assert "WITHDRAWN" in (study.root / "reports/index.md").read_text()
    page = (study.root / "reports/good/report.md").read_text()
    assert page.index("WITHDRAWN") < page.index("Withdrawn by its authors") < page.index("PASS")
    assert study.call("verify")[0] == 0


def test_the_code_may_move_on_from_a_withdrawn_claim_and_from_no_other(study: Study) -> None:
    """Its cells and its verdict are still checked; a claim that stands needs the code it bound."""
    assert study.call("report")[0] == 0
    builder = study.root / "models" / "toy.py"
    text = builder.read_text()
    builder.write_text(f"{text}\n\nMOVED_ON = True\n")
    assert status(study)["status"] == "TAMPERED"
    assert study.call("withdraw", "good", *REASON)[0] == 0
    row = status(study)
    assert row["status"] == "WITHDRAWN"
    assert "Its verdict was PASS" in row["sentence"]
    assert study.call("report")[0] == 0
    code, value = study.call("verify")
    assert code == 0
    assert any("moved on from its lock (builder.models.toy)" in note for note in value["notes"])
    assert study.call("reproduce", "--all")[0] == 4
    assert study.call("reproduce", "good")[0] == 3
    claim = study.root / "claims" / "good.yaml"
    kept = claim.read_text()
    claim.write_text(kept.replace("margin: 1.0", "margin: 0.5"))
    assert study.call("verify")[0] == 3
    claim.write_text(kept)
    cell = next((study.root / "reports").glob("good/*/a1/cells/*.parquet"))
    cell.write_bytes(cell.read_bytes() + b" ")
    assert study.call("verify")[0] == 3


def test_a_claim_with_a_successor_keeps_its_verdict_and_points_to_it(study: Study) -> None:
    """It was answered; the question moved on."""
    assert study.call("withdraw", "good", *REASON, "--superseded-by", "good")[0] == 2
    (study.root / "claims" / "next.yaml").write_text(toy.claim("next"))
    assert study.call("withdraw", "good", *REASON, "--superseded-by", "next")[0] == 3
    assert study.call("lock", "next")[0] == 0
    assert study.call("withdraw", "good", *REASON, "--superseded-by", "next")[0] == 0
    rows = {row["claim"]: row for row in study.call("status")[1]["claims"]}
    assert rows["good"]["status"] == "PASS"
    assert "next" in rows["good"]["sentence"]
    assert study.call("report", "good")[0] == 0
    page = (study.root / "reports/good/report.md").read_text()
    assert (
        page.index("PASS") < page.index("Superseded by next") < page.index("Its verdict was PASS")
    )


def test_a_reproduction_goes_on_the_ledger_only_when_asked(study: Study) -> None:
    """One row: the outcomes, a digest of the numbers and the machine; it verifies."""
    assert study.call("report")[0] == 0
    before = len(read(study.root))
    assert study.call("reproduce", "good", "--record")[0] == 0
    (row,) = read(study.root)[before:]
    assert row.kind == "reproduction"
    assert (row.body["published"], row.body["reproduced"]) == ("PASS", "PASS")
    assert row.body["agrees"] is True
    (told,) = study.root.rglob("comparison.json")
    assert json.loads(told.read_text())["agrees"] is True
    code, value = study.call("verify")
    assert code == 0, value
    assert study.call("report")[0] == 0
    page = (study.root / "reports/good/report.md").read_text()
    assert "PASS where PASS is published" in page
    assert "models of 3 of 3 replicates have the published bytes" in page


def test_models_of_another_machine_are_counted(study: Study) -> None:
    """One replicate whose models came out otherwise is no copy, and the sentence says how many."""
    _, value = study.call("reproduce", "good")
    (told,) = value["reproductions"]
    assert told["same_models"] == "models of 3 of 3 replicates have the published bytes"
    job = attempt_job(study.root, "good")
    changed = json.loads((job.folder / "replicate.1.json").read_bytes())
    changed["models"]["regulation"]["content"] = "sha256:" + "0" * 64
    forge(job, "replicate.1.json", json_bytes(changed))  # as if published elsewhere
    code, value = study.call("reproduce", "good")
    assert code == 0, value
    (again,) = value["reproductions"]
    assert again["same_models"].startswith("models of 2 of 3 replicates have the published bytes, ")
