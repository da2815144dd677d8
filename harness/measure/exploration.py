"""Which exploration on disk is one of a claim as it stands: ``exploration.json`` in its folder.

An exploration's folder is named by all of the claim, margins included. What makes one a pilot of a
claim is less: that the same is measured. So the folder says what is measured (``design``): models,
samples, sites, directions, arms, dose rule, what is counted and chosen; recipe and builder's code.
Margins, expectations, words, preconditions and the number of replicates are not in it: they are
what an exploration is made for.

Not covered: reading what was measured (``harness.verdict.pilot``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.claim.canonical import claim_to_json
from harness.claim.schema import Claim
from harness.digest import digest, write_atomic
from harness.errors import NothingThere, RecordBroken
from harness.measure.store import json_bytes, measured_replicates, read_json
from harness.plan.needs import dictionary_hooks, feature_positions, feature_roles, select_arms
from harness.subject.interface import Recipe
from harness.subject.recipe import recipe_to_json

FILE = "exploration.json"
SCHEMA = "causal-claims/exploration/1"
UNSAID = ("replicates", "sequential")
"""Of the subject: how many replicates there are."""
MEASURED = ("samples", "sites", "directions", "arms", "dose_rule")


@dataclass(frozen=True)
class Explored:
    """A folder that holds an exploration: how many replicates it is for, and which are there."""

    folder: Path
    replicates: int
    measured: tuple[int, ...]


def design(claim: Claim, recipe: Recipe, code: Mapping[str, str]) -> str:
    """The digest of what measuring a claim measures, whatever is made of it."""
    whole = claim_to_json(claim)
    subject = {k: v for k, v in whole["subject"].items() if k not in UNSAID}
    return digest(
        {
            "subject": subject,
            **{key: whole.get(key) for key in MEASURED},
            "select": [arm.name for arm in select_arms(claim, claim.arms)],
            "features": [
                list(dictionary_hooks(claim)),
                list(feature_positions(claim)),
                list(feature_roles(claim)),
            ],
            **({"probes": whole["probes"]} if "probes" in whole else {}),
            "recipe": recipe_to_json(recipe),
            "code": dict(code),
        }
    )


def note(folder: Path, claim: Claim, recipe: Recipe, code: Mapping[str, str]) -> None:
    """Write what is explored into the folder, unless it is there already."""
    path = folder / FILE
    if path.is_file():
        return
    value: dict[str, Any] = {
        "schema": SCHEMA,
        "claim": claim.id,
        "design": design(claim, recipe, code),
        "replicates": claim.subject.replicates,
    }
    write_atomic(path, json_bytes(value))


def largest(folder: Path, wanted: str) -> Explored | None:
    """Of the explorations in ``folder`` that measured ``wanted``, the one with most replicates.

    Raises :class:`RecordBroken` for a file that is not what :func:`note` writes.
    """
    found = []
    for path in sorted(folder.glob(f"*/{FILE}")):
        value = _value(path)
        if value["design"] == wanted:
            done = measured_replicates(path.parent, value["replicates"])
            found.append(Explored(path.parent, value["replicates"], done))
    found = [one for one in found if one.measured]
    return max(found, key=lambda one: len(one.measured), default=None)


def _value(path: Path) -> dict[str, Any]:
    try:
        value = read_json(path)
        sound = value.get("schema") == SCHEMA and isinstance(value["design"], str)
        count = value["replicates"]
        sound = sound and type(count) is int and 1 <= count <= 10_000
    except (NothingThere, RecordBroken, KeyError):
        sound = False
    if not sound:
        raise RecordBroken(
            "not the record of an exploration",
            where=str(path),
            fix=f"Remove the folder {path.parent}, and explore again",
        )
    return value
