"""What a reader must not do while it reads: hang, write elsewhere, start or reach anything.

An audit hook (PEP 578) cannot be taken away again, so there is one for the process, which looks
only while :func:`watched` is open. Writes by C++ or Rust code are not audited; the readers hand
bytes to pyarrow, and safetensors only reads.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

CPU_SECONDS = 1.0
"""Of computing, for reading an input."""
WALL_SECONDS = 60.0
"""Of waiting, which nothing here has to do; the machine may be busy with something else."""

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {
    **{f"os.{name}": (0,) for name in ("mkdir", "remove", "rmdir", "truncate", "chmod", "chown")},
    **{"os.rename": (0, 1), "os.link": (1,), "os.symlink": (1,)},
    **{"shutil.rmtree": (0,), "shutil.copyfile": (1,), "shutil.move": (0, 1)},
}
"""Event -> which of its arguments are paths that change."""
NEVER = (
    *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork"),
    *("os.forkpty", "socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto"),
    *("socket.gethostbyname", "urllib.Request", "ftplib.connect", "pickle.find_class"),
    *("webbrowser.open", "ctypes.dlopen", "pty.spawn", "os.putenv"),
)


class Forbidden(BaseException):
    """Something that no reader may do. No ``except Exception`` can swallow it."""


class TooSlow(BaseException):
    """An input that took too long."""


class _Watch:
    allowed: Path | None = None
    secret: Path | None = None
    seen: str = ""


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if _Watch.allowed is None:
        return
    if event in NEVER:
        _stop(f"{event} {args[:1]!r:.200}")
    if event == "open":
        path, _, flags = args
        if isinstance(path, str | bytes) and _Watch.secret is not None:
            followed = not (isinstance(flags, int) and flags & os.O_NOFOLLOW)
            if followed and _real(path) == _Watch.secret:
                _stop(f"read of {path!r:.200}")
            if isinstance(flags, int) and flags & WRITES and not _inside(path):
                _stop(f"write to {path!r:.200}")
    for place in CHANGES.get(event, ()):
        path = args[place]
        if isinstance(path, str | bytes | os.PathLike) and not _inside(_below(path, args[-1])):
            _stop(f"{event} {path!r:.200}")


def _real(path: Any) -> Path:
    return Path(os.path.realpath(os.fsdecode(path)))


def _below(path: Any, folder: Any) -> Any:
    """The path, where the call names it relative to an open folder."""
    if isinstance(folder, int) and folder > 2:
        return os.path.join(os.readlink(f"/proc/self/fd/{folder}"), os.fsdecode(path))
    return path


def _inside(path: Any) -> bool:
    allowed = _Watch.allowed
    if allowed is None or os.fsdecode(path) == os.devnull:
        return True
    name = os.path.abspath(os.fsdecode(path))
    return Path(os.path.realpath(os.path.dirname(name))).is_relative_to(allowed)


def _stop(what: str) -> None:
    _Watch.seen = _Watch.seen or what
    raise Forbidden(what)


def install() -> None:
    """Add the hook, once for the process."""
    if not getattr(sys, "_fuzz_guard", False):
        sys.addaudithook(_audit)
        sys._fuzz_guard = True  # type: ignore[attr-defined]


@contextmanager
def watched(allowed: Path, secret: Path, seconds: float = CPU_SECONDS) -> Iterator[None]:
    """Everything forbidden raises, also where it was swallowed on the way; so does slowness.

    ``allowed`` is the folder that may be written, ``secret`` a file that must not be read.
    """
    _Watch.allowed, _Watch.secret, _Watch.seen = allowed, secret, ""
    before = [signal.signal(s, _slow) for s in (signal.SIGPROF, signal.SIGALRM)]
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, WALL_SECONDS)
    try:
        yield
        if _Watch.seen:
            raise Forbidden(_Watch.seen)
    finally:
        _Watch.allowed = None  # first: a signal that comes now finds nobody watching
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        for one, handler in zip((signal.SIGPROF, signal.SIGALRM), before, strict=True):
            signal.signal(one, handler)


def _slow(number: int, frame: FrameType | None) -> None:
    del frame
    if _Watch.allowed is not None:
        raise TooSlow(
            f"too many seconds of {'computing' if number == signal.SIGPROF else 'waiting'}"
        )
