"""Paths that a file of the workspace names: inside the workspace, no symlink on the way.

A claim is data from a stranger: a path in it must not reach outside the folder that is locked, and
what it names must be what the lock hashed, which a symlink can change behind its back.

Not covered: a file replaced between check and use (a lock binds digests, not names).
"""

from __future__ import annotations

import io
import os
from pathlib import Path, PurePosixPath

from harness.errors import ClaimsError
from harness.regular import Unreadable, open_regular, read_regular
from harness.shown import unseen

LONGEST = 255


def inside(root: Path, relative: str) -> Path:
    """The path ``relative`` (POSIX, such as ``models/miniature.yaml``) under ``root``.

    It need not exist. Raises :class:`ClaimsError` for anything absolute, climbing, empty, with
    backslashes or characters that cannot be seen, or that passes through a symbolic link.
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
        if _is_link(place, relative):
            raise ClaimsError(
                f"{relative!r} passes through a symbolic link ({part})",
                fix="Put the file itself there: a link can change what it names after locking",
            )
    return place


def _is_link(place: Path, relative: str) -> bool:
    try:
        return place.is_symlink()
    except OSError as error:  # a folder that may not be entered, a loop
        raise _unreadable(relative, error) from None


def _fault(relative: str) -> str:
    if not relative or relative != relative.strip():
        return "is empty or has spaces at an end"
    if len(relative) > LONGEST:
        return f"is longer than {LONGEST} characters"
    if "\\" in relative or ":" in relative:
        return "has a backslash or a colon"
    if any(map(unseen, relative)):
        return "has a control character, or one that cannot be seen"
    if len(relative.encode("utf-8")) > LONGEST:
        return f"is longer than {LONGEST} bytes"
    if relative.startswith(("/", "~")):
        return "is not relative to the workspace"
    if any(part in ("", ".", "..") for part in relative.split("/")):
        return "has an empty part, '.' or '..' in it"
    return ""


class Missing(ClaimsError):
    """There is no such file."""


def open_inside(root: Path, relative: str) -> io.BufferedReader:
    """A regular file under ``root``, open for reading bytes.

    Raises :class:`ClaimsError` as :func:`inside` does and for a special file, :class:`Missing`.
    """
    try:
        return open_regular(inside(root, relative))
    except FileNotFoundError:
        raise Missing(f"{relative} does not exist", fix="Check the path") from None
    except OSError as error:
        raise _unreadable(relative, error) from None
    except Unreadable as error:
        raise ClaimsError(f"{relative} {error}", fix="Put a file there") from None


def read_inside(root: Path, relative: str, limit: int) -> bytes:
    """The bytes of a regular file under ``root``, at most ``limit`` of them.

    Raises :class:`ClaimsError` as :func:`inside` does, for a special or larger file, and
    :class:`Missing`.
    """
    path = inside(root, relative)
    try:
        return read_regular(path, limit)
    except FileNotFoundError:
        raise Missing(f"{relative} does not exist", fix="Check the path") from None
    except OSError as error:
        raise _unreadable(relative, error) from None
    except Unreadable as error:
        fix = "Split it, or check that it is the file" if "larger" in str(error) else ""
        raise ClaimsError(f"{relative} {error}", fix=fix or "Put a file there") from None


def _unreadable(relative: str, error: OSError) -> ClaimsError:
    words = os.strerror(error.errno or 0).lower()
    return ClaimsError(f"{relative} cannot be read: {words}", fix="Check the file")
