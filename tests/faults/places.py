"""Disks that are really full, folders that really cannot be written: as far as the machine lets.

A small tmpfs is mounted in a mount namespace of a forked child, so that nothing stays behind. For
read-only folders root gives up the capability that lets it write everywhere.

Not covered: platforms other than Linux; there the tests that need it say that they were skipped.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

from tests.faults.forked import Forked, forked

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_REC, MS_PRIVATE = 0x4000, 1 << 18
PR_CAPBSET_DROP = 24
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
PAGE = 4096


def on_small_disk(place: Path, pages: int, act: Callable[[], int]) -> Forked:
    """Carry out an act in a child for which ``place`` is a disk of so many pages, and empty."""

    def mounted() -> int:
        _mount(place, pages)
        return act()

    return forked(mounted)


def _mount(place: Path, pages: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWNS) != 0:
        _check(libc.unshare(CLONE_NEWNS | CLONE_NEWUSER))
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
    _check(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None))
    size = f"size={pages * PAGE}".encode()
    _check(libc.mount(b"tmpfs", os.fsencode(place), b"tmpfs", 0, size))


def _check(code: int) -> None:
    if code != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@cache
def can_mount() -> bool:
    """Whether this machine lets a test have a small disk of its own."""
    if not sys.platform.startswith("linux"):
        return False
    child = Forked(lambda: (_mount(Path("/mnt"), 16), 0)[1])
    return child.wait(30) == 0


def fill(place: Path, free: int) -> Path:
    """Fill a small disk until ``free`` pages are left; the file that takes the rest."""
    ballast = place / ".ballast"
    with ballast.open("wb") as out:
        for _ in range(max(0, os.statvfs(place).f_bavail - free)):
            out.write(b"\0" * PAGE)
    return ballast


def unprivileged(act: Callable[[], int]) -> Callable[[], int]:
    """The act without the right to write where permissions forbid it, also for what it starts."""

    def without() -> int:
        if os.geteuid() == 0:
            _give_up(CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH)
        return act()

    return without


def _give_up(*capabilities: int) -> None:
    """Take capabilities from this process and all that it starts."""
    libc = ctypes.CDLL(None, use_errno=True)
    for one in capabilities:
        _check(libc.prctl(PR_CAPBSET_DROP, one, 0, 0, 0))
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)()
    _check(libc.capget(header, data))
    for one in capabilities:
        for part in range(3):  # effective, permitted, inheritable
            data[part] &= ~(1 << one)
    _check(libc.capset(header, data))


@cache
def can_be_refused(folder: Path) -> bool:
    """Whether a folder without write permission refuses an unprivileged act."""
    place = folder / "refuses"
    place.mkdir(mode=0o555)

    def tries() -> int:
        try:
            (place / "file").write_bytes(b"")
        except PermissionError:
            return 0
        return 1

    return Forked(unprivileged(tries)).wait(30) == 0


def read_only(folder: Path) -> None:
    """Take the permission to write from a folder and all in it."""
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o222)
