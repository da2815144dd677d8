"""Replicates added under a locked rule, through the whole chain on models without training."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.cli import main
from harness.lock.ledger import read
from harness.measure.job import attempt_job, measured
from tests import toy_workspace as toy
from tests.measure.adding import text

Capture = pytest.CaptureFixture[str]

TIE = (
    "estimand: {kind: level, arm: baseline, readout: ordinary_loss}",
    "estimand: {kind: contrast, arm: twin, minus: baseline, readout: ordinary_loss}",
)
RULE = "{recipe: models/toy.yaml, replicates: 9, sequential: {first: 5, step: 2}}"
RUN = """
import sys
from pathlib import Path
from tests.measure.adding import run
run(Path(sys.argv[1]), "grows")
"""


def workspace(root: Path) -> Path:
    """``quick`` is decided by five, ``grows`` by eight, ``even`` compares a model with its twin:
    every replicate ties, and the most are measured."""
    even = text("even", RULE, margin=0.0).replace(*TIE)
    even = even.replace("{on: standard}", "{on: standard}\n  twin: {on: twinned-on}")
    even = even.replace("effect: 2.0", "effect: 0.5")
    toy.make(
        root,
        quick=text("quick", RULE, margin=1.0),
        grows=text("grows", RULE, margin=1.0, stake=0.5),
        even=even,
    )
    recipe = root / "models/toy.yaml"  # a role whose name is as long has the same random weights
    recipe.write_text(recipe.read_text() + "  twinned-on: {params: {}}\n")
    return root


def claims(root: Path, *words: str) -> int:
    return main(["--workspace", str(root), *words])


def kill_while_adding(root: Path) -> None:
    """SIGKILL once the sixth replicate of ``grows`` is there, and not yet the eighth."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(root)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )
    try:
        until = time.monotonic() + 120
        while 5 not in measured(attempt_job(root, "grows")) and time.monotonic() < until:
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def test_the_chain_from_lock_to_reproduction(tmp_path: Path, capsys: Capture) -> None:
    """Killed while adding, resumed by two workers; five, nine and nine of nine are measured and
    judged; verification agrees and a reproduction measures as many."""
    root = workspace(tmp_path)
    assert claims(root, "lock", "quick", "grows", "even") == 0
    kill_while_adding(root)
    assert {5} <= set(measured(attempt_job(root, "grows")))
    assert not (attempt_job(root, "grows").folder / "attempt.json").exists()
    capsys.readouterr()
    assert claims(root, "run", "-n", "2", "--json") == 1
    rows = {row["claim"]: row for row in json.loads(capsys.readouterr().out)["claims"]}
    assert {name: row["status"] for name, row in rows.items()} == {
        "quick": "PASS",
        "grows": "PASS",
        "even": "INCONCLUSIVE",
    }
    done = {name: row["replicates_done"] for name, row in rows.items()}
    assert done == {"quick": 5, "grows": 9, "even": 9}
    interrupted = [r for r in read(root) if r.kind == "attempt-interrupted"]
    assert [r.body["claim"] for r in interrupted] == ["grows"]
    begun = [r.body["claim"] for r in read(root) if r.kind == "attempt-started"]
    assert sorted(begun) == ["even", "grows", "quick"]
    assert claims(root, "report") == 0
    assert claims(root, "verify") == 0
    assert claims(root, "power", "quick") == 0
    capsys.readouterr()
    assert claims(root, "reproduce", "quick", "--json") == 0
    (again,) = json.loads(capsys.readouterr().out)["reproductions"]
    assert again["agrees"]
    assert "rule" not in again
    folder = root / again["folder"]
    assert len(list(folder.glob("replicate.*.json"))) == 5
    assert claims(root, "status") == 0
