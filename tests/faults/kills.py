"""Commands killed with SIGKILL at a random instant, with their whole process group, then repeated.

A *scene* is a command in a workspace. Its undisturbed run gives the duration, over which the
instant is drawn uniformly, and the state that the repeated command has to reach. Many commands
read and compute for long before they write; so every other instant is drawn from the time after
the first change on the disk.

Not covered: loss of power, where pages that were never synced are gone (``steps`` tears lines).
"""

from __future__ import annotations

import os
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from harness.cli import main
from harness.lock.ledger import Row, append_once, read, recover
from tests.faults.forked import Forked, forked
from tests.faults.studies import State, left_over, rows, said, state, study, torn

IDS = ("one", "two")
ROWS = 60


def append_both(root: Path) -> int:
    """Two processes, each appending rows of its own."""

    def append(who: str) -> int:
        for n in range(ROWS):
            append_once(root, "anchor", {"by": who, "n": n})
        return 0

    both = []
    for who in "ab":
        pid = os.fork()
        if pid == 0:
            os._exit(append(who))
        both.append(pid)
    return max(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in both)


def command(*argv: str) -> Callable[[Path], int]:
    """``claims`` with these arguments."""
    return lambda root: main(["--workspace", str(root), *argv])


@dataclass(frozen=True)
class Scene:
    """``begins``: the workspace it starts from; ``act``: what is killed and repeated."""

    name: str
    begins: str
    act: Callable[[Path], int]
    ends_with: int
    """Exit code of the undisturbed act."""


SCENES = (
    Scene("lock", "fresh", command("lock", *IDS), 0),
    Scene("run", "locked", command("run", "--pytest=-q"), 1),
    Scene("run -n 2", "locked", command("run", "-n", "2", "--pytest=-q"), 1),
    Scene("append x 2", "locked", append_both, 0),
    Scene("report", "finished", command("report"), 0),
)


class Stage:
    """Workspaces to start from, made once, under a folder that is the caller's to remove."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._count = 0

    def copy(self, name: str) -> Path:
        """A workspace of its own: ``fresh``, ``locked`` or ``finished``."""
        self._count += 1
        root = self.folder / f"{name}-{self._count}"
        shutil.copytree(self._made(name), root, ignore=shutil.ignore_patterns("__pycache__"))
        return root

    def _made(self, name: str) -> Path:
        root = self.folder / name
        if root.is_dir():
            return root
        if name == "fresh":
            return study(root)
        shutil.copytree(self._made("fresh" if name == "locked" else "locked"), root)
        act, ends_with = (SCENES[0].act, 0) if name == "locked" else (SCENES[1].act, 1)
        done = forked(lambda: act(root))
        assert done.wait() == ends_with, done.words
        shutil.rmtree(root / ".cache")
        return root


@dataclass(frozen=True)
class Calm:
    """An undisturbed run: how long it took, when it first changed the disk, what it left."""

    seconds: float
    first: float
    state: State


def calm(stage: Stage, scene: Scene, watched: bool = False) -> Calm:
    """Run a scene to its end; ``watched``: once more before, because watching slows it down."""
    share = 0.0
    for watching in (True, False) if watched else (False,):
        root = stage.copy(scene.begins)
        before, first = _on_disk(root), None
        began = time.monotonic()
        with Forked(partial(scene.act, root)) as child:
            while child.wait(0.01) is None:
                if watching and first is None and _on_disk(root) != before:
                    first = time.monotonic() - began
            seconds = time.monotonic() - began
            assert child.wait() == scene.ends_with, child.words
        share = (first or 0.0) / seconds if watching else share
        left = state(root)
        shutil.rmtree(root)
    return Calm(seconds, share * seconds, left)


def _on_disk(root: Path) -> set[tuple[str, int]]:
    """Names and sizes, locks and bytecode left out."""
    found = set()
    for path in root.rglob("*"):
        with suppress(FileNotFoundError):
            if path.suffix not in (".lock", ".alive", ".pyc") and path.is_file():
                found.add((path.name, path.stat().st_size))
    return found


@dataclass(frozen=True)
class Found:
    """One kill: when, what it left, what the repeated command did."""

    scene: str
    after: float
    of: float
    left: str
    did: str
    faults: tuple[str, ...]


def disturb(
    stage: Stage, scene: Scene, undisturbed: Calm, rng: random.Random, late: bool = False
) -> Found:
    """Kill a scene once, ``late`` after its first change on the disk, and repeat its command.

    A command that had ended before the instant came is begun anew, with an instant drawn from the
    time that it took then: machines are not equally fast all the time.
    """
    whole_time, first = undisturbed.seconds, undisturbed.first
    while True:
        root = stage.copy(scene.begins)
        before = rows(root)
        after = rng.uniform(first if late else 0.0, whole_time)
        act = partial(scene.act, root)
        began = time.monotonic()
        with Forked(act) as child:
            if child.wait(after) is None:
                child.kill()
                break
            took = time.monotonic() - began
        whole_time, first = took, first * took / whole_time
        shutil.rmtree(root)
    then, was_torn, parts = rows(root), torn(root), left_over(root)
    left = _left(root, before, parts, was_torn)
    gaps = _gaps(root)
    whole = all((root / "claims" / f"{one}.lock.json").is_file() for one in IDS)
    if was_torn:
        recover(root)
    done = forked(act)
    refused = scene.name == "lock" and whole and done.wait() == 2
    faults = []
    if done.wait() != scene.ends_with and not refused:
        faults.append(f"exit code {done.wait()}: {done.words[-300:]}")
    now = read(root)
    if now[: len(then)] != then or then[: len(before)] != before:
        faults.append("rows were lost or changed")
    faults += _doubled(now)
    told = Counter(row.body["claim"] for row in now if row.kind == "attempt-interrupted")
    if told != gaps:
        faults.append(f"gaps on the ledger: {dict(told)}, gaps there were: {dict(gaps)}")
    faults += _differing(state(root), undisturbed.state)
    faults += [f"left over: {name}" for name in left_over(root)]
    did = _did(now[len(then) :], refused)
    shutil.rmtree(root)
    return Found(scene.name, after, whole_time, left, did, tuple(faults))


def _left(root: Path, before: Sequence[Row], parts: Sequence[str], was_torn: bool) -> str:
    words = [f"{len(rows(root)) - len(before)} rows"]
    locks = sum((root / "claims" / f"{one}.lock.json").is_file() for one in IDS)
    words.append(f"{locks} locks")
    words.append(f"{len(list(root.glob('.cache/models/*/built.json')))} models")
    words.append(f"{len(list(root.glob('reports/*/*/a1/cells/*.parquet')))} cells")
    words.append(f"{len(list(root.glob('reports/*/*/a1/replicate.*.json')))} replicates")
    pages = [*root.glob("reports/**/*.html"), *root.glob("reports/**/*.md")]
    words.append(f"{len(pages)} pages")
    words += ["a torn line"] if was_torn else []
    words += [f"{sum(p.endswith('.part') for p in parts)} parts"]
    words += [f"{sum('.draft-' in p for p in parts)} drafts"]
    return ", ".join(word for word in words if not word.startswith("0 ")) or "nothing"


def _gaps(root: Path) -> Counter[str]:
    """The claims whose attempt had begun and not ended."""
    found: Counter[str] = Counter()
    kinds = {(row.body.get("claim"), row.kind) for row in rows(root)}
    for one in IDS:
        if (one, "attempt-started") in kinds and (one, "attempt-finished") not in kinds:
            found[one] = 1
    return found


def _doubled(now: Sequence[Row]) -> list[str]:
    count = Counter(said(row) for row in now if row.kind != "attempt-interrupted")
    faults = [f"{n} times: {kind} {body[:80]}" for (kind, body), n in count.items() if n > 1]
    for kind in ("attempt-started", "attempt-finished"):
        each = Counter(row.body["claim"] for row in now if row.kind == kind)
        faults += [f"{kind} {n} times: {claim}" for claim, n in each.items() if n > 1]
    return faults


def _differing(now: State, calm: State) -> list[str]:
    faults = [
        f"file differs: {name}"
        for name in sorted({*now.files, *calm.files})
        if now.files.get(name) != calm.files.get(name)
    ]
    if now.said != calm.said:
        faults.append(f"rows differ: {list((now.said - calm.said) + (calm.said - now.said))}")
    if now.standings != calm.standings:
        faults.append(f"standings {now.standings}, undisturbed {calm.standings}")
    if now.verified != calm.verified:
        faults.append(f"verify ends with {now.verified}, undisturbed with {calm.verified}")
    return faults


def _did(added: Sequence[Row], refused: bool) -> str:
    if refused:
        return "nothing to do (locked already)"
    count = Counter(row.kind.removeprefix("attempt-") for row in added)
    return "added " + ", ".join(f"{n} {kind}" for kind, n in count.items()) if count else "same end"
