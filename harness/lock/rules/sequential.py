"""A rule that adds replicates admits bets only.

A test for a fixed number of replicates that is made again and again as replicates come in, until it
says something, is false more often than its alpha says: a t test at .05 after 5, 6, ..., 20
replicates passes at the margin in about one study of six. A bet on signs may be looked at whenever.

Not covered: replicates that a person adds without a rule; that takes a new registration.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.claim.schema import Criterion
from harness.lock.refusal import Refusal, refusal
from harness.lock.rules.design import Design
from harness.stats.records import BET, BETTING_KINDS


def sequential(design: Design, criterion: Criterion) -> Iterator[Refusal]:
    """Criteria that are no bets."""
    test = criterion.test
    if design.claim.subject.sequential is None or test.method == BET:
        return
    fix = (
        f"write method: {BET}"
        if test.kind in BETTING_KINDS
        else f"only {', '.join(BETTING_KINDS)} have one, so plan a fixed number of replicates"
    )
    reason = (
        f"{test.kind} by {test.method} is for a fixed number of replicates, and here its result "
        f"decides whether more are measured; {fix}"
    )
    yield refusal("sequential", f"criteria.{criterion.name}.test.method", reason)
