"""Digests of what is given to a builder: corpora, word lists, checkpoints to start from.

A ``*.safetensors`` file is bound by its tensors (its layout is free), any other regular file by its
bytes, a folder by every file below it, hidden ones too. Nothing is loaded, and no file is held in
memory, so that checkpoints of any size can be given.

Not covered: what a builder reads besides (``harness.measure.watch`` notes it), what the data mean.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from harness.digest import PREFIX
from harness.errors import ClaimsError
from harness.lock.tensors import tensors_digest
from harness.paths import inside, open_inside

MOST_FILES = 2_000
"""Of one recipe; each is an entry of the registration."""
MOST_BYTES = 256 << 30
"""Of one recipe, 256 GiB."""
CODE = (".py", ".pyc", ".so", ".pyd")
PACK = "Pack them into fewer files, such as one archive or one safetensors file"


def given_digests(root: Path, paths: Sequence[str]) -> dict[str, str]:
    """File -> digest, for every file of ``paths`` (files and folders below ``root``).

    Raises :class:`ClaimsError` as :func:`given_files` does, and for what is no regular file.
    """
    return {name: _digest(root, name) for name in given_files(root, paths)}


def given_files(root: Path, paths: Sequence[str]) -> tuple[str, ...]:
    """The files of ``paths``, folders walked, sorted.

    Raises :class:`ClaimsError` for what is missing, empty, a link, code, or beyond the bounds.
    """
    files = sorted({name for path in paths for name in _files(root, path)})
    if len(files) > MOST_FILES:
        raise ClaimsError(f"{len(files)} files are given; at most {MOST_FILES}", fix=PACK)
    size = sum(os.lstat(root / name).st_size for name in files)
    if size > MOST_BYTES:
        raise ClaimsError(f"{size} bytes are given; at most {MOST_BYTES}", fix="Give less")
    return tuple(files)


def _digest(root: Path, name: str) -> str:
    if name.endswith(".safetensors"):
        return tensors_digest(root, name)
    with open_inside(root, name) as file:
        return PREFIX + hashlib.file_digest(file, "sha256").hexdigest()


def _files(root: Path, path: str) -> list[str]:
    place = inside(root, path)
    if not place.exists():
        raise ClaimsError(
            f"{path} is given, but does not exist", fix="Put it there, or correct given:"
        )
    if not place.is_dir():
        return [_data(path)]
    found: list[str] = []
    folders = [path]
    for folder in folders:  # grows while it is walked
        names = _names(root, folder)
        for name in names if len(names) <= MOST_FILES else ():
            inner = f"{folder}/{name}"
            if inside(root, inner).is_dir():
                folders.append(inner)
            else:
                found.append(_data(inner))
        if max(len(names), len(found), len(folders) - 1) > MOST_FILES:
            raise ClaimsError(f"{path} holds more than {MOST_FILES} files or folders", fix=PACK)
    if not found:
        raise ClaimsError(f"the given folder {path} holds no file", fix="Put the data there")
    return found


def _names(root: Path, folder: str) -> list[str]:
    try:
        return os.listdir(inside(root, folder))
    except OSError as error:
        words = os.strerror(error.errno or 0).lower()
        raise ClaimsError(f"{folder} cannot be listed: {words}", fix="Check the folder") from None


def _data(path: str) -> str:
    """The path, unless it is code (which Python caches beside it) or cannot be written down."""
    try:
        path.encode()
    except UnicodeEncodeError:
        raise ClaimsError(f"{path!r} is no text", fix="Rename the file") from None
    if path.endswith(CODE):
        raise ClaimsError(
            f"{path} is code, and code cannot be given",
            fix="Keep data in a folder of its own; modules are bound by the builder's imports",
        )
    return path
