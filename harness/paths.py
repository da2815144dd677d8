"""Paths that a file of the workspace names: inside the workspace, no symlink on the way.

A claim is data from a stranger: a path in it must not reach outside the folder that is locked, and
what it names must be what the lock hashed, which a symlink can change behind its back.

Not covered: a file replaced between check and use (a lock binds digests, not names).
"""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path, PurePosixPath

from harness.errors import ClaimsError

LONGEST = 255


def inside(root: Path, relative: str) -> Path:
    """The path ``relative`` (POSIX, such as ``models/miniature.yaml``) under ``root``.

    It need not exist. Raises :class:`ClaimsError` for anything absolute, climbing, empty, with
    backslashes or control characters, or that passes through a symbolic link.
    """
    fault = _fault(relative)
    if fault:
        raise ClaimsError(
            f"{relative!r} {fault}",
            fix="Write a path below the workspace's root, with forward slashes, such as "
            "models/miniature.yaml",
        )
    place = root
    for part in PurePosixPath(relative).parts:
        place = place / part
        if place.is_symlink():
            raise ClaimsError(
                f"{relative!r} passes through a symbolic link ({part})",
                fix="Put the file itself there: a link can change what it names after locking",
            )
    return place


def _fault(relative: str) -> str:
    if not relative or relative != relative.strip():
        return "is empty or has spaces at an end"
    if len(relative) > LONGEST:
        return f"is longer than {LONGEST} characters"
    if "\\" in relative or ":" in relative:
        return "has a backslash or a colon"
    if any(ord(c) < 32 or ord(c) == 127 for c in relative):
        return "has a control character"
    if relative.startswith(("/", "~")):
        return "is not relative to the workspace"
    if any(part in ("", ".", "..") for part in relative.split("/")):
        return "has an empty part, '.' or '..' in it"
    return ""


def open_inside(root: Path, relative: str) -> io.BufferedReader:
    """A regular file under ``root``, open for reading bytes.

    Raises :class:`ClaimsError` as :func:`inside` does, and for a missing or special file.
    """
    path = inside(root, relative)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise ClaimsError(f"{relative} does not exist", fix="Check the path") from None
    except OSError as error:
        words = os.strerror(error.errno or 0).lower()
        raise ClaimsError(f"{relative} cannot be read: {words}", fix="Check the file") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise ClaimsError(f"{relative} is not a regular file", fix="Put a file there")
    return os.fdopen(handle, "rb")


def read_inside(root: Path, relative: str, limit: int) -> bytes:
    """The bytes of a regular file under ``root``, at most ``limit`` of them.

    Raises :class:`ClaimsError` as :func:`open_inside` does, and for a larger file.
    """
    with open_inside(root, relative) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise ClaimsError(
            f"{relative} is larger than {limit} bytes", fix="Split it, or check that it is the file"
        )
    return data
