"""Workers share the work: one model is built once, one replicate measured once, nobody is lost."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from harness.lock.ledger import read
from harness.lock.register import register
from harness.measure import run
from harness.measure.artefacts import Silent, Workshop
from harness.measure.job import Job, attempt_job, finish, measured
from harness.measure.run import measure_all, measure_replicate
from harness.measure.store import digests
from tests.measure.forged import workspace, write_replicate
from tests.toy_workspace import claim, make

REPOSITORY = Path(__file__).parents[2]
WORK = """
import sys
from pathlib import Path
from harness.measure.artefacts import Silent
from harness.measure.job import attempt_job
from harness.measure.run import measure_all
for name in sys.argv[2:]:
    measure_all(attempt_job(Path(sys.argv[1]), name), Silent())
"""


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A registered claim of which nothing is measured."""
    return attempt_job(workspace(tmp_path / "study"), "easy")


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Measuring writes cells by hand; the replicates in the order in which they were measured."""
    from harness.measure import runner

    order: list[int] = []

    def measure(job: Job, replicate: int, workshop: object, progress: object) -> None:
        order.append(replicate)
        write_replicate(job, replicate)

    monkeypatch.setattr(runner, "measure", measure)
    return order


def test_two_processes_build_each_model_once(tmp_path: Path) -> None:
    """Two claims of one registration on one recipe, measured at the same time."""
    root = make(tmp_path / "study", one=claim("one"), two=claim("two"))
    builder = root / "models" / "toy.py"
    before = "        config = DecoderConfig("
    logged = (
        '        with (out.parents[2] / "built.log").open("a") as log:\n'
        '            log.write(f"{role} {seed}\\n")\n'
        "        time.sleep(0.2)  # long enough for the other to come by\n"
    )
    text = builder.read_text().replace(before, logged + before)
    builder.write_text(text.replace("import torch\n", "import time\n\nimport torch\n", 1))
    register(root, ["one", "two"])
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    workers = [
        subprocess.Popen([sys.executable, "-c", WORK, str(root), *names], env=environment)
        for names in (("one", "two"), ("two", "one"))
    ]
    assert [worker.wait(timeout=120) for worker in workers] == [0, 0]
    lines = (root / "built.log").read_text().splitlines()
    assert len(lines) == len(set(lines)) == 2 * 3
    kinds = [row.kind for row in read(root)]
    assert sorted(kinds[1:]) == ["attempt-finished"] * 2 + ["attempt-started"] * 2
    for name in ("one", "two"):
        assert measured(attempt_job(root, name)) == (0, 1, 2)


def test_a_replicate_that_another_holds_is_left_or_waited_for(job: Job, by_hand: list[int]) -> None:
    """Without waiting: False, and nothing is measured. Waiting: it comes after the other."""
    with run._lock(job, 0, -1):
        assert not measure_replicate(job, 0, Silent(), wait=False)
        assert by_hand == []
        waits = threading.Thread(target=measure_replicate, args=(job, 0, Silent()))
        waits.start()
        waits.join(0.2)
        assert waits.is_alive()
        assert by_hand == []
    waits.join(30)
    assert not waits.is_alive()
    assert by_hand == [0]


def test_who_waited_for_a_replicate_does_not_measure_it_again(job: Job, by_hand: list[int]) -> None:
    """The other left it complete."""
    with run._lock(job, 1, -1):
        waits = threading.Thread(target=measure_replicate, args=(job, 1, Silent()))
        waits.start()
        write_replicate(job, 1)
        kept = digests(job.folder, [1])
    waits.join(30)
    assert by_hand == []
    assert digests(job.folder, [1]) == kept


def test_a_worker_helps_first_and_waits_after(job: Job, by_hand: list[int]) -> None:
    """The replicate that another holds comes last; then the record is closed."""
    held = run._lock(job, 0, -1)
    held.acquire()
    works = threading.Thread(target=measure_all, args=(job, Silent()))
    works.start()
    until = time.monotonic() + 30
    while by_hand != [1, 2] and time.monotonic() < until:
        works.join(0.05)
    works.join(0.1)
    assert by_hand == [1, 2]
    assert works.is_alive()
    held.release()
    works.join(30)
    assert by_hand == [1, 2, 0]
    assert job.complete
    assert (job.folder / "attempt.json").is_file()


def test_the_ledger_is_told_before_the_first_measurement(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attempt that breaks at once has begun all the same."""
    from harness.measure import runner

    def breaks(job: Job, replicate: int, workshop: Workshop, progress: object) -> None:
        with workshop.watch.pause():  # a builder that reads the ledger is stopped
            assert [row.kind for row in read(job.root)] == ["registration", "attempt-started"]
        raise RuntimeError("out of memory")

    monkeypatch.setattr(runner, "measure", breaks)
    with pytest.raises(RuntimeError, match="out of memory"):
        measure_all(job, Silent())
    assert read(job.root)[-1].kind == "attempt-started"
    assert not finish(job)


def test_a_complete_attempt_is_not_measured_again(job: Job, by_hand: list[int]) -> None:
    """Running it once more writes nothing."""
    measure_all(job, Silent())
    kept = digests(job.folder, job.replicates)
    measure_all(job, Silent())
    assert by_hand == [0, 1, 2]
    assert digests(job.folder, job.replicates) == kept


def test_replicates_are_trained_from_seeds_of_their_own(job: Job) -> None:
    """Every seed differs, and follows from the registration alone."""
    shop = run.workshop_of(job, Silent())
    seeds = [shop.seed_of(r) for r in range(50)]
    assert len(set(seeds)) == 50
    assert seeds == [job.seeds.seed("train", "toy", r) for r in range(50)]


def test_a_replicate_that_diverged_is_measured_and_found_unhealthy(tmp_path: Path) -> None:
    """A loss that is not a number makes the claim INVALID, or is excluded; it ends no run."""
    root = make(tmp_path / "study", easy=claim("easy"))
    builder = root / "models" / "toy.py"
    text = builder.read_text().replace("Health(0.01,", 'Health(float("nan"),')
    builder.write_text(text)
    register(root, ["easy"])
    job = attempt_job(root, "easy")
    assert measure_replicate(job, 0, Silent())
    assert measured(job) == (0,)
