"""An allocator that keeps its memory is one that really does."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from benchmarks import allocator

FAULTS = """
import resource, torch
torch.set_num_threads(1)
def many():
    for _ in range(20):
        torch.ones(12_000_000)  # 48 MB, more than glibc ever keeps by itself
many()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
many()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(environment: dict[str, str]) -> int:
    """Pages that a process maps anew while it makes the same tensor twenty times over."""
    done = subprocess.run(
        [sys.executable, "-c", FAULTS], env=environment, capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_a_process_is_told_by_its_environment() -> None:
    """Both variables make the difference, and neither alone."""
    for name in allocator.KEEPING:
        assert not allocator.keeps({name: allocator.KEEPING[name]})
    assert allocator.keeps({**os.environ, **allocator.KEEPING})
    assert allocator.described({}) != allocator.described(allocator.KEEPING)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of glibc's allocator")
def test_a_process_that_keeps_its_memory_maps_no_page_twice() -> None:
    """Hardly a page in the environment that keeps, a great many as the system has it."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_TUNABLES"))}
    mapped = faults(plain)
    if mapped == 0:
        pytest.skip("this system does not count page faults")
    assert mapped > 300  # 24 huge pages a tensor where the system gives those
    assert faults({**plain, **allocator.KEEPING}) < 200
