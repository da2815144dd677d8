"""The power of null claims in docs/statistics.md: ``python tests/known_truth/calibration.py``.

Every figure is a share of 20,000 simulated studies at alpha .05, seeded. Not a test, and not what
``claims calibrate`` prints, which is about promises kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from harness.claim.power import power
from harness.claim.schema import Criterion, Expectation, Test
from harness.stats.records import FAMILY_KINDS

SIMS = 20_000
ALPHA = 0.05


def at_zero(kind: str, method: str, n: int, margin: float) -> float:
    gate = Criterion("c", {}, Test(kind, margin, ALPHA, method), "", Expectation(0.0, 1.0))
    result = power(gate, n, SIMS, members=9 if kind in FAMILY_KINDS else 1).expected
    return result.support if result else math.nan


def lines() -> Iterator[str]:
    yield "| kind | method | n | 1 | 1.5 | 2 | 3 |\n|---|---|---|---|---|---|---|"
    for kind in ("equivalence", "none-of"):
        for method in ("t", "sign-flip"):
            for n in (5, 8):
                cells = (f"{at_zero(kind, method, n, m):.3f}" for m in (1.0, 1.5, 2.0, 3.0))
                yield f"| {kind} | {method} | {n} | {' | '.join(cells)} |"


if __name__ == "__main__":
    for line in lines():
        print(line)
