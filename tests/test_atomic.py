"""What a killed writer left is removed by the next, and what a living one writes is left alone."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from harness import atomic, flock
from harness.atomic import write_atomic

FORK = multiprocessing.get_context("fork")
NAME = "index.html"


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def killed_while_writing(path: Path) -> None:
    """A process that is killed when its bytes are written and not yet renamed."""

    def write() -> None:
        os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment]
        write_atomic(path, b"half")

    process = FORK.Process(target=write)
    process.start()
    process.join(30)
    assert process.exitcode == -signal.SIGKILL


def test_what_a_kill_left_is_gone_after_the_next_write_of_that_file(tmp_path: Path) -> None:
    """The old file is whole, the next write finds and removes what was begun."""
    path = tmp_path / NAME
    write_atomic(path, b"old")
    killed_while_writing(path)
    assert path.read_bytes() == b"old"
    assert len(names(tmp_path)) == 2
    write_atomic(tmp_path / "other.html", b"other")
    assert len(names(tmp_path)) == 3
    write_atomic(path, b"new")
    assert names(tmp_path) == [NAME, "other.html"]
    assert path.read_bytes() == b"new"


def test_what_another_is_writing_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two writers of one file: each replaces it as a whole, and neither loses its part."""
    path = tmp_path / NAME
    real, within = os.fsync, []

    def meanwhile(handle: int) -> None:
        real(handle)
        if not within:
            within.append(names(tmp_path))
            write_atomic(path, b"quick")
            assert path.read_bytes() == b"quick"
            assert names(tmp_path) == sorted([NAME, *within[0]])

    monkeypatch.setattr(os, "fsync", meanwhile)
    write_atomic(path, b"slow")
    assert path.read_bytes() == b"slow"
    assert names(tmp_path) == [NAME]


def test_a_part_that_was_taken_for_left_over_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another writer may come between making the part and locking it; a new one is made."""
    path, real, seen = tmp_path / NAME, atomic.alone, []

    def late(handle: int) -> bool | None:
        if not seen:
            seen.append(names(tmp_path))
            (tmp_path / seen[0][0]).unlink()
        return real(handle)

    monkeypatch.setattr(atomic, "alone", late)
    write_atomic(path, b"all the same")
    assert path.read_bytes() == b"all the same"
    assert names(tmp_path) == [NAME]


def test_files_that_only_look_alike_are_left_alone(tmp_path: Path) -> None:
    """Only this file's own parts go."""
    others = [".index.html.part", ".index.htmlx.abcdefgh.part", ".index.html.abcdefgh.parts"]
    for other in others:
        (tmp_path / other).write_bytes(b"mine")
    write_atomic(tmp_path / NAME, b"")
    assert names(tmp_path) == sorted([NAME, *others])


def test_without_locks_nothing_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a living writer cannot be told from a dead one, its part stays."""
    monkeypatch.setattr(flock, "fcntl", None)
    (tmp_path / ".index.html.abcdefgh.part").write_bytes(b"whose?")
    write_atomic(tmp_path / NAME, b"new")
    assert len(names(tmp_path)) == 2
    assert (tmp_path / NAME).read_bytes() == b"new"


def test_the_file_that_could_not_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk names no file by itself, other faults only the temporary one."""

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space") as caught:
        write_atomic(tmp_path / NAME, b"new")
    assert caught.value.filename == str(tmp_path / NAME)
    assert names(tmp_path) == []
