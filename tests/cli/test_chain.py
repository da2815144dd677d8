"""The whole chain through the command line, on models that take milliseconds."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from tests import toy_workspace as toy


class Study:
    """A workspace and its commands; ``call`` returns exit code and the JSON result."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str] | None = None) -> None:
        self.root, self.capsys = root, capsys

    def call(self, *argv: str) -> tuple[int, Any]:
        assert self.capsys is not None
        self.capsys.readouterr()
        code = main(["--workspace", str(self.root), "--json", *argv])
        out = self.capsys.readouterr().out
        return code, json.loads(out)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One claim, registered and run; do not write."""
    root = toy.make(tmp_path_factory.mktemp("chain"), good=toy.claim("good"))
    place = ["--workspace", str(root)]
    assert main([*place, "lock", "good"]) == 0
    assert main([*place, "run", "--pytest=-q"]) == 0
    return root


@pytest.fixture
def study(finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Study:
    """A copy of the finished study."""
    root = tmp_path / "study"
    shutil.copytree(finished, root)
    return Study(root, capsys)


@pytest.fixture
def fresh(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Study:
    """A workspace in which nothing is registered."""
    return Study(toy.make(tmp_path, good=toy.claim("good")), capsys)


def test_a_finished_study_has_a_standing_a_report_and_verifies(study: Study) -> None:
    """After lock and run: PASS, pages, and a verification that says what it does not prove."""
    code, value = study.call("status")
    assert code == 0
    assert [(c["claim"], c["status"]) for c in value["claims"]] == [("good", "PASS")]
    code, value = study.call("report")
    assert code == 0
    assert str(study.root / "reports" / "index.html") in value["pages"]
    code, value = study.call("verify")
    assert code == 0, value
    assert value["ok"] is True
    assert value["does_not_prove"]


def test_a_changed_measurement_fails_verification(study: Study) -> None:
    """One byte of one cell is enough."""
    cell = next((study.root / "reports" / "good").rglob("*.parquet"))
    data = bytearray(cell.read_bytes())
    data[len(data) // 2] ^= 1
    cell.write_bytes(bytes(data))
    code, value = study.call("verify")
    assert code == 3
    assert value["ok"] is False
    assert study.call("run", "--pytest=-q")[0] == 3


def test_running_again_measures_nothing(study: Study) -> None:
    """A complete attempt is judged from what is stored; its files keep their times."""
    cells = sorted((study.root / "reports" / "good").rglob("*.parquet"))
    before = [c.stat().st_mtime_ns for c in cells]
    code, value = study.call("run", "good", "--pytest=-q")
    assert code == 0
    assert value["exit_code"] == 0
    assert [c.stat().st_mtime_ns for c in cells] == before


def test_deselecting_everything_does_not_turn_a_pass_into_anything(study: Study) -> None:
    """The exit code comes from the standings, not from how many items ran."""
    assert study.call("run", "--pytest=-k", "--pytest=nothing")[0] == 0


def test_a_reproduction_agrees_and_leaves_the_ledger_alone(study: Study) -> None:
    """The same plan measured anew gives the same numbers on the same machine."""
    ledger = (study.root / "claims" / "ledger.jsonl").read_bytes()
    shutil.rmtree(study.root / ".cache")
    code, value = study.call("reproduce", "--all", "-n", "2")
    assert code == 0, value
    one = value["reproductions"][0]
    assert one["agrees"] is True
    assert all(n["difference"] in (None, 0.0) for n in one["numbers"])
    assert (study.root / one["folder"] / "comparison.json").is_file()
    assert (study.root / "claims" / "ledger.jsonl").read_bytes() == ledger


def test_reproducing_needs_to_be_told_what(study: Study) -> None:
    """Neither nothing nor both."""
    assert study.call("reproduce")[0] == 2
    assert study.call("reproduce", "good", "--all")[0] == 2


def test_exploring_is_stamped_and_leaves_no_trace(fresh: Study) -> None:
    """An exploration prints its dose-response, has no verdict, and writes no ledger."""
    code, value = fresh.call("explore", "good", "--replicates", "2")
    assert code == 0
    assert value["stamp"].startswith("EXPLORATORY")
    claim = value["claims"]["good"]
    assert claim["verdict"]["status"] == "EXPLORATORY"
    arms = {row["arm"] for row in claim["dose_response"]}
    assert arms == {"baseline", "reference"}
    assert not (fresh.root / "claims" / "ledger.jsonl").exists()
    assert not (fresh.root / "reports" / "good").exists()


def test_what_is_not_registered_has_no_standing(fresh: Study) -> None:
    """Running an unlocked claim measures nothing and exits with three."""
    code, value = fresh.call("run", "--pytest=-q")
    assert code == 3
    assert value["claims"][0]["status"] == "UNLOCKED"
    assert fresh.call("verify")[0] == 4
    assert fresh.call("reproduce", "--all")[0] == 4


def test_power_is_simulated_before_anything_is_measured(fresh: Study) -> None:
    """A row per criterion with the rates of its truths."""
    code, value = fresh.call("power", "good", "--simulations", "50")
    assert code == 0
    row = value["power"]["good"][0]
    assert row["criterion"] == "surprised"
    assert 0.0 <= row["expected"]["support"] <= 1.0


def test_check_reports_every_problem_of_every_file(fresh: Study) -> None:
    """Two broken files, three problems, one call."""
    claims = fresh.root / "claims"
    (claims / "one.yaml").write_text(toy.claim("one").replace("unit:", "unti:"))
    (claims / "two.yaml").write_text(toy.claim("two").replace("replicates: 3", "replicates: no"))
    code, value = fresh.call("check")
    assert code == 2
    bad = {c["claim"]: c for c in value["claims"] if not c["ok"]}
    assert set(bad) == {"one", "two"}
    assert all(p["line"] for c in bad.values() for p in c["problems"])


def test_a_design_that_would_not_lock_is_said_so_by_check(fresh: Study) -> None:
    """Two replicates cannot decide a t test; ``check`` and ``lock`` agree."""
    (fresh.root / "claims" / "few.yaml").write_text(toy.claim("few", replicates=2))
    code, value = fresh.call("check", "few")
    assert code == 2
    assert "replicates" in {r["rule"] for r in value["claims"][0]["refusals"]}
    assert fresh.call("lock", "few")[0] == 2
    assert not (fresh.root / "claims" / "few.lock.json").exists()


def test_a_new_version_needs_a_reason(study: Study) -> None:
    """It is possible, never silent."""
    assert study.call("lock", "good")[0] == 2
    assert study.call("amend", "good", "--reason", "because")[0] == 2
    assert study.call("amend", "good", "--reason", "to see what it does")[0] == 0
    assert study.call("status")[1]["claims"][0]["status"] == "LOCKED"


def test_what_the_builder_raises_reaches_the_person_from_a_worker(fresh: Study) -> None:
    """An error in another process keeps its words and its exit code."""
    recipe = fresh.root / "models" / "toy.yaml"
    recipe.write_text(recipe.read_text().replace("models.toy:Random", "models.toy:Nothing"))
    code, value = fresh.call("explore", "good", "-n", "2")
    assert code == 2
    assert "Nothing" in value["error"]["what"]
