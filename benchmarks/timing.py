"""Processor time, the rate of matrix products, and rounds in which contestants take turns.

Not covered: several threads, accelerators.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from harness.subject.packed import Packed

Turn = Callable[[], float]
"""Does one round of one contestant; returns its rate, units of work per processor second."""


def seconds(run: Callable[[], object]) -> float:
    """Processor seconds: with one thread, the wall time of an otherwise idle machine."""
    start = time.process_time()
    run()
    return time.process_time() - start


def rate(amount: float, run: Callable[[], object]) -> Turn:
    """A turn that does ``amount`` of work."""
    return lambda: amount / seconds(run)


def peak() -> float:
    """GFLOP/s of a float32 1024^3 product, plain or packed, best of five."""
    a = torch.randn(1024, 1024)
    packed = Packed(a)
    packed(a)
    products = (lambda: a @ a, lambda: packed(a))
    return max(2 * 1024**3 / seconds(f) / 1e9 for _ in range(5) for f in products)


def interleave(
    turns: Mapping[str, Turn],
    rounds: int,
    failed: Callable[[str, Exception], None],
    allowed: type[Exception],
) -> tuple[dict[str, list[float]], list[float]]:
    """Rates per turn and round, and the peak of each round. A turn that raises ``allowed`` is
    reported to ``failed`` and left out for good."""
    rates: dict[str, list[float]] = {name: [] for name in turns}
    top: list[float] = []
    for _ in range(rounds):
        top.append(peak())
        for name, turn in turns.items():
            if name not in rates:
                continue
            try:
                rates[name].append(turn())
            except allowed as error:
                failed(name, error)
                del rates[name]
    return rates, top


def processor() -> str:
    """The processor's name, with family and model where the system tells them."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    told: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        told.setdefault(name.strip(), value.strip())
    if "model name" not in told:
        return platform.processor() or platform.machine()
    numbers = ", ".join(f"{n} {told[n]}" for n in ("cpu family", "model") if n in told)
    return f"{told['model name']} ({numbers})"
