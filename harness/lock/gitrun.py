"""Git as a reader of one object store, run so that nothing of the repository's is run with it.

One ``git cat-file --batch`` is started in a folder made for it, with an environment made for it,
under a git folder made for it that shares only the object store: so no configuration, hook,
attribute, filter, alias, ref, replacement or graft of the repository is read, nothing is fetched
that is missing, and no setting of the caller is inherited. Git's question who owns the repository
does not arise. Time, memory and what is written are bounded.

Not covered: what the objects are (``harness.lock.gitread``); the memory bound outside Linux.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from harness.lock.gitplace import Unread

PATIENCE_S = 60.0
"""How long one examination may take."""
MEMORY = 1 << 30
"""Bytes that git may allocate."""
WRITTEN = 1 << 20
"""Bytes that git may write, which are its complaints."""


class Git:
    """A running ``git cat-file --batch``. Every method raises :class:`Unread` once it has ended."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._log = process, log
        self._in, self._out = process.stdin, process.stdout
        self._late = False

    def send(self, requests: bytes) -> None:
        """Ask for objects, an id a line; no more at once than a pipe holds."""
        try:
            self._in.write(requests)
            self._in.flush()
        except OSError as error:
            raise self._ended() from error

    def line(self) -> bytes:
        """The next line of the answer, without its break."""
        line = self._out.readline(256)
        if not line.endswith(b"\n"):
            raise self._ended()
        return line[:-1]

    def take(self, count: int) -> bytes:
        """The next bytes of the answer."""
        data = self._out.read(count)
        if len(data) != count:
            raise self._ended()
        return data

    def stop(self, late: bool = False) -> None:
        """End git, and with it what waits for its answer; ``late`` says why."""
        self._late = late
        # the whole group: git may be a script that starts git
        if self._process.poll() is None:
            with suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """End git and wait for it."""
        self.stop()
        for pipe in (self._in, self._out):
            with suppress(OSError):  # what was not sent to git any more
                pipe.close()
        self._process.wait()

    def _ended(self) -> Unread:
        if self._late:
            return Unread(f"git did not finish within {PATIENCE_S:g} s")
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        with self._log.open("rb") as said:
            text = said.read(400).decode("ascii", "replace")
        words = " ".join("".join(c if " " <= c <= "~" else " " for c in text).split())
        return Unread("git stopped" + (f" ({words[:160]})" if words else ""))


@contextmanager
def running(store: Path, algorithm: str) -> Iterator[Git]:
    """Git over an object store whose ids are of ``algorithm`` (sha1, sha256), while it is open.

    Raises :class:`Unread` where git is not installed or does not start.
    """
    program = _program()
    try:
        made = tempfile.TemporaryDirectory(prefix="claims-git-")
    except OSError as error:
        raise _unstarted(error) from error
    with made as scratch:
        try:
            git = _start(program, Path(scratch), algorithm, store)
        except OSError as error:
            raise _unstarted(error) from error
        watch = threading.Timer(PATIENCE_S, git.stop, [True])
        watch.daemon = True
        watch.start()
        try:
            yield git
        finally:
            watch.cancel()
            git.close()


def _start(program: str, scratch: Path, algorithm: str, store: Path) -> Git:
    log = scratch / "log"
    folder = _git_folder(scratch, algorithm)
    with log.open("wb") as said:
        process = subprocess.Popen(
            [program, "--no-pager", "cat-file", "--batch"],
            cwd=scratch,
            env=_environment(folder, store),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            start_new_session=True,
        )
    if sys.platform == "linux":
        import resource

        # in time: git does nothing before it is asked for the first object
        with suppress(OSError, ValueError):
            resource.prlimit(process.pid, resource.RLIMIT_DATA, (MEMORY, MEMORY))
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (WRITTEN, WRITTEN))
    return Git(process, log)


def _unstarted(error: OSError) -> Unread:
    return Unread(f"git does not start ({os.strerror(error.errno or 0).lower()})")


def _program() -> str:
    """Git, from absolute entries of PATH only: the workspace is not a place to find programs."""
    path = os.pathsep.join(p for p in os.get_exec_path() if os.path.isabs(p))
    program = shutil.which("git", path=path)
    if program is None:
        raise Unread("git is not installed")
    return program


def _git_folder(scratch: Path, algorithm: str) -> Path:
    """A git folder without refs, hooks or attributes, for the format of the repository's ids."""
    folder = scratch / "git"
    for name in ("refs", "objects"):
        (folder / name).mkdir(parents=True)
    (folder / "HEAD").write_text("ref: refs/heads/none\n")
    version = "0" if algorithm == "sha1" else "1\n[extensions]\n\tobjectFormat = sha256"
    (folder / "config").write_text(
        "[core]\n\tbare = true\n\tcommitGraph = false\n\tfsmonitor = false\n"
        f"\thooksPath = {os.devnull}\n\trepositoryFormatVersion = {version}\n"
    )
    return folder


def _environment(folder: Path, store: Path) -> dict[str, str]:
    """All that git is told. Most of it says once more what the folder of its own already does."""
    return {
        "GIT_DIR": str(folder),
        "GIT_OBJECT_DIRECTORY": str(store),
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "HOME": str(folder.parent),
        "XDG_CONFIG_HOME": str(folder.parent),
        "PATH": os.defpath,
        "LC_ALL": "C",
    }
