"""An interrupt (Ctrl-C) ends a run at whichever instant it falls.

Two instants are lost otherwise. Native code that calls back into Python may turn the interrupt into
an error of its own (safetensors reports a ValueError about a tensor's shape): the item would fail
and the run go on. And an interrupt may fall on an instruction that has no line, for which pytest's
account of where it fell ends in a TypeError.

Not covered: other signals; interrupts of threads, which Python gives to the main thread.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest


@contextmanager
def heard() -> Iterator[None]:
    """End with KeyboardInterrupt if one fell inside, whatever became of it there.

    Without effect outside the main thread, and where someone else handles the signal.
    """
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    fell = False

    def hear(number: int, frame: FrameType | None) -> None:
        nonlocal fell
        fell = True
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, hear)
    try:
        yield
    except Exception:
        if fell:
            raise KeyboardInterrupt from None  # the error speaks of the interrupt in other words
        raise
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if fell:
        raise KeyboardInterrupt


def tellable(excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    """Leave out of an interrupt's traceback what has no line, so that pytest can show the rest."""
    excinfo.traceback = excinfo.traceback.filter(lambda e: e._rawentry.tb_lineno is not None)
