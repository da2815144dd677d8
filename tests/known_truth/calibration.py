"""Print the calibration table of docs/statistics.md: ``python tests/known_truth/calibration.py``.

Every figure is a share of 20,000 simulated studies at alpha .05, seeded. Not a test: the tests
check the same quantities with 2,000 studies against their bands.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from harness.claim.power import power
from harness.claim.schema import Criterion, Expectation, Test
from harness.stats import family, one_sample
from harness.stats.attainable import smallest_p
from harness.stats.records import FAMILY_KINDS, Rule, methods_of

SIMS = 20_000
ALPHA = 0.05


def drawn(kind: str, n: int) -> np.ndarray:
    """Values whose truth is the margin 1: [sims, n], or [sims, 9, n] at the boundary."""
    rng = np.random.default_rng(n)
    if kind not in FAMILY_KINDS:
        return rng.normal(1.0, 0.3, (SIMS, n))
    shared, own = rng.standard_normal((SIMS, 1, n)), rng.standard_normal((SIMS, 9, n))
    values = 1.0 + 0.3 * math.sqrt(0.5) * (shared + own)
    if kind == "none-of":
        values[:, 1:] -= 3.0
    return np.asarray(values)


def rates(kind: str, method: str, n: int) -> tuple[float, float]:
    values, rule = drawn(kind, n), Rule(kind, 1.0, ALPHA, method)
    judge = family.two_verdicts if kind in FAMILY_KINDS else one_sample.two_verdicts
    p_support, p_refute = judge(values, rule)
    return float((p_support <= ALPHA).mean()), float((p_refute <= ALPHA).mean())


def coverage(method: str, n: int) -> tuple[float, float]:
    """(covered, level) of the interval for normal values, from 4,000 studies."""
    values = np.random.default_rng(n).normal(0.7, 0.2, (4_000, n))
    bounds = [one_sample.interval(row, ALPHA, method) for row in values]
    ends = np.array([(b.low, b.high) for b in bounds], dtype=np.float64)
    return float(((ends[:, 0] <= 0.7) & (ends[:, 1] >= 0.7)).mean()), bounds[0].level


def at_zero(kind: str, method: str, n: int, margin: float) -> float:
    gate = Criterion("c", {}, Test(kind, margin, ALPHA, method), "", Expectation(0.0, 1.0))
    result = power(gate, n, SIMS, members=9 if kind in FAMILY_KINDS else 1).expected
    return result.support if result else math.nan


def lines() -> Iterator[str]:
    yield "| kind | method | n | smallest p | false PASS | false FAIL |"
    yield "|---|---|---|---|---|---|"
    for kind in ("superiority", "below", "equivalence", *FAMILY_KINDS):
        for method in methods_of(kind):
            for n in (5, 8):
                floor = "none" if method == "t" else f"{smallest_p(kind, method, n, 9):.4f}"
                passed, failed = rates(kind, method, n)
                yield f"| {kind} | {method} | {n} | {floor} | {passed:.4f} | {failed:.4f} |"
    yield "\n| interval | n | level | covered |\n|---|---|---|---|"
    for method in ("t", "sign-flip"):
        for n in (5, 8):
            covered, level = coverage(method, n)
            yield f"| {method} | {n} | {level:.4f} | {covered:.4f} |"
    yield "\n| kind | method | n | 1 | 1.5 | 2 | 3 |\n|---|---|---|---|---|---|---|"
    for kind in ("equivalence", "none-of"):
        for method in ("t", "sign-flip"):
            for n in (5, 8):
                cells = (f"{at_zero(kind, method, n, m):.3f}" for m in (1.0, 1.5, 2.0, 3.0))
                yield f"| {kind} | {method} | {n} | {' | '.join(cells)} |"


if __name__ == "__main__":
    for line in lines():
        print(line)
