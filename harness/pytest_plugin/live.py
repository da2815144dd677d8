"""What a person sees while claims are measured: a line per replicate, with the time that is left.

Shown on a terminal only, by the process that owns it (under xdist, the controller). Without xdist
the work inside a replicate is shown too, on one line that is overwritten.

Not covered: the summary at the end (``harness.pytest_plugin.summary``).
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Protocol

import pytest

REPLICATE = re.compile(r"claims/([a-z0-9-]+)\.yaml::replicate::(\d+)$")


class Live(Protocol):
    """Progress as ``harness.measure`` wants it."""

    def say(self, text: str) -> None: ...
    def step(self, what: str, done: int, total: int) -> None: ...


class Silent:
    """Progress that nobody watches."""

    def say(self, text: str) -> None:
        """Ignore."""

    def step(self, what: str, done: int, total: int) -> None:
        """Ignore."""


class Line:
    """Progress on one line of the terminal, gone when the work is done.

    pytest captures what a test prints, the terminal reporter's own words included, so capturing is
    lifted for every word.
    """

    def __init__(self, reporter: pytest.TerminalReporter, config: pytest.Config) -> None:
        self._reporter = reporter
        self._capture = config.pluginmanager.get_plugin("capturemanager")
        self._began = False

    def say(self, text: str) -> None:
        with self._capture.global_and_fixture_disabled() if self._capture else nullcontext():
            if not self._began:
                self._reporter.ensure_newline()
                self._began = True
            self._reporter.rewrite(text[: self._reporter._tw.fullwidth - 1], erase=True)
            self._reporter.flush()

    def step(self, what: str, done: int, total: int) -> None:
        self.say(f"{what}: {done}/{total}")

    def close(self) -> None:
        if self._began:
            self.say("")
            with self._capture.global_and_fixture_disabled() if self._capture else nullcontext():
                self._reporter.write("\r")


@dataclass
class State:
    """What the process that owns the terminal knows."""

    reporter: pytest.TerminalReporter
    began: float = field(default_factory=time.monotonic)
    expected: frozenset[str] = frozenset()
    done: int = 0


# pytest_runtest_logreport is given no config, so the state is found by the running session
_states: list[State] = []
KEY = pytest.StashKey[State]()


def start(config: pytest.Config) -> None:
    """Note the terminal, where there is one."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and not hasattr(config, "workerinput") and reporter.isatty:
        config.stash[KEY] = State(reporter)
        _states.append(config.stash[KEY])


def stop(config: pytest.Config) -> None:
    state = config.stash.get(KEY, None)
    if state is not None:
        _states.remove(state)


def expect(config: pytest.Config, nodeids: list[str]) -> None:
    """The replicates that will be measured in this run."""
    state = config.stash.get(KEY, None)
    if state is not None and nodeids:
        state.expected = frozenset(n for n in nodeids if REPLICATE.search(n))
        state.began = time.monotonic()


def report(one: pytest.TestReport) -> None:
    """A line for a replicate that has been measured."""
    match = REPLICATE.search(one.nodeid)
    if match is None or one.when != "call" or not _states:
        return
    state = _states[-1]
    state.done += 1
    outcome = "measured" if one.passed else "not measured"
    state.reporter.ensure_newline()
    state.reporter.write_line(
        f"{match[1]}: replicate {match[2]} {outcome} in {one.duration:.0f} s; {left(state)}"
    )


def left(state: State) -> str:
    """``5 of 24, about 3 min 10 s left``."""
    total = max(len(state.expected), state.done)
    elapsed = time.monotonic() - state.began
    seconds = round(elapsed / max(state.done, 1) * (total - state.done))
    minutes = f"{seconds // 60} min " if seconds >= 60 else ""
    return f"{state.done} of {total}, about {minutes}{seconds % 60} s left"


@contextmanager
def progress(config: pytest.Config) -> Iterator[Live]:
    """Progress for one item."""
    state = config.stash.get(KEY, None)
    if state is None:
        yield Silent()
        return
    line = Line(state.reporter, config)
    try:
        yield line
    finally:
        line.close()
