"""The benchmark's end of a peer's pipe.

Not covered: what a peer does (``serve``), how its environment is made (``environment``).
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.peers.environment import ROOT, is_made, python_of

PATIENCE = 300.0
"""Seconds after which a peer that has not answered is given up."""


class PeerFailed(Exception):
    """Why a peer is left out, in words."""


class Process:
    """A peer's process, started at once. Raises :class:`PeerFailed` without its environment."""

    def __init__(self, name: str, log: Path) -> None:
        if not is_made(name):
            raise PeerFailed(f"not installed: python -m benchmarks.peers --make {name}")
        self.name, self._log = name, log.open("a")
        threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        quiet = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "PYTHONPATH": str(ROOT)}
        self._child = subprocess.Popen(
            [str(python_of(name)), "-m", "benchmarks.peers.serve", name],
            cwd=ROOT,
            env={**os.environ, **threads, **quiet},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def ask(self, do: str, **about: Any) -> dict[str, Any]:
        """One request and its answer. Raises :class:`PeerFailed`."""
        child = self._child
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            child.stdin.write(json.dumps({"do": do, **about}) + "\n")
            child.stdin.flush()
        except (BrokenPipeError, ValueError) as error:  # ended, or given up before
            raise PeerFailed(f"its process ended before {do!r}") from error
        with selectors.DefaultSelector() as ready:
            ready.register(child.stdout, selectors.EVENT_READ)
            if not ready.select(PATIENCE):
                self.close()
                raise PeerFailed(f"no answer to {do!r} within {PATIENCE:.0f} s")
        line = child.stdout.readline()
        if not line:
            raise PeerFailed(f"its process ended during {do!r}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise PeerFailed(f"{do}: {answer['error']}")
        return answer

    def close(self) -> None:
        """End the process."""
        if self._child.stdin is not None and not self._child.stdin.closed:
            self._child.stdin.close()
        try:
            self._child.wait(10)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
