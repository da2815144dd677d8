"""A reason not to lock, and the ids of the rules that give one.

Not covered: the rules themselves (``harness.lock.lint``, ``harness.lock.lint_design``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

RULES: Mapping[str, bool] = {
    "alpha": False,
    "coverage": False,
    "criteria": False,
    "dose-band": False,
    "exclusion": False,
    "expect-missing": True,
    "expect-side": False,
    "health": False,
    "margin": False,
    "pilot": True,
    "positive-control": False,
    "power": True,
    "random-controls": True,
    "recipe-seed": False,
    "replicates": False,
    "smallest-p": False,
    "test": False,
    "unreachable": False,
    "waiver": False,
}
"""Rule id -> whether a sentence can waive it."""


@dataclass(frozen=True)
class Refusal:
    """One reason not to lock: the ``rule``'s id, ``where`` in the claim, ``reason`` in words.

    ``waiver`` is the sentence that waives it, empty where it stands.
    """

    rule: str
    where: str
    reason: str
    waivable: bool
    waiver: str = ""


def refusal(rule: str, where: str, reason: str) -> Refusal:
    """A refusal under a known rule."""
    return Refusal(rule, where, reason, RULES[rule])
