"""A toy claim whose replicates are added under a locked rule, measured by hand: the record, without
any model, of values that a test chooses.

Not covered: measuring (``tests/cli/test_sequential_chain.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.lock.register import register
from harness.measure.artefacts import Silent
from harness.measure.job import Job, attempt_job
from harness.measure.run import measure_all
from harness.verdict.judging import stops
from tests.measure.forged import write_replicate
from tests.toy_workspace import claim, make

MARGIN = 3.0
ABOVE, BELOW = MARGIN + 1, MARGIN - 2
"""Losses that lie on one side of the margin whatever ``write_replicate`` adds to them."""
RULE = "{recipe: models/toy.yaml, replicates: 12, sequential: {first: 5}}"
BET = "method: sign-bet"


def text(name: str, rule: str = RULE, margin: float = MARGIN, stake: float = 0.85) -> str:
    """The claim: PASS as soon as the bet that its loss lies above the margin is won."""
    whole = claim(name, margin=margin, replicates=12)
    whole = whole.replace("{recipe: models/toy.yaml, replicates: 12}", rule)
    whole = whole.replace("alpha: 0.05", f"alpha: 0.05, {BET}, stake: {stake}")
    return whole


def workspace(root: Path, **claims: str) -> Path:
    """Registered claims."""
    make(root, **claims)
    register(root, [name.replace("_", "-") for name in claims])
    return root


def measured_as(monkeypatch: pytest.MonkeyPatch, losses: Sequence[float]) -> list[int]:
    """From now on a replicate is measured by writing down its loss; the list grows with each."""
    from harness.measure import runner

    order: list[int] = []

    def measure(job: Job, replicate: int, *_: object) -> None:
        order.append(replicate)
        write_replicate(job, replicate, losses[replicate] - replicate / 10)

    monkeypatch.setattr(runner, "measure", measure)
    return order


def run(root: Path, name: str) -> Job:
    """Measure the claim's attempt as ``claims run`` does, without pytest."""
    job = attempt_job(root, name)
    measure_all(job, Silent(), stops)
    return job
