"""Locks on open files: alone, shared, unknown."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from harness import flock
from harness.flock import alone, share


def opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT)


def test_one_is_alone_or_several_share(tmp_path: Path) -> None:
    """Each opening is a holder of its own; a closed one holds nothing."""
    one, two = opened(tmp_path / "lock"), opened(tmp_path / "lock")
    assert alone(one) is True
    assert alone(two) is False
    share(one)
    share(two)
    assert alone(two) is False
    os.close(one)
    assert alone(two) is True
    os.close(two)


def test_a_file_system_without_locks_is_not_taken_for_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is known to be alone there."""

    def unsupported(handle: int, how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    handle = opened(tmp_path / "lock")
    with monkeypatch.context() as patch:
        patch.setattr(flock.fcntl, "flock", unsupported)
        assert alone(handle) is None
    assert alone(handle) is True
    os.close(handle)
