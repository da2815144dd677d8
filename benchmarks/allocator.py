"""The C library's allocator, which decides what it costs to let go of a tensor and make another.

By default glibc gives large blocks back to the system, and each of their pages has to be mapped and
cleared again when the next tensor is made: for a loop that makes whole logits anew for every
condition that is an eighth of its time at 23.5M parameters, and in the miniature from nothing to
two fifths, as the heap happens to lie. The engine, once warm, meets no such page. ``--keep-memory``
runs the benchmark with an allocator that keeps what it has, so that both can be seen.

Not covered: other allocators than glibc's, which do not heed these variables.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

KEEPING = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40)}
"""Never map a block of its own, never give the heap's end back."""


def keeps(environment: Mapping[str, str]) -> bool:
    """Whether a process that started in this environment keeps freed memory."""
    return all(environment.get(name) == value for name, value in KEEPING.items())


def described(environment: Mapping[str, str]) -> str:
    """In words, for the record of a run."""
    return "keeps freed memory" if keeps(environment) else "as the system has it"


def start_again(arguments: Sequence[str]) -> None:
    """Replace this process by the benchmark in an environment that :func:`keeps`: the allocator
    reads it at the start only."""
    command = [sys.executable, "-m", "benchmarks", *arguments]
    os.execve(sys.executable, command, {**os.environ, **KEEPING})
