"""Locks, as the rest of the harness uses them: register, load, ask.

Not covered: whether the workspace still is what was locked (``harness.lock.compare``).
"""

from __future__ import annotations

from harness.lock.record import Lock, Registration, lock_path
from harness.lock.register import register
from harness.lock.stored import is_registered, load_lock

__all__ = ["Lock", "Registration", "is_registered", "load_lock", "lock_path", "register"]
