"""Opening files that a stranger may have put there: regular files only, and no more than a bound.

Opening a named pipe waits for a writer that never comes, a device has no end, a symbolic link names
what its author likes. None of them is followed or waited for.

Not covered: links on the way to the file (``harness.paths``), a file that grows while it is read
(no more than the bound is read).
"""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path


class Unreadable(Exception):
    """Not a file that may be read; the text says why. Callers say where, and what to do."""


def open_regular(path: Path) -> BufferedReader:
    """The file, open for reading.

    Raises :class:`Unreadable` for what is not a regular file, ``FileNotFoundError`` and other
    ``OSError`` as ``open`` does.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise Unreadable("is a symbolic link") from None
        if error.errno in (errno.ENXIO, errno.ENODEV):  # a socket, a device without driver
            raise Unreadable("is not a regular file") from None
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise Unreadable("is not a regular file")
    return os.fdopen(handle, "rb")


def read_regular(path: Path, limit: int) -> bytes:
    """The file's bytes. Raises as :func:`open_regular` does, and for more than ``limit`` bytes."""
    with open_regular(path) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise Unreadable(f"is larger than {limit} bytes")
    return data
