"""What a builder reads besides what is bound, noted while it runs.

A lock binds the recipe, the builder's modules and the files under ``given:``. While a replicate is
measured, Python's audit events tell which other files of the workspace are opened for reading, and
which hosts are connected to; files that were made in the meantime are free. In an attempt such an
act fails at once; in an exploration or a reproduction it is noted in the replicate's record as
``read_besides``.

Not covered: files outside the workspace; files opened by compiled code that does not ask Python
(safetensors, Arrow) or by other processes; a proxy on this machine.
"""

from __future__ import annotations

import os
import stat
import sys
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import harness
from harness.errors import ClaimsError

READS = (os.O_RDONLY, os.O_RDWR)
INSTALLED = ("site-packages", ".venv", "node_modules")
METADATA = (".egg-info", ".dist-info")
HOSTS = ("localhost", "127.0.0.1", "::1", "", None)
NETWORK = ("socket.connect", "socket.getaddrinfo")
FILES = ("open", "sqlite3.connect")


class ReadBesides(ClaimsError):
    """The builder used something that its lock does not bind."""

    def __init__(self, what: str, recipe: str) -> None:
        super().__init__(
            f"the builder {_words(what)}, which the lock does not bind",
            where=recipe,
            fix="Put it in a folder of the workspace, list that under given: and lock again",
        )


@dataclass
class Watch:
    """What is free to be read, and what else was: paths below ``root``, or ``network <host>``."""

    root: Path
    recipe: str
    files: frozenset[str]
    folders: tuple[str, ...]
    strict: bool
    found: set[str] = field(default_factory=set)
    began: int = field(default_factory=time.time_ns)
    paused: bool = False

    def event(self, name: str, args: tuple[Any, ...], own_thread: bool) -> None:
        """Take an audit event. Raises :class:`ReadBesides` where that is not allowed.

        Of other threads, which may be anybody's, only files are noted, and nothing is raised.
        """
        what = self._opened(args) if name in FILES else _connected(name, args)
        if self.paused or not what or not (own_thread or name in FILES):
            return
        self.found.add(what)
        if own_thread:
            self.refuse(self.found)

    def refuse(self, found: Collection[str]) -> None:
        """Raise :class:`ReadBesides` if anything was found and this is an attempt."""
        if found and self.strict:
            raise ReadBesides(min(found), self.recipe)

    @contextmanager
    def apart(self) -> Iterator[set[str]]:
        """What is found in the meantime, on its own; it joins the rest afterwards."""
        before, self.found = self.found, set()
        try:
            yield self.found
        finally:
            self.found = before | self.found

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Note nothing: the harness itself is reading."""
        self.paused = True
        try:
            yield
        finally:
            self.paused = False

    def _opened(self, args: tuple[Any, ...]) -> str:
        path, flags = args[0], args[-1]
        if not isinstance(path, str | bytes | os.PathLike):
            return ""
        if isinstance(flags, int) and flags & os.O_ACCMODE not in READS:
            return ""
        real = os.path.realpath(os.fsdecode(path))
        if real in self.files or not real.startswith(f"{self.root}{os.sep}"):
            return ""
        if any(real.startswith(folder) for folder in self.folders) or not self._before(real):
            return ""
        parts = Path(real).relative_to(self.root).parts
        if any(part in INSTALLED or part.endswith(METADATA) for part in parts):
            return ""
        return "/".join(parts)

    def _before(self, real: str) -> bool:
        """Whether this is a file from before the watch, and not one that the builder made."""
        try:
            found = os.stat(real)
        except OSError:
            return False
        return stat.S_ISREG(found.st_mode) and found.st_ctime_ns < self.began


def _connected(name: str, args: tuple[Any, ...]) -> str:
    address = args[1] if name == "socket.connect" else args[:1]
    if not isinstance(address, tuple) or not address or address[0] in HOSTS:
        return ""  # no network, or this machine
    host = address[0]
    return f"network {host.decode(errors='replace') if isinstance(host, bytes) else host}"


def _words(what: str) -> str:
    kind, _, host = what.partition(" ")
    return f"connected to {host}" if kind == "network" and host else f"read {what}"


_active: dict[int, Watch] = {}
"""Thread -> its watch: workers of one process may measure side by side."""
_installed: list[bool] = []


@contextmanager
def watching(watch: Watch) -> Iterator[Watch]:
    """Note what this thread, and threads that it starts, read besides."""
    if not _installed:
        sys.addaudithook(_hook)  # for the process's life: Python has no way to take it out
        _installed.append(True)
    thread = threading.get_ident()
    _active[thread] = watch
    try:
        yield watch
    finally:
        _active.pop(thread, None)


def unwatched() -> Watch:
    """A watch that is never on."""
    return Watch(Path(), "", frozenset(), (), False)


def _hook(name: str, args: tuple[Any, ...]) -> None:
    if not _active or not (name in FILES or name in NETWORK):
        return
    own = _active.get(threading.get_ident())
    watch = own or (next(iter(_active.values()), None) if len(_active) == 1 else None)
    if watch is not None:
        watch.event(name, args, own is not None)


def make_watch(
    root: Path, recipe: str, files: Sequence[Path], folders: Sequence[Path], strict: bool
) -> Watch:
    """A watch over ``root``: ``files`` and ``folders`` are bound, or what measuring itself uses."""
    place = os.path.realpath(root)
    own = [root / ".cache", Path(str(harness.__file__)).parent, Path(sys.prefix), *folders]
    real = [f"{os.path.realpath(folder)}{os.sep}" for folder in own]
    return Watch(
        root=Path(place),
        recipe=recipe,
        files=frozenset(os.path.realpath(file) for file in files),
        folders=tuple(one for one in real if one.startswith(f"{place}{os.sep}")),
        strict=strict,
    )
