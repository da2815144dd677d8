"""What was read once need not be read again, for as long as a caller says so.

Verifying a hundred claims asks a hundred times for the same closure of the same installed files.
Inside :func:`remembered` an answer is kept; outside, everything is read anew each time, because
files change between a lock and a run.

Not covered: noticing that a file changed meanwhile; whoever remembers looks at one moment.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")
_MEMORY: ContextVar[dict[Hashable, Any] | None] = ContextVar("memory", default=None)


@contextmanager
def remembered() -> Iterator[None]:
    """Keep answers while the block runs; blocks may be nested."""
    if _MEMORY.get() is not None:
        yield
        return
    token = _MEMORY.set({})
    try:
        yield
    finally:
        _MEMORY.reset(token)


def remember(key: Hashable, make: Callable[[], T]) -> T:
    """What ``make`` says, kept under ``key`` inside :func:`remembered`."""
    memory = _MEMORY.get()
    if memory is None:
        return make()
    if key not in memory:
        memory[key] = make()
    found: T = memory[key]
    return found
