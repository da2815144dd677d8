"""``claims calibrate``: one's own design, or every kind of test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.claim import simulate
from harness.cli import main
from tests.toy_workspace import claim, make

Capture = pytest.CaptureFixture[str]
SMALL = ("--simulations", "500")


def test_a_design_is_calibrated_under_every_spread(tmp_path: Path, capsys: Capture) -> None:
    """A row per criterion and shape; the JSON has every share with its band."""
    root = make(tmp_path, easy=claim("easy"))
    where = ("--workspace", str(root))
    assert main(["calibrate", "easy", *SMALL, *where]) == 0
    out = capsys.readouterr().out
    assert [shape for shape in simulate.NOISES if shape in out] == list(simulate.NOISES)
    assert main(["calibrate", "easy", *SMALL, "--spread", "normal", "--json", *where]) == 0
    (row,) = json.loads(capsys.readouterr().out)["calibration"]
    assert row["simulations"] == 500
    assert {s["outcome"] for s in row["shares"]} == {"PASS", "FAIL", "covered"}
    assert all(s["standing"] in ("", "held", "conservative") for s in row["shares"])


def test_a_broken_promise_is_exit_code_1(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule that supports too easily is named with the truth at which it does."""
    root = make(tmp_path, easy=claim("easy"))
    judge = simulate.one_sample.two_verdicts
    lenient = lambda values, rule: tuple(p / 3 for p in judge(values, rule))  # noqa: E731
    monkeypatch.setattr(simulate.one_sample, "two_verdicts", lenient)
    code = main(["calibrate", "easy", *SMALL, "--spread", "normal", "--workspace", str(root)])
    assert code == 1
    assert "breaks a promise: PASS at margin" in capsys.readouterr().err


def test_a_design_without_expectation_is_said_to_be_left_out(
    tmp_path: Path, capsys: Capture
) -> None:
    """Nothing to simulate is exit code 4 and no green table."""
    root = make(tmp_path, easy=claim("easy"))
    path = root / "claims/easy.yaml"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "expect:" not in line))
    code = main(["calibrate", "easy", *SMALL, "--workspace", str(root)])
    said = capsys.readouterr()
    assert code == 4, said
    assert "says no `expect:`" in said.err


def test_the_table_of_the_docs_is_what_the_command_prints(capsys: Capture) -> None:
    """As Markdown, without any workspace; shares differ with the number of studies only."""
    assert main(["calibrate", "--simulations", "300", "--spread", "normal", "--markdown"]) == 0
    out = capsys.readouterr().out
    docs = (Path(__file__).parents[2] / "docs/statistics.md").read_text()
    printed = [line.split("|")[1] for line in out.splitlines()]
    assert len(printed) > 20
    shown = [line.split("|")[1] for line in docs.splitlines() if line.startswith("|")]
    assert [design for design in printed if design not in shown] == []
