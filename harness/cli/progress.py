"""Progress of a measurement on stderr: bars on a terminal, a plain line now and then elsewhere.

Implements the protocol of ``harness.measure.run``: ``say(text)`` and ``step(what, done, total)``.

Not covered: progress under pytest (``harness.pytest_plugin``).
"""

from __future__ import annotations

import sys
import time
from typing import Any, Protocol, TextIO

QUIET_SECONDS = 10.0
"""Plain lines of one unfinished step come no closer together than this."""


class Shown(Protocol):
    """A progress that is shown while a ``with`` block runs."""

    def say(self, text: str) -> None: ...
    def step(self, what: str, done: int, total: int) -> None: ...
    def __enter__(self) -> Shown: ...
    def __exit__(self, *exception: object) -> None: ...


def progress(stream: TextIO | None = None) -> Shown:
    """The progress that suits the stream (stderr unless told)."""
    stream = stream or sys.stderr
    return Bars(stream) if stream.isatty() else Lines(stream)


def duration(seconds: float) -> str:
    """``8 s``, ``1 min 20 s``, ``2 h 5 min``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


class Lines:
    """Plain lines: every saying, the end of every step, and a sign of life in between."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._began: dict[str, float] = {}
        self._shown: dict[str, float] = {}

    def say(self, text: str) -> None:
        print(text, file=self._stream, flush=True)

    def step(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        began = self._began.setdefault(what, now)
        shown = self._shown.setdefault(what, now)
        if done >= total:
            self.say(f"{what}: {done}/{total} in {duration(now - began)}")
            del self._began[what], self._shown[what]
        elif done and now - shown >= QUIET_SECONDS:
            left = (now - began) / done * (total - done)
            self.say(f"{what}: {done}/{total}, about {duration(left)} left")
            self._shown[what] = now

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *exception: object) -> None:
        self._began.clear()


class Bars:
    """One bar a step, removed when the step is done and replaced by a line."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self._rich = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(file=stream),
        )
        self._tasks: dict[str, Any] = {}

    def say(self, text: str) -> None:
        self._rich.console.print(text, markup=False, highlight=False)

    def step(self, what: str, done: int, total: int) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._rich.add_task(what.replace("[", "\\["), total=total)
        self._rich.update(self._tasks[what], completed=done, total=total)
        if done >= total:
            self._rich.remove_task(self._tasks.pop(what))

    def __enter__(self) -> Bars:
        self._rich.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._rich.stop()
