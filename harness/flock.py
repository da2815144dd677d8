"""Advisory locks on open files (``flock``): gone with the process that held them, however it ended.

Two openings of one file count as two holders, also within one process. Not covered: platforms and
file systems without ``flock``; there nobody is ever known to be alone.
"""

from __future__ import annotations

try:
    import fcntl
except ImportError:  # no such thing on this platform
    fcntl = None  # type: ignore[assignment]


def alone(handle: int) -> bool | None:
    """Take the open file for this handle alone, without waiting.

    False if another handle holds it, None where that cannot be known.
    """
    if fcntl is None:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system that has no locks
        return None
    return True


def share(handle: int) -> None:
    """Hold the open file beside others who share it; waits for one who has it alone.

    A lock that was held alone is given up first: in between, another may take it.
    """
    if fcntl is not None:
        fcntl.flock(handle, fcntl.LOCK_SH)
