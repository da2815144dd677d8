"""The subject of a claim file: recipe, replicates, and the rule that adds replicates.

Not covered: whether the recipe trains its roles in that many replicates (``harness.claim.offers``),
which tests a rule that adds replicates admits (``harness.lock.rules.sequential``).
"""

from __future__ import annotations

from harness.claim.schema import Sequential, Subject
from harness.fields import Node
from harness.subject.recipe import MOST_REPLICATES

BACKENDS = ("native", "bridge")
DTYPES = ("float32", "float64")
FEWEST = 2
"""Replicates before the first look: one alone has no spread to show."""


def subject(node: Node) -> Subject:
    """Which models, and how many."""
    keys = node.fields(("recipe", "replicates"), ("backend", "dtype", "sequential"))
    most = keys["replicates"].count(1, MOST_REPLICATES) if "replicates" in keys else 1
    return Subject(
        recipe=keys["recipe"].text(255) if "recipe" in keys else "",
        replicates=most,
        backend=keys["backend"].word(BACKENDS, "backend") if "backend" in keys else BACKENDS[0],
        dtype=keys["dtype"].word(DTYPES, "dtype") if "dtype" in keys else DTYPES[0],
        sequential=_sequential(keys["sequential"], most) if "sequential" in keys else None,
    )


def _sequential(node: Node, most: int) -> Sequential:
    keys = node.fields(("first",), ("step",))
    first = keys["first"].count(FEWEST, MOST_REPLICATES) if "first" in keys else FEWEST
    step = keys["step"].count(1, MOST_REPLICATES) if "step" in keys else 1
    if first >= most:
        node.problem(
            f"the first {first} replicates are all of the {most} that there are at the most",
            "Write more replicates:, or remove sequential:",
        )
    elif step > most - first:
        node.problem(
            f"a step of {step} leads beyond the {most} replicates that there are at the most",
            f"Write a step of {most - first} at the most",
        )
    return Sequential(first, step)
