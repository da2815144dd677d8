"""A run killed with SIGKILL resumes, loses nothing, and ends with the same bytes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.lock.ledger import read
from harness.lock.register import register
from harness.measure.artefacts import Silent
from harness.measure.job import attempt_job, measured
from harness.measure.run import measure_all
from harness.measure.store import digests, read_json

HANDMADE = Path(__file__).parents[1] / "known_truth" / "handmade"
RUN = """
import sys
from pathlib import Path
from harness.measure.artefacts import Silent
from harness.measure.job import attempt_job
from harness.measure.run import measure_all
measure_all(attempt_job(Path(sys.argv[1]), "true"), Silent())
"""


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registered workspace in which nothing has been measured."""
    root = tmp_path_factory.mktemp("kill") / "truth"
    shutil.copytree(HANDMADE, root, ignore=shutil.ignore_patterns("__pycache__"))
    register(root, ["true"])
    return root


def start(root: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", RUN, str(root)], start_new_session=True)


def kill(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_a_killed_run_resumes_and_ends_with_the_same_bytes(locked: Path, tmp_path: Path) -> None:
    """Killed while building, and again between replicates; what was measured stays as it was."""
    calm = tmp_path / "calm"
    shutil.copytree(locked, calm)
    measure_all(attempt_job(calm, "true"), Silent())
    expected = digests(attempt_job(calm, "true").folder, range(5))

    process = start(locked)
    models = locked / ".cache" / "models"
    wait_for(lambda: models.is_dir() and any(models.glob(".draft-*")), process)
    kill(process)
    assert measured(attempt_job(locked, "true")) == ()

    process = start(locked)
    wait_for(lambda: len(measured(attempt_job(locked, "true"))) >= 1, process)
    kill(process)
    job = attempt_job(locked, "true")
    done = measured(job)
    kept = digests(job.folder, done)

    measure_all(job, Silent())
    found = digests(job.folder, range(5))
    assert {name: found[name] for name in kept} == kept
    assert found == expected
    rows = read(locked)
    assert [row.kind for row in rows] == [
        "registration",
        "attempt-started",
        "attempt-interrupted",
        "attempt-interrupted",
        "attempt-finished",
    ]
    assert [row.body["measured"] for row in rows[2:4]] == [[], list(done)]
    assert read_json(job.folder / "attempt.json")["files"] == found


def wait_for(condition, process: subprocess.Popen[bytes], limit: float = 120) -> None:  # type: ignore[no-untyped-def]
    """Poll quickly until the running process has got that far."""
    end = time.monotonic() + limit
    while not condition():
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < end, "the run did not get that far"
        time.sleep(0.002)
