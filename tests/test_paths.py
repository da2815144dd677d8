"""Paths that a file names: inside the workspace, without links, regular files of bounded size."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.errors import ClaimsError
from harness.paths import inside, read_inside

LEAVING = {
    "absolute": "/etc/passwd",
    "home": "~/file",
    "parent": "../file",
    "parent-in-the-middle": "models/../../file",
    "parent-that-stays-inside": "models/../file",
    "here": "./file",
    "empty": "",
    "double-slash": "models//file",
    "trailing-slash": "models/",
    "backslash": "models\\file",
    "drive": "C:/file",
    "newline": "models/a\nb",
    "nul": "models/a\0b",
    "spaces": " models/file",
    "long": "a" * 300,
}


@pytest.mark.parametrize("path", LEAVING)
def test_a_path_that_is_not_plainly_inside_is_refused(path: str, tmp_path: Path) -> None:
    """Whatever climbs, starts elsewhere or has two readings is refused before the disk is asked."""
    with pytest.raises(ClaimsError, match="below the workspace's root"):
        inside(tmp_path, LEAVING[path])


def test_a_link_on_the_way_is_refused_wherever_it_points(tmp_path: Path) -> None:
    """Folders and files, links out of the workspace and within it."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").write_bytes(b"x")
    (tmp_path / "folder").symlink_to(tmp_path / "real")
    (tmp_path / "file").symlink_to(tmp_path / "real" / "file")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for path in ("folder/file", "file", "dangling"):
        with pytest.raises(ClaimsError, match="symbolic link"):
            inside(tmp_path, path)
    assert inside(tmp_path, "real/file") == tmp_path / "real" / "file"


def test_reading_is_bounded_and_of_regular_files_only(tmp_path: Path) -> None:
    """Folders, pipes, missing, unreadable and large files are errors in words."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(b"12345")
    assert read_inside(tmp_path, "file", 5) == b"12345"
    for path, words in (
        ("folder", "not a regular file"),
        ("pipe", "not a regular file"),
        ("missing", "does not exist"),
        ("file/below", "cannot be read"),
    ):
        with pytest.raises(ClaimsError, match=words):
            read_inside(tmp_path, path, 5)
    with pytest.raises(ClaimsError, match="larger than 4 bytes"):
        read_inside(tmp_path, "file", 4)


def test_no_file_stays_open_after_a_refusal(tmp_path: Path) -> None:
    """Refusing a folder closes what was opened to look at it."""
    (tmp_path / "folder").mkdir()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        with pytest.raises(ClaimsError):
            read_inside(tmp_path, "folder", 5)
    assert len(os.listdir("/proc/self/fd")) == before
