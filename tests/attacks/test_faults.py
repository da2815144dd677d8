"""Kills, torn lines, full disks, read-only folders, two runs at once, and clocks that lie.

Many random kills of real commands: ``python -m tests.faults --runs 50``.
"""

from __future__ import annotations

import errno
import itertools
import json
import os
import random
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import NoReturn

import pytest

from harness.cli import worker
from harness.errors import ClaimsError, RecordBroken, of_machine
from harness.lock import ledger, witness
from harness.lock.ledger import append, ledger_path, read, recover
from harness.lock.register import register
from harness.measure import runner
from harness.measure.artefacts import Silent
from harness.measure.job import Job, attempt_job, begin, finish
from harness.measure.run import measure_all
from harness.measure.store import read_json
from harness.report import build
from harness.subject.checkpoint import save_decoder
from harness.subject.decoder import Decoder, DecoderConfig
from harness.verdict.judging import judge_job
from harness.verdict.records import Verdict
from harness.verdict.verify import verify
from tests.faults import places
from tests.faults.forked import Forked, forked, warm
from tests.faults.kills import IDS, SCENES, Calm, Stage, calm, command, disturb
from tests.faults.steps import Fault, fault_at, full, kill
from tests.faults.studies import here, left_over, results, rows, said, state, torn
from tests.lock import workspace as tiny
from tests.measure.forged import workspace, write_replicate

SCENE = {scene.name: scene for scene in SCENES}
RUN = command("run", "--pytest=-q")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """Workspaces to copy: ``fresh``, ``locked``, ``finished``."""
    warm()
    return Stage(tmp_path_factory.mktemp("stage"))


@pytest.fixture(scope="module")
def undisturbed(stage: Stage) -> Calm:
    """A run that nothing happened to."""
    return calm(stage, SCENE["run"])


@pytest.fixture(scope="module")
def forged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registered workspace whose replicates are written by hand; do not write."""
    return workspace(tmp_path_factory.mktemp("forged") / "study")


def by_hand(root: Path) -> int:
    """Measure, with cells and directions written by hand in place of models."""

    def measure(job: object, replicate: int, *_: object) -> None:
        write_replicate(job, replicate, directions=("md@regulation+0",))  # type: ignore[arg-type]

    runner.measure = measure  # type: ignore[assignment]
    measure_all(attempt_job(root, "easy"), Silent())
    return 0


def at_every_step(
    act: Callable[[Path], int], source: Path, folder: Path, fault: Fault, every: int = 1
) -> Iterator[tuple[int, Path, Forked]]:
    """A copy of a workspace for each step of an act that meets with a fault there."""
    for n in itertools.count(0, every):
        root = folder / str(n)
        shutil.copytree(source, root)

        def faulty(n: int = n, root: Path = root) -> int:
            with fault_at(n, fault) as seen:
                code = act(root)
            return code if len(seen) > n else 77

        child = forked(faulty)
        if child.wait() == 77:
            assert n > 5, "the act has hardly any step: nothing was tried"
            return
        yield n, root, child
        shutil.rmtree(root)


# kills


def test_a_kill_at_any_step_of_locking_leaves_a_registration_or_none(tmp_path: Path) -> None:
    """The same command again: one registration, both locks, as without the kill."""
    source = tiny.make(tmp_path / "source")

    def lock(root: Path) -> int:
        register(root, ["first", "second"])
        return 0

    whole = shutil.copytree(source, tmp_path / "whole")
    lock(whole)
    expected = results(whole, "claims")
    ends = Counter[str]()
    for _, root, child in at_every_step(lock, source, tmp_path, kill):
        assert child.wait() == -9
        before = rows(root)
        if torn(root):
            ends["torn"] += 1
            recover(root)
        half_done = before and len(list(root.glob("claims/*.lock.json"))) < 2
        try:
            ends["restored" if register(root, ["first", "second"]).restored else "registered"] += 1
        except ClaimsError as error:
            assert not half_done, "the lock files were missing, and are written: nothing to refuse"
            ends[error.what] += 1
        assert read(root)[: len(before)] == before
        kinds = [row.kind for row in read(root)]
        assert kinds.count("registration") == 1
        if "recovery" not in kinds:  # behind another row the seeds are others
            assert results(root, "claims") == expected
        assert not left_over(root)
    assert set(ends) == {"torn", "registered", "restored", "locked already"}


def test_a_kill_at_any_step_of_an_attempt_is_resumed_to_the_same_bytes(
    forged: Path, tmp_path: Path
) -> None:
    """Cells, directions, records, the attempt's record, rows of the ledger, whichever it was."""
    whole = shutil.copytree(forged, tmp_path / "whole")
    assert forked(partial(by_hand, whole)).wait() == 0
    expected = results(whole, "reports")
    begun = 0
    for n, root, child in at_every_step(by_hand, forged, tmp_path, kill, every=17):
        assert child.wait() == -9
        before = rows(root)
        if torn(root):
            recover(root)
        again = forked(partial(by_hand, root))
        assert again.wait() == 0, (n, again.words)
        assert read(root)[: len(before)] == before
        kinds = Counter(row.kind for row in read(root))
        assert kinds["attempt-started"] == kinds["attempt-finished"] == 1
        was = {row.kind for row in before}
        gap = "attempt-started" in was and "attempt-finished" not in was
        assert kinds["attempt-interrupted"] == gap
        begun += gap
        assert results(root, "reports") == expected
        assert not left_over(root)
        assert verify(root).ok
    assert begun > 5


@pytest.mark.parametrize("name", ["lock", "append x 2", "run"])
def test_a_real_run_killed_at_a_random_instant_ends_as_if_undisturbed(
    stage: Stage, undisturbed: Calm, name: str
) -> None:
    """The whole session dies at once; the driver does this fifty times, and with two workers."""
    scene = SCENE[name]
    reference = undisturbed if name == "run" else calm(stage, scene)
    found = disturb(stage, scene, reference, random.Random(0))
    assert not found.faults, found


def test_an_interrupt_ends_a_run_with_130_and_is_told_by_the_next(
    stage: Stage, undisturbed: Calm
) -> None:
    """Also before the first replicate is measured; the same command resumes."""
    root = stage.copy("locked")
    with Forked(partial(RUN, root)) as child:
        while "attempt-started" not in {row.kind for row in rows(root)}:
            assert child.wait(0.01) is None, child.words
        os.kill(child.pid, signal.SIGINT)
        assert child.wait() == 130, child.words
    assert "the same command resumes" in sentence(child)
    assert forked(partial(RUN, root)).wait() == 1
    assert [row.kind for row in read(root)].count("attempt-interrupted") == 1
    assert state(root) == undisturbed.state


# torn lines


def test_a_line_torn_at_any_byte_costs_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut anywhere: the rows before are whole, the rest is kept aside, appending goes on."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)  # hundreds of times
    for n in range(3):
        append(tmp_path, "anchor", {"n": n})
    path = ledger_path(tmp_path)
    short_of_it = path.read_bytes()
    append(tmp_path, "anchor", {"n": 3, "text": "für"})
    data = path.read_bytes()
    earlier = read(tmp_path)[:3]
    assert read(tmp_path)[:3] == earlier
    assert recover(tmp_path) == ()  # nothing is torn
    for cut in range(len(short_of_it) + 1, len(data)):
        path.write_bytes(data[:cut])
        witness.write(tmp_path, earlier[-1])
        with pytest.raises(RecordBroken, match="torn"):
            append(tmp_path, "anchor", {})
        assert recover(tmp_path)
        aside = tmp_path / read(tmp_path)[-1].body["file"]
        assert aside.read_bytes() == data[len(short_of_it) : cut]
        assert read(tmp_path)[:3] == earlier
        assert [row.kind for row in read(tmp_path)[3:]] == ["recovery"]
        append(tmp_path, "anchor", {"n": 3})
        path.write_bytes(data)


def test_a_kill_in_the_middle_of_recovering_can_be_recovered_from(tmp_path: Path) -> None:
    """Set aside or not yet: no row is lost, no torn byte, and one row says that it happened."""
    source = tmp_path / "source"
    for n in range(2):
        append(source, "anchor", {"n": n})
    path = ledger_path(source)
    path.write_bytes(path.read_bytes() + b'{"body":{"half')
    kept = rows(source)

    def mend(root: Path) -> int:
        recover(root)
        return 0

    for _, root, child in at_every_step(mend, source, tmp_path, kill):
        assert child.wait() == -9
        mend(root)
        assert read(root)[:2] == kept
        (note,) = read(root)[2:]
        assert (root / note.body["file"]).read_bytes() == b'{"body":{"half'
        assert not left_over(root)


# full disks


def test_a_disk_that_is_full_at_any_step_is_one_sentence_and_loses_nothing(
    stage: Stage, forged: Path, tmp_path: Path
) -> None:
    """Locking, measuring and appending: refused with exit code 2, repeated with the same bytes."""
    fresh = stage.copy("fresh")
    whole = shutil.copytree(fresh, tmp_path / "lock")
    assert here(whole, "lock", *IDS)[0] == 0
    lagging = 0
    for n in itertools.count():
        root = shutil.copytree(fresh, tmp_path / f"lock{n}")
        with fault_at(n, full) as seen:
            code, _, words = here(root, "lock", *IDS)
        if len(seen) <= n:
            break
        late = code == 0  # the row stood, and its witness lags
        lagging += late
        assert late or (code, words.count("\n")) == (2, 1), (n, words)
        assert late or "no space left" in words.lower()
        assert not left_over(root)
        assert here(root, "lock", *IDS)[0] in (0, 2)
        assert results(root, "claims") == results(whole, "claims")
        assert [row.kind for row in read(root)] == ["registration"]
    assert n > 5
    assert lagging <= 5 < n - 5
    refusals = 0
    for n in itertools.count():
        before = ledger_path(whole).read_bytes()
        with fault_at(n, full) as seen:
            try:
                append(whole, "anchor", {})
            except (ClaimsError, OSError):
                refusals += 1
                assert ledger_path(whole).read_bytes() == before
            else:
                assert read(whole)[-1].body == {}
        assert not left_over(whole)
        if len(seen) <= n:
            break
    assert refusals >= 3
    done = shutil.copytree(forged, tmp_path / "done")
    assert forked(partial(by_hand, done)).wait() == 0
    for n, root, child in at_every_step(by_hand, forged, tmp_path, full, every=23):
        late = child.wait() == 0
        lagging += late
        assert late or child.wait() == 99, n
        assert late or "no space left" in child.words.lower()
        assert not left_over(root)
        assert forked(partial(by_hand, root)).wait() == 0
        assert results(root, "reports") == results(done, "reports")
    assert lagging < 8


def sentence(child: Forked) -> str:
    """The one sentence that a command ended with, and no traceback."""
    assert "Traceback" not in child.words, child.words
    (line,) = [one for one in child.words.splitlines() if one.startswith("claims: ")]
    return line


def test_a_model_that_does_not_fit_is_one_sentence_and_is_built_again(
    stage: Stage, undisturbed: Calm
) -> None:
    """The builder writes more than it may; nothing half-built is ever taken for a model."""
    root = stage.copy("locked")

    def half(self: Path, data: bytes) -> None:
        with self.open("wb") as out:
            out.write(data[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def too_small() -> int:
        Path.write_bytes = half  # type: ignore[assignment]
        return RUN(root)

    child = forked(too_small)
    assert child.wait() == 2, child.words
    assert "No space left" in sentence(child)
    assert "/.cache/models/" in sentence(child)
    assert not left_over(root)
    assert forked(partial(RUN, root)).wait() == 1
    assert state(root) == undisturbed.state


def test_a_run_on_a_disk_that_fills_up_says_so_and_finishes_once_there_is_room(
    stage: Stage, undisturbed: Calm, tmp_path: Path
) -> None:
    """A real disk with room for next to nothing, then for some models, then for all of it."""
    if not places.can_mount():
        pytest.skip("this machine lets no test mount a small disk")
    source, disk = stage.copy("locked"), tmp_path / "disk"
    disk.mkdir()

    def act() -> int:
        root = shutil.copytree(source, disk / "study")
        for free in (2, 40):
            before = rows(root)
            ballast = places.fill(disk, free)
            child = forked(partial(RUN, root))
            assert child.wait() == 2, child.words
            assert "no space left" in sentence(child).lower()
            assert read(root)[: len(before)] == before
            assert not left_over(root)
            ballast.unlink()
        again = forked(partial(RUN, root))
        assert again.wait() == 1, again.words
        assert state(root) == undisturbed.state
        return 0

    child = places.on_small_disk(disk, 2000, act)
    assert child.wait() == 0, child.words


def test_a_new_workspace_or_claim_that_does_not_fit_leaves_nothing_in_the_way(
    stage: Stage, tmp_path: Path
) -> None:
    """Half of it would bar the same command afterwards."""
    if not places.can_mount():
        pytest.skip("this machine lets no test mount a small disk")
    fresh, disk = stage.copy("fresh"), tmp_path / "disk"
    disk.mkdir()

    def act() -> int:
        root = shutil.copytree(fresh, disk / "root")
        for argv, free in ((("init", str(disk / "study")), 5), (("new", "another"), 0)):
            ballast = places.fill(disk, free)
            code, _, words = here(root, *argv)
            assert (code, words.count("\n")) == (2, 1), words
            assert "No space left" in words
            ballast.unlink()
            assert here(root, *argv)[0] == 0
        return 0

    child = places.on_small_disk(disk, 500, act)
    assert child.wait() == 0, child.words


@pytest.mark.parametrize(
    "name", ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]
)
def test_each_file_of_a_model_tells_of_a_full_disk_by_its_number(tmp_path: Path, name: str) -> None:
    """A library that writes by itself may raise what nobody can tell from a fault of its own."""
    if not Path("/dev/full").exists():
        pytest.skip("this platform has no device that is always full")
    (tmp_path / name).symlink_to("/dev/full")
    decoder = Decoder(DecoderConfig(8, 8, 1, 1, 8, 8))
    with pytest.raises(OSError, match="No space") as caught:
        save_decoder(decoder, tmp_path, [f"w{n}" for n in range(8)], {"pad": 0})
    assert of_machine(caught.value) is not None
    (tmp_path / name).unlink()
    save_decoder(decoder, tmp_path, [f"w{n}" for n in range(8)], {"pad": 0})


def test_pages_that_do_not_fit_or_are_killed_are_whole_and_written_by_the_same_command(
    stage: Stage, tmp_path: Path
) -> None:
    """``claims report`` on a full disk is exit code 2; what is there already is as it will be."""
    root = stage.copy("finished")
    whole = shutil.copytree(root, tmp_path / "whole")
    assert here(whole, "report")[0] == 0
    pages = results(whole, "reports")
    for n, fault, code in ((1, full, 2), (2, kill, -9)):
        before = results(root, "reports")

        def faulty(n: int = n, fault: Fault = fault) -> int:
            with fault_at(n, fault, only=("replace",)):
                return command("report")(root)

        child = forked(faulty)
        assert child.wait() == code, child.words
        if fault is full:
            assert "No space left" in sentence(child)
            assert not left_over(root)
        now = results(root, "reports")
        assert before.items() <= now.items() <= pages.items()
    assert before.items() < now.items() < pages.items()
    assert left_over(root)
    assert here(root, "report")[0] == 0
    assert results(root, "reports") == pages


def test_a_worker_without_room_tells_its_parent_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Explorations and reproductions in several processes end with the same sentence."""

    def full(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/x")

    monkeypatch.setattr(worker, "rounds", full)
    child = forked(lambda: worker.main(["0", "1", "[]"]))
    assert child.wait() == 2
    assert json.loads(child.words)["error"]["what"] == "No space left on device"
    monkeypatch.setattr(worker, "rounds", lambda *_: ())
    assert forked(lambda: worker.main(["0", "1", "[]"])).wait() == 0


# read-only


@pytest.fixture
def refusing(tmp_path: Path) -> None:
    """Skips where nothing makes this machine refuse a write."""
    if not places.can_be_refused(tmp_path):
        pytest.skip("this user may write everywhere, and cannot give that up")


@pytest.mark.usefixtures("refusing")
@pytest.mark.parametrize(
    ("folder", "begins", "argv"),
    [
        ("claims", "fresh", ("lock", *IDS)),
        (".cache", "fresh", ("lock", *IDS)),
        ("claims", "locked", ("run", "--pytest=-q")),
        ("reports", "locked", ("run", "--pytest=-q")),
        (".cache", "locked", ("run", "--pytest=-q")),
        ("reports", "finished", ("report",)),
    ],
)
def test_a_folder_that_may_not_be_written_is_one_sentence(
    stage: Stage, folder: str, begins: str, argv: tuple[str, ...]
) -> None:
    """Exit code 2, nothing lost; with the permission back the same command goes through."""
    root = stage.copy(begins)
    (root / folder).mkdir(exist_ok=True)
    before = ledger_path(root).read_bytes() if begins != "fresh" else b""
    modes = {path: path.stat().st_mode for path in [root / folder, *(root / folder).rglob("*")]}
    places.read_only(root / folder)
    child = forked(places.unprivileged(partial(command(*argv), root)))
    assert child.wait() == 2, child.words
    assert "Permission denied" in sentence(child)
    assert f"/{folder}" in sentence(child)
    for path, mode in modes.items():
        path.chmod(mode)
    after = ledger_path(root).read_bytes() if ledger_path(root).is_file() else b""
    assert after.startswith(before)
    assert not left_over(root)
    if argv[0] != "run":  # that a run resumes is shown elsewhere
        assert here(root, *argv)[0] == 0


@pytest.mark.usefixtures("refusing")
def test_reading_commands_need_no_permission_to_write(stage: Stage, tmp_path: Path) -> None:
    """On a wholly read-only workspace: status, verify and a second run; nothing is written."""
    root = stage.copy("finished")
    free = {argv: here(root, *argv)[:2] for argv in (("status",), ("verify",))}
    places.read_only(root)
    before = {p: p.stat().st_mtime_ns for p in [root, *root.rglob("*")]}
    assert not (root / ".cache").exists()
    for argv, (code, words) in free.items():
        child = forked(places.unprivileged(partial(command(*argv), root)))
        assert child.wait() == code, child.words
        assert child.words == words
    child = forked(places.unprivileged(partial(RUN, root)))
    assert child.wait() == 1, child.words
    assert {p: p.stat().st_mtime_ns for p in [root, *root.rglob("*")]} == before
    refused = forked(places.unprivileged(partial(command("report"), root)))
    assert refused.wait() == 2


# two at once


def together(*acts: Callable[[], int]) -> list[Forked]:
    """Acts that begin at the same time, each to its end."""
    with ExitStack() as stack:
        children = [stack.enter_context(Forked(act)) for act in acts]
        for child in children:
            assert child.wait() is not None, child.words
        return children


def test_two_runs_of_one_workspace_at_once_share_the_work(stage: Stage, undisturbed: Calm) -> None:
    """Nothing is measured twice, no row is doubled, and nobody was interrupted."""
    root = stage.copy("locked")
    children = together(partial(RUN, root), partial(RUN, root))
    assert [child.wait() for child in children] == [1, 1], [c.words for c in children]
    assert state(root) == undisturbed.state
    kinds = Counter(row.kind for row in read(root))
    assert kinds["attempt-interrupted"] == 0
    assert not left_over(root)


def test_of_two_that_lock_at_once_one_does_and_the_other_is_told(stage: Stage) -> None:
    """One registration; its seeds are nobody's choice."""
    root = stage.copy("fresh")
    lock = partial(command("lock", *IDS), root)
    children = together(lock, lock)
    assert sorted(child.wait() or 0 for child in children) == [0, 2]
    assert any("locked already" in child.words for child in children)
    assert [row.kind for row in read(root)] == ["registration"]


def test_locking_and_reporting_beside_a_run_disturb_nothing(
    stage: Stage, undisturbed: Calm
) -> None:
    """A third claim is locked and pages are written while two are measured."""
    root = stage.copy("locked")
    text = (root / "claims" / "one.yaml").read_text().replace("id: one", "id: three")
    (root / "claims" / "three.yaml").write_text(text)
    stop = threading.Event()
    said_of: list[int] = []

    def report() -> None:
        while not stop.is_set():
            child = forked(partial(command("report"), root))
            said_of.append(child.wait() or 0)

    beside = threading.Thread(target=report)
    beside.start()
    run_child, lock_child = together(
        partial(command("run", *IDS, "--pytest=-q"), root), partial(command("lock", "three"), root)
    )
    stop.set()
    beside.join()
    assert run_child.wait() == 1, run_child.words
    assert lock_child.wait() == 0, lock_child.words
    assert said_of
    assert set(said_of) == {0}
    told = Counter(said(row) for row in read(root) if "three" not in row.body.get("claims", ()))
    assert told == undisturbed.state.said
    assert here(root, "report")[0] == 0
    code, words, _ = here(root, "verify")
    assert code == 4  # the third claim is registered and not measured
    assert "three" in words.split("missing:")[1]
    measured = {k: v for k, v in results(root, "reports").items() if "/a1/" in k}
    assert (
        undisturbed.state.files.items()
        >= {k: v for k, v in measured.items() if not k.endswith("verdict.json")}.items()
    )


def test_a_report_that_judged_earlier_replaces_nothing_that_was_judged_later(
    forged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run ends while a report judges; another report begins before the first one writes."""
    job = attempt_job(shutil.copytree(forged, tmp_path / "study"), "easy")
    begin(job)
    write_replicate(job, 0)
    write_replicate(job, 1)
    others: list[threading.Thread] = []

    def slow(one: Job) -> Verdict:
        verdict = judge_job(one)
        if not others:
            write_replicate(job, 2)
            assert finish(job)
            others.append(threading.Thread(target=build.build_reports, args=(job.root,)))
            others[0].start()
            end = time.monotonic() + 3  # with the lock the other waits all the while
            while not (job.folder / "verdict.json").exists() and time.monotonic() < end:
                time.sleep(0.01)
        return verdict

    monkeypatch.setattr(build, "judge_job", slow)
    build.build_reports(job.root, ["easy"])
    others[0].join()
    assert read_json(job.folder / "verdict.json")["status"] == "PASS"
    assert here(job.root, "verify")[0] == 0


# clocks


@pytest.mark.parametrize("days", [-3650, 3650])
def test_a_clock_that_is_set_changes_no_order(
    forged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    """Rows append behind rows of any time: the chain is the order, and verification holds."""
    root = shutil.copytree(forged, tmp_path / "study")

    class Set(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(UTC) + timedelta(days=days)

    monkeypatch.setattr(ledger, "datetime", Set)
    append(root, "attempt-started", {"claim": "easy", **_key(root)})
    monkeypatch.undo()
    assert forked(partial(by_hand, root)).wait() == 0
    years = [row.time[:4] for row in read(root)]
    assert years[0] == years[-1] != years[1]
    assert [row.seq for row in read(root)] == [1, 2, 3, 4]
    assert verify(root).ok


def _key(root: Path) -> dict[str, str]:
    return {"registration": attempt_job(root, "easy").registration, "attempt": "a1"}


def test_times_of_files_mean_nothing(stage: Stage) -> None:
    """Files from 1970 and from the future: the same standings, the same verification, no re-run."""
    root = stage.copy("finished")
    before = state(root)
    cells = [*root.glob("reports/*/*/a1/cells/*.parquet")]
    for year in (1970, 2100):
        seconds = datetime(year, 1, 2, tzinfo=UTC).timestamp()
        for path in [*root.rglob("*"), root]:
            os.utime(path, (seconds, seconds))
        assert state(root) == before
    child = forked(partial(RUN, root))
    assert child.wait() == 1, child.words
    assert state(root) == before
    assert {path.stat().st_mtime for path in cells} == {seconds}
