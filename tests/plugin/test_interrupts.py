"""An interrupt ends a run at whichever instant it falls."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType

import pytest

from harness.pytest_plugin.interrupts import heard, tellable


@pytest.fixture(autouse=True)
def _python_handles_it() -> Iterator[None]:
    """As in a process of its own; a worker of xdist may handle it otherwise."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt() -> None:
    """Ctrl-C."""
    os.kill(os.getpid(), signal.SIGINT)


def as_native_code() -> None:
    """Turn the interrupt into an error of its own, as safetensors does."""
    try:
        interrupt()
    except KeyboardInterrupt:
        raise ValueError("could not determine the shape") from None


def test_an_interrupt_that_native_code_made_an_error_of_is_still_one() -> None:
    """The item does not fail of it, and the run does not go on."""
    with pytest.raises(KeyboardInterrupt), heard():
        as_native_code()


def test_an_interrupt_that_was_swallowed_is_told_at_the_end() -> None:
    """Nothing says where it fell; that it fell is enough."""

    def swallowed() -> None:
        with suppress(KeyboardInterrupt):
            interrupt()

    with pytest.raises(KeyboardInterrupt), heard():
        swallowed()


def test_an_interrupt_that_nobody_touched_passes_through() -> None:
    """As without us."""
    with pytest.raises(KeyboardInterrupt), heard():
        interrupt()


def test_without_an_interrupt_nothing_changes() -> None:
    """An error stays what it is, and Python handles the signal again afterwards."""
    with pytest.raises(ValueError, match="its own"), heard():
        raise ValueError("its own")
    with heard():
        pass
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_that_someone_else_put_there_stays() -> None:
    """Who handles interrupts otherwise knows why."""

    def theirs(number: int, frame: object) -> None:
        """Do nothing."""

    signal.signal(signal.SIGINT, theirs)
    with heard():
        assert signal.getsignal(signal.SIGINT) is theirs
        interrupt()
    assert signal.getsignal(signal.SIGINT) is theirs


def _without_a_line() -> TracebackType:
    """A traceback whose last entry is at an instruction that has no line."""
    cell = 0

    def inner() -> int:
        return cell

    frame = sys._getframe()
    code = frame.f_code
    at = next((start for start, _, line in code.co_lines() if line is None), None)
    assert inner() == 0
    assert at is not None, "this Python gives every instruction a line"
    return TracebackType(None, frame, at, -1)


def test_an_interrupt_at_an_instruction_without_a_line_can_be_shown() -> None:
    """pytest counts lines of every entry: one without a line ended the whole run in a TypeError."""
    last = _without_a_line()
    assert last.tb_lineno is None
    frame = sys._getframe()
    error = KeyboardInterrupt().with_traceback(
        TracebackType(last, frame, frame.f_lasti, frame.f_lineno)
    )
    excinfo = pytest.ExceptionInfo.from_exception(error)
    with pytest.raises(TypeError):
        excinfo.getrepr(funcargs=True)
    tellable(excinfo)
    assert "KeyboardInterrupt" in str(excinfo.getrepr(funcargs=True))
