"""Progress lines of a run that somebody watches."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from harness.pytest_plugin import live


class Reporter:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def ensure_newline(self) -> None:
        pass

    def write_line(self, line: str) -> None:
        self.lines.append(line)


def test_a_replicate_gets_a_line_with_the_time_that_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One line per measured replicate; preconditions and set-up phases are silent."""
    now = [100.0]
    monkeypatch.setattr(live.time, "monotonic", lambda: now[0])
    reporter = Reporter()
    expected = frozenset(f"claims/a.yaml::replicate::{r}" for r in range(4))
    state = live.State(reporter, began=100.0, expected=expected)  # type: ignore[arg-type]
    monkeypatch.setattr(live, "_states", [state])
    now[0] = 150.0
    for nodeid, when in (
        ("claims/a.yaml::replicate::0", "setup"),
        ("claims/a.yaml::replicate::0", "call"),
        ("claims/a.yaml::verdict", "call"),
    ):
        report = SimpleNamespace(nodeid=nodeid, when=when, passed=True, duration=50.2)
        live.report(report)  # type: ignore[arg-type]
    assert reporter.lines == ["a: replicate 0 measured in 50 s; 1 of 4, about 2 min 30 s left"]
