"""One row of the table of ``tests/lock/test_refusals.py``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.claim.schema import Claim
from harness.lock.pilot import Pilot
from harness.subject.interface import Recipe
from tests.lock.designs import RECIPE, Edit


@dataclass(frozen=True)
class Row:
    """The smallest ``edit`` of a sound design that must not lock: by these ``rules`` (words, all of
    them; ``parse``: the language refuses it), in these ``words``; and the nearest ``neighbour`` of
    that edit that must lock.

    ``beyond`` is what no file can say and a program can, ``recipe`` another recipe; the neighbour
    goes without. ``pilot`` and ``near_pilot`` are explorations of the two.
    """

    name: str
    base: str
    edit: Edit
    rules: str
    words: str
    neighbour: Edit
    beyond: Callable[[Claim], Claim] | None = None
    pilot: Pilot | None = None
    near_pilot: Pilot | None = None
    recipe: Recipe = RECIPE
