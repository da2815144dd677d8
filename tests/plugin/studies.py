"""Attempted workspaces without any model, for runs of pytest that only judge."""

from __future__ import annotations

from pathlib import Path

from harness.lock.register import register
from harness.verdict.standing import all_standings
from tests import toy_workspace as toy
from tests.measure.forged import attempted


def study(root: Path, **margins: float) -> Path:
    """A workspace with these claims, registered and attempted: PASS at margin 1, FAIL at 20."""
    toy.make(root, **{name: toy.claim(name, margin=margin) for name, margin in margins.items()})
    register(root, list(margins))
    for name in margins:
        attempted(root, name)
    all_standings(root)  # what judging imports is imported here, not again in every inner run
    return root
