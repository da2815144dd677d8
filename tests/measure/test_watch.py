"""What a builder reads besides what is bound is noted, and ends an attempt."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from harness.measure.watch import ReadBesides, Watch, make_watch, watching


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A workspace with one bound file, one that is not, and folders of the harness."""
    for name in ("bound.txt", "free.txt", ".cache/models/w", "reports/x/cell", ".venv/lib/a.py"):
        path = tmp_path / "study" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1")
    (tmp_path / "outside.txt").write_text("2")
    return tmp_path / "study"


def watch(place: Path, strict: bool = False) -> Watch:
    return make_watch(place, "models/r.yaml", [place / "bound.txt"], [place / "reports/x"], strict)


def _as_text(path: Path) -> None:
    path.read_text()


def _as_bytes(path: Path) -> None:
    open(os.fsencode(path), "rb").close()


def _by_descriptor(path: Path) -> None:
    os.close(os.open(path, os.O_RDONLY))


def _for_both(path: Path) -> None:
    path.open("r+").close()


def _through_a_link(path: Path) -> None:
    link = path.parent.parent / "link"
    link.symlink_to(path)
    link.read_text()


def _relative(path: Path) -> None:
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        open(f"./{path.name}").close()
    finally:
        os.chdir(before)


READERS = (_as_text, _as_bytes, _by_descriptor, _for_both, _through_a_link, _relative)


@pytest.mark.parametrize("read", READERS)
def test_every_way_to_open_a_file_is_noted(place: Path, read) -> None:  # type: ignore[no-untyped-def]
    """Text, bytes, descriptors, links from outside, relative names."""
    with watching(watch(place)) as noting:
        read(place / "free.txt")
    assert noting.found == {"free.txt"}
    (place.parent / "link").unlink(missing_ok=True)
    with watching(watch(place, strict=True)), pytest.raises(ReadBesides, match=r"read free\.txt"):
        read(place / "free.txt")


@pytest.mark.parametrize(
    "name", ["bound.txt", "../outside.txt", ".cache/models/w", "reports/x/cell", ".venv/lib/a.py"]
)
def test_what_is_bound_or_the_harness_writes_is_free(place: Path, name: str) -> None:
    """And what lies outside the workspace is not examined."""
    with watching(watch(place, strict=True)) as noting:
        (place / name).read_text()
    assert noting.found == set()


def test_writing_and_looking_for_what_is_not_there_is_free(place: Path) -> None:
    """Nothing comes in that way."""
    with watching(watch(place, strict=True)) as noting:
        (place / "new.txt").write_text("x")
        (place / "free.txt").open("a").close()
        with pytest.raises(FileNotFoundError):
            (place / "none.txt").read_text()
    assert noting.found == set()


def test_what_the_builder_wrote_itself_it_may_read(place: Path) -> None:
    """Scratch files, also under another name; what was there before stays what it was."""
    with watching(watch(place, strict=True)) as noting:
        time.sleep(0.02)  # file systems keep time in ticks
        (place / "scratch.txt").write_text("x")
        assert (place / "scratch.txt").read_text() == "x"
        (place / "scratch.txt").rename(place / "renamed.txt")
        assert (place / "renamed.txt").read_text() == "x"
    assert noting.found == set()
    with watching(watch(place, strict=True)), pytest.raises(ReadBesides):
        (place / "renamed.txt").read_text()


def test_nothing_is_noted_before_after_and_in_between(place: Path) -> None:
    """The watch is on while a replicate is measured, and pauses where the harness reads."""
    (place / "free.txt").read_text()
    with watching(watch(place, strict=True)) as noting, noting.pause():
        (place / "free.txt").read_text()
    (place / "free.txt").read_text()
    assert noting.found == set()


def test_a_builder_that_swallows_the_refusal_is_refused_afterwards(place: Path) -> None:
    """What was noted stays noted."""
    with watching(watch(place, strict=True)) as noting:
        with suppress(Exception):
            (place / "free.txt").read_text()
        with pytest.raises(ReadBesides):
            noting.refuse(noting.found)


def test_what_one_model_reads_is_told_apart(place: Path) -> None:
    """Each model keeps its own notes, also of a file that an earlier one has read."""
    with watching(watch(place)) as noting:
        for _ in range(2):
            with noting.apart() as mine:
                (place / "free.txt").read_text()
            assert mine == {"free.txt"}
    assert noting.found == {"free.txt"}


def test_threads_that_the_builder_starts_are_watched(place: Path) -> None:
    """Noted, not raised: the thread may be anybody's."""
    with watching(watch(place, strict=True)) as noting:
        thread = threading.Thread(target=(place / "free.txt").read_text)
        thread.start()
        thread.join()
    assert noting.found == {"free.txt"}


def test_two_workers_in_one_process_keep_their_own_notes(place: Path) -> None:
    """A thread's reads are its own watch's."""
    notes: dict[str, set[str]] = {}
    both = threading.Barrier(2)

    def work(name: str) -> None:
        with watching(watch(place)) as noting:
            both.wait()
            (place / name).read_text()
            both.wait()
        notes[name] = noting.found

    threads = [threading.Thread(target=work, args=(n,)) for n in ("free.txt", "bound.txt")]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert notes == {"free.txt": {"free.txt"}, "bound.txt": set()}


def test_the_network_is_noted_and_this_machine_is_free(place: Path) -> None:
    """A host that is asked for is enough, reached or not."""
    with watching(watch(place, strict=True)) as noting:
        with socket.socket() as listening, socket.socket() as calling:
            listening.bind(("127.0.0.1", 0))
            listening.listen()
            calling.connect(listening.getsockname())
        with pytest.raises(ReadBesides, match=r"connected to weights\.invalid"):
            socket.create_connection(("weights.invalid", 443), timeout=1)
    assert noting.found == {"network weights.invalid"}
