"""Tests of harness.report.commands: what a page tells to type does what the page says."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.report.commands import commands, criterion_command, folder
from harness.report.records import ReportInput

Inputs = dict[str, ReportInput]


def run(line: str, where: Path) -> str:
    argv = shlex.split(line)
    assert argv[0] == "python"
    done = subprocess.run(
        [sys.executable, *argv[1:]],
        cwd=where,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["pass", "features"])
def test_criterion_command_prints_the_criterions_numbers(
    inputs: Inputs, name: str, tmp_path: Path
) -> None:
    """Typed in the workspace, it prints the estimate, the interval and the p of the page."""
    report = inputs[name]
    place = tmp_path / folder(report)
    place.mkdir(parents=True)
    (place / "verdict.json").write_text(json.dumps(report.verdict))
    row = report.verdict["criteria"][0]
    command = criterion_command(report, row)
    assert command is not None
    out = run(command.line, tmp_path)
    for key in ("estimate", "low", "high", "p"):
        assert f"{row[key]:.6g}"[:6] in out


def test_a_withdrawn_claim_is_not_told_to_be_measured_again(inputs: Inputs) -> None:
    """The workspace may have moved on from it, and then both commands are refused."""
    report = inputs["pass"]
    version = {"registration": report.verdict["registration"], "status": "WITHDRAWN"}
    gone = replace(report, versions=(version,))
    assert [c.line for c in commands(report)][1:3] == [
        "claims run suppression-works",
        "claims reproduce suppression-works",
    ]
    lines = [c.line for c in commands(gone)]
    assert lines[0] == "claims verify suppression-works"
    assert not any("claims run" in line or "claims reproduce" in line for line in lines)


def test_cells_command_prints_the_rates(inputs: Inputs, tmp_path: Path) -> None:
    """The one-liner over the stored cells prints a replicate's rate at a dose."""
    report = inputs["features"]
    place = tmp_path / folder(report) / "cells"
    place.mkdir(parents=True)
    cells = report.cells["generate"]
    rows = cells[(cells["arm"] == "trained") & (cells["replicate"] == 2)]
    rows.to_parquet(place / "trained.r2.confirm.generate.parquet")
    line = next(c.line for c in commands(report) if c.line.startswith("python"))
    expected = rows["behaviour"].sum() / rows["steps"].sum()
    assert f"{expected:.6f}" in run(line, tmp_path)


def test_names_are_words_and_never_commands(inputs: Inputs) -> None:
    """Quotes and semicolons in names do not leave their argument."""
    report = inputs["features"]
    bad = "a'; rm -rf / #\"); import os #"
    row = dict(report.verdict["criteria"][0]) | {"name": bad}
    command = criterion_command(report, row)
    assert command is not None
    argv = shlex.split(command.line)
    assert argv[:2] == ["python", "-c"]
    assert len(argv) == 3
    assert json.dumps(bad) in argv[2]
    compile(argv[2], "line", "exec")
    renamed = replace(report, claim=dict(report.claim) | {"id": bad})
    assert shlex.split(commands(renamed)[0].line) == ["claims", "verify", bad]


def test_exploration_has_nothing_to_verify(inputs: Inputs) -> None:
    """An exploration's page proposes to explore again or to lock."""
    lines = [c.line for c in commands(inputs["exploratory"])]
    assert lines == ["claims explore suppression-works", "claims lock suppression-works"]
