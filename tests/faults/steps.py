"""A fault at the n-th step: the calls by which Python changes a disk, counted.

Steps are the calls of ``os`` that make, write, sync, rename or remove something. Bytes written
through a buffered file are a step once they are synced, as the harness syncs whatever it keeps;
syncing itself is left out, because it is the process that dies here and not the machine.

Not covered: what C code writes on its own (``places`` has real disks for that).
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

NAMES = ("open", "write", "fsync", "ftruncate", "replace", "rename", "mkdir", "unlink", "rmdir")
Fault = Callable[[str, Callable[..., Any], tuple[Any, ...]], Any]


@contextmanager
def fault_at(n: int, fault: Fault, only: tuple[str, ...] = NAMES) -> Iterator[list[str]]:
    """Carry out ``fault`` in place of step ``n`` (from 0) of these calls; the list has the steps
    that came."""
    seen: list[str] = []
    real = {name: getattr(os, name) for name in NAMES}
    whole = {**real, "fsync": lambda handle: None}

    def counting(name: str) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            if name not in only or not _changes(name, args):
                return real[name](*args, **more)
            seen.append(name)
            if len(seen) == n + 1:
                return fault(name, lambda: whole[name](*args, **more), args)
            return whole[name](*args, **more)

        return call

    for name in NAMES:
        setattr(os, name, counting(name))
    try:
        yield seen
    finally:
        for name, call in real.items():
            setattr(os, name, call)


def _changes(name: str, args: tuple[Any, ...]) -> bool:
    """Whether a call changes the disk: what is there already is not made, words are for people."""
    if name == "open":
        return len(args) > 1 and bool(args[1] & os.O_CREAT) and not os.path.lexists(args[0])
    if name == "mkdir":
        return not os.path.lexists(args[0])
    return not (name == "write" and args[0] <= 2)


def kill(name: str, call: Callable[[], Any], args: tuple[Any, ...]) -> None:
    """SIGKILL in place of the step; of a write, after half of its bytes."""
    if name == "write":
        os_write(args[0], args[1][: len(args[1]) // 2])
    os.kill(os.getpid(), signal.SIGKILL)


def full(name: str, call: Callable[[], Any], args: tuple[Any, ...]) -> Any:
    """No space left on the device, for whatever needs space; half of the bytes were written."""
    if name in ("unlink", "rmdir", "ftruncate"):
        return call()
    if name == "write":
        os_write(args[0], args[1][: len(args[1]) // 2])
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


os_write = os.write
