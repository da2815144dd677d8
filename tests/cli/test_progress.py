"""Progress on a terminal and in a log."""

from __future__ import annotations

import io

import pytest

from harness.cli import progress as module
from harness.cli.progress import Bars, Lines, duration, progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("seconds", "words"), [(8.4, "8 s"), (80, "1 min 20 s"), (7500, "2 h 5 min"), (-1, "0 s")]
)
def test_durations_are_said_in_words(seconds: float, words: str) -> None:
    """Seconds, minutes, hours; never a negative time."""
    assert duration(seconds) == words


def test_a_log_gets_the_end_of_a_step_and_a_sign_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain stream is told now and then, not at every step, and always at the end."""
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    stream = io.StringIO()
    lines = Lines(stream)
    for done in range(5):
        lines.step("replicates", done, 4)
        now[0] += 6.0
    assert stream.getvalue().splitlines() == [
        "replicates: 2/4, about 12 s left",
        "replicates: 4/4 in 24 s",
    ]


def test_the_stream_decides_the_kind() -> None:
    """Bars where somebody watches, lines elsewhere."""
    assert isinstance(progress(io.StringIO()), Lines)
    assert isinstance(progress(Terminal()), Bars)


def test_bars_survive_names_that_look_like_markup() -> None:
    """A claim's name in square brackets is shown, not interpreted."""
    stream = Terminal()
    with progress(stream) as bars:
        bars.step("[bold]a", 0, 2)
        bars.step("[bold]a", 2, 2)
        bars.say("[x] done")
    assert "[x] done" in stream.getvalue()
