"""Which replicates a worker takes, and in which order."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from harness.cli.measure import rounds


@dataclass(frozen=True)
class Planned:
    """What ``rounds`` reads of a job; ``recipe`` says how many models a replicate needs."""

    claim: str
    recipe: int
    replicates: tuple[int, ...]


class Quiet:
    """A progress that nobody sees."""

    def say(self, text: str) -> None:
        """Say nothing."""

    def step(self, what: str, done: int, total: int) -> None:
        """Say nothing."""


def test_a_worker_takes_its_own_replicates_first_and_of_each_the_longest_claim(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever the order in which claims were named; then it waits for what others hold."""
    taken: list[tuple[str, int, bool]] = []
    monkeypatch.setattr(
        "harness.measure.run.measure_replicate",
        lambda job, replicate, progress, wait: taken.append((job.claim, replicate, wait)),
    )
    monkeypatch.setattr(
        "harness.measure.needs.models_needed", lambda claim, recipe, replicate: range(recipe)
    )
    jobs = (Planned("short", 2, (0, 1, 2)), Planned("long", 5, (0, 1, 2, 3)))
    assert sum(1 for _ in rounds(jobs, 1, 2, Quiet())) == 14  # type: ignore[arg-type]
    once = [
        *(("long", 1), ("short", 1), ("long", 3)),
        *(("long", 0), ("short", 0), ("long", 2), ("short", 2)),
    ]
    assert taken == [(*one, wait) for wait in (False, True) for one in once]
