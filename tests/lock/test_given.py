"""What is given to a builder is bound file by file, and what cannot be bound is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.errors import ClaimsError
from harness.lock import given
from harness.lock.given import given_digests, given_files
from tests.lock.workspace import safetensors, write

FOLDER = "models/data"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A workspace with a word list, a corpus in two files, one of them hidden, and weights."""
    write(tmp_path, "models/words.txt", "calm\nquiet\n")
    write(tmp_path, f"{FOLDER}/a/one.txt", "one")
    write(tmp_path, f"{FOLDER}/.hidden", "two")
    (tmp_path / "models/base.safetensors").write_bytes(safetensors(b"\0\0\x80?" * 4))
    return tmp_path


def test_files_and_folders_are_bound_file_by_file(data: Path) -> None:
    """A folder is its files, hidden ones too; a file that is named twice counts once."""
    found = given_digests(data, [FOLDER, "models/words.txt", f"{FOLDER}/.hidden"])
    assert list(found) == [f"{FOLDER}/.hidden", f"{FOLDER}/a/one.txt", "models/words.txt"]
    assert len(set(found.values())) == 3


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (lambda root: write(root, f"{FOLDER}/a/one.txt", "ONE"), {f"{FOLDER}/a/one.txt"}),
        (lambda root: write(root, f"{FOLDER}/b.txt", "new"), {f"{FOLDER}/b.txt"}),
        (lambda root: (root / FOLDER / ".hidden").unlink(), {f"{FOLDER}/.hidden"}),
        (
            lambda root: (root / FOLDER / "a/one.txt").rename(root / FOLDER / "a/two.txt"),
            {f"{FOLDER}/a/one.txt", f"{FOLDER}/a/two.txt"},
        ),
    ],
)
def test_a_change_in_a_folder_names_the_file(data: Path, change, names: set[str]) -> None:  # type: ignore[no-untyped-def]
    """Edited, added, removed, renamed."""
    before = given_digests(data, [FOLDER])
    change(data)
    after = given_digests(data, [FOLDER])
    assert {n for n in {*before, *after} if before.get(n) != after.get(n)} == names


def test_weights_are_bound_by_their_tensors(data: Path) -> None:
    """Padding of the header is free, the last bit of a number is not."""
    path = data / "models/base.safetensors"
    before = given_digests(data, ["models"])["models/base.safetensors"]
    path.write_bytes(safetensors(b"\0\0\x80?" * 4, pad=7))
    assert given_digests(data, ["models"])["models/base.safetensors"] == before
    path.write_bytes(safetensors(b"\0\0\x80?" * 3 + b"\1\0\x80?"))
    assert given_digests(data, ["models"])["models/base.safetensors"] != before


def _link_file(root: Path) -> None:
    (root / FOLDER / "link").symlink_to(root / "models/words.txt")


def _link_folder(root: Path) -> None:
    (root / FOLDER / "link").symlink_to(root / "models")


def _pipe(root: Path) -> None:
    os.mkfifo(root / FOLDER / "pipe")


def _code(root: Path) -> None:
    write(root, f"{FOLDER}/helper.py", "x = 1\n")


def _cache(root: Path) -> None:
    write(root, f"{FOLDER}/__pycache__/x.pyc", "")


def _not_text(root: Path) -> None:
    Path(os.fsdecode(os.fsencode(root / FOLDER) + b"/\xff")).write_text("x")


def _broken(root: Path) -> None:
    write(root, f"{FOLDER}/w.safetensors", "pickle")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_link_file, "symbolic link"),
        (_link_folder, "symbolic link"),
        (_pipe, "not a regular file"),
        (_code, "code cannot be given"),
        (_cache, "code cannot be given"),
        (_not_text, "cannot be seen"),
        (_broken, "not a safetensors file"),
    ],
)
def test_what_cannot_be_bound_is_refused(data: Path, spoil, words: str) -> None:  # type: ignore[no-untyped-def]
    """A link can change what it names, code has closures, a pipe has no bytes to keep."""
    given_digests(data, [FOLDER])
    spoil(data)
    with pytest.raises(ClaimsError, match=words):
        given_digests(data, [FOLDER])


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("models/none.txt", "does not exist"),
        ("models/empty", "holds no file"),
        ("../elsewhere", "has an empty part"),
        ("/etc/passwd", "not relative"),
    ],
)
def test_what_is_not_there_is_refused(data: Path, path: str, words: str) -> None:
    """Missing, empty, outside."""
    (data / "models/empty").mkdir()
    with pytest.raises(ClaimsError, match=words):
        given_files(data, [path])


def test_counts_and_sizes_are_bounded(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of a million files would be a ledger of a million entries."""
    monkeypatch.setattr(given, "MOST_FILES", 1)
    with pytest.raises(ClaimsError, match="holds more than 1 files or folders"):
        given_digests(data, [FOLDER])
    monkeypatch.setattr(given, "MOST_FILES", 2)
    given_digests(data, [FOLDER])
    with pytest.raises(ClaimsError, match="3 files are given"):
        given_digests(data, [FOLDER, "models/words.txt"])
    monkeypatch.setattr(given, "MOST_BYTES", 5)
    with pytest.raises(ClaimsError, match="6 bytes are given"):
        given_digests(data, [FOLDER])
