"""Digests: canonical JSON (RFC 8785) and SHA-256, written ``sha256:<hex>``.

The canonical form refuses what has no single meaning: NaN, infinities, integers beyond 2^53.
Not covered here: what goes into a digest (see ``harness.lock``).
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import rfc8785

from harness.atomic import write_atomic

__all__ = ["canonical", "digest", "digest_bytes", "digest_file", "short", "write_atomic"]
from harness.errors import RecordBroken
from harness.regular import Unreadable, open_regular

PREFIX = "sha256:"


def canonical(value: Any) -> bytes:
    """RFC 8785 bytes of a JSON value. Raises ``rfc8785.CanonicalizationError`` on NaN and such."""
    return rfc8785.dumps(value)


def digest(value: Any) -> str:
    """Digest of a JSON value in canonical form."""
    return digest_bytes(canonical(value))


def digest_bytes(data: bytes) -> str:
    """Digest of raw bytes."""
    return PREFIX + hashlib.sha256(data).hexdigest()


def digest_file(path: Path, limit: int | None = None) -> str:
    """Digest of a regular file's bytes. Raises :class:`RecordBroken` for anything else, and for a
    file of more than ``limit`` bytes."""
    try:
        with open_regular(path) as handle:
            if limit is not None and os.fstat(handle.fileno()).st_size > limit:
                raise Unreadable(f"is larger than {limit} bytes")
            return PREFIX + hashlib.file_digest(handle, "sha256").hexdigest()
    except Unreadable as error:
        fix = "Put the file itself there: what is recorded is never a link or a device"
        raise RecordBroken(str(error), where=str(path), fix=fix) from None


def short(value: str, n: int = 12) -> str:
    """The first ``n`` hexadecimal digits, for folder names and prose."""
    return value.removeprefix(PREFIX)[:n]
