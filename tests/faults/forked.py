"""Acts in forked children: of their own session, killed as a group, their words kept.

A fork has everything imported already, so that an act begins at once and a random instant falls
into its work rather than into the start of Python.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import harness
from harness.lock.closure import evaluator_closure

Act = Callable[[], int]
LIMIT_S = 300.0


def warm() -> None:
    """Import and analyse what the acts need, so that children share it."""
    for module in pkgutil.walk_packages(harness.__path__, "harness."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in ("hypothesis", "matplotlib.pyplot", "torch", "xdist.plugin"):
        importlib.import_module(name)
    evaluator_closure()


class Forked:
    """A child that carries out an act and ends with the exit code that it returned.

    As a context manager it is killed on the way out, should it still run.
    """

    def __init__(self, act: Act) -> None:
        self._words = tempfile.TemporaryFile()  # noqa: SIM115
        self._code: int | None = None
        sys.stdout.flush()
        sys.stderr.flush()
        ready, tell = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            os.close(tell)
            os.close(ready)
            os._exit(self._child(act))
        os.close(tell)
        os.read(ready, 1)  # nothing comes: it ends once the child has its session
        os.close(ready)

    def __enter__(self) -> Forked:
        return self

    def __exit__(self, *exception: object) -> None:
        if not self.ended():
            self.kill()

    def _child(self, act: Act) -> int:
        for stream in (1, 2):
            os.dup2(self._words.fileno(), stream)
        # as in a terminal, also where whoever started the tests ignores interrupts (nohup, &)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
        try:
            code = act()
        except BaseException:  # noqa: BLE001
            traceback.print_exc()
            code = 99
        sys.stdout.flush()
        sys.stderr.flush()
        return code

    @property
    def words(self) -> str:
        """What the child and its own children said."""
        self._words.seek(0)
        return self._words.read().decode(errors="replace")

    def ended(self) -> bool:
        """Whether it has ended."""
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
        return self._code is not None

    def wait(self, limit: float = LIMIT_S) -> int | None:
        """Its exit code, negative for a signal; None if it still runs after ``limit`` seconds."""
        end = time.monotonic() + limit
        while not self.ended():
            if time.monotonic() > end:
                return None
            time.sleep(0.001)
        return self._code

    def kill(self) -> None:
        """Kill the whole session at once and wait until nothing of it is left."""
        os.killpg(self.pid, signal.SIGKILL)
        assert self.wait() is not None
        _wait_for_group(self.pid)


def forked(act: Act) -> Forked:
    """An act to its end. Fails where it does not end in time."""
    with Forked(act) as child:
        if child.wait() is None:
            raise AssertionError(f"did not end: {child.words[-2000:]}")
        return child


def _wait_for_group(group: int) -> None:
    """What remains are zombies at most: they hold nothing."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        for _ in range(2000):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                break
            if int(fields[2]) != group or fields[0] in "ZX":
                break
            time.sleep(0.005)
