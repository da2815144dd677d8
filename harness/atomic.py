"""Writing a file so that a reader, or a kill at any instant, finds it whole or not at all.

The bytes go to ``.<name>.<eight characters>.part`` beside the target, which is renamed once they
are on the disk. Whoever writes holds that file's lock, so that what a killed writer left is told
from what is being written, and is removed by the next write of the same target.

Not covered: a part that is left and never written again (no reader takes it for data); platforms
without ``flock``, where nothing is removed.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from harness.flock import alone

PART = ".part"


def write_atomic(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path``, whose folder is made if missing.

    Raises ``OSError`` with the target's name in it; the old file, or none, is then still there.
    """
    with drafted(path, data) as put:
        put()


@contextmanager
def drafted(path: Path, data: bytes) -> Iterator[Callable[[], None]]:
    """``data`` on the disk beside ``path``; what is yielded puts it in place.

    For a caller who wants no room to be lacking any more once he does something else. Nothing is
    left behind if he does not put it. Raises ``OSError``, as what is yielded does, with the
    target's name in it.
    """
    with _named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = _part(path)
    try:
        with os.fdopen(handle, "wb") as out:
            with _named(path):
                # mkstemp gives 0600, which would hide pages and records from other readers
                os.fchmod(out.fileno(), 0o644)
                out.write(data)
                out.flush()
                os.fsync(out.fileno())

            def put() -> None:
                with _named(path):
                    os.replace(name, path)  # while the lock is held
                    _remove_what_was_left(path)
                    _sync(path.parent)

            yield put
    finally:
        Path(name).unlink(missing_ok=True)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """A full disk names no file, other faults the temporary one: a person wants the target."""
    try:
        yield
    except OSError as error:
        error.filename, error.filename2 = str(path), None
        raise


def _part(path: Path) -> tuple[int, str]:
    """A temporary file, open and locked: one that somebody took for left over is given up."""
    while True:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=PART)
        if alone(handle) is not False and os.fstat(handle).st_nlink:
            return handle, name
        os.close(handle)


def _remove_what_was_left(path: Path) -> None:
    left = re.compile(re.escape(f".{path.name}.") + r"[a-z0-9_]{8}" + re.escape(PART))
    for name in os.listdir(path.parent):
        if left.fullmatch(name):
            with suppress(OSError):  # another writer was quicker, or it is not ours to remove
                _remove_if_nobody_writes(path.parent / name)


def _remove_if_nobody_writes(part: Path) -> None:
    handle = os.open(part, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if alone(handle):
            part.unlink()
    finally:
        os.close(handle)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
