"""No row may speak of what does not stand above it, however well the chain closes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.lock.ledger import append, read
from harness.lock.register import register
from harness.lock.sequence import examine_rows
from harness.lock.stored import load_lock


def key(root: Path, claim: str = "first") -> dict[str, Any]:
    registration = load_lock(root, claim).registration
    return {"claim": claim, "registration": registration, "attempt": "a1"}


def problems(root: Path) -> list[str]:
    return examine_rows(read(root)).problems


def test_an_honest_ledger_makes_sense(locked_root: Path) -> None:
    """Registered, begun, interrupted, finished, amended, withdrawn."""
    mine = key(locked_root)
    append(locked_root, "attempt-started", mine)
    append(locked_root, "attempt-interrupted", mine)
    append(locked_root, "attempt-finished", {**mine, "record": "sha256:0"})
    register(locked_root, ["first"], reason="another thought about it")
    append(locked_root, "withdrawal", {**key(locked_root), "reason": "enough of it"})
    found = examine_rows(read(locked_root))
    assert found.problems == []
    assert found.examined


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        (["attempt-finished"], "never started"),
        (["attempt-interrupted"], "never started"),
        (["attempt-started", "attempt-started"], "had started"),
        (["attempt-started", "attempt-finished", "attempt-finished"], "had finished"),
        (["attempt-started", "attempt-finished", "attempt-interrupted"], "had finished"),
    ],
)
def test_an_attempt_out_of_order_is_named(locked_root: Path, kinds: list[str], words: str) -> None:
    """It starts once, then ends once."""
    for kind in kinds:
        append(locked_root, kind, key(locked_root))
    (found,) = problems(locked_root)
    assert words in found
    assert f"ledger row {len(kinds) + 1}" in found


def test_an_attempt_before_its_registration_is_named(locked_root: Path) -> None:
    """Results cannot come before the rule."""
    append(locked_root, "attempt-started", {**key(locked_root), "registration": "sha256:later"})
    assert "no row above it registers" in problems(locked_root)[0]


def test_an_attempt_of_a_claim_that_was_not_registered_there_is_named(locked_root: Path) -> None:
    """Another claim's registration does not cover it."""
    append(locked_root, "attempt-started", {**key(locked_root), "claim": "third"})
    assert "speaks of third" in problems(locked_root)[0]


def test_a_registration_moved_from_another_place_is_named(locked_root: Path) -> None:
    """It binds the head that was there when it was made."""
    (row,) = read(locked_root)
    append(locked_root, "registration", row.body)
    found = problems(locked_root)
    assert any("another place" in one for one in found)
    assert any("repeats an earlier registration" in one for one in found)
