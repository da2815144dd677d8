"""What a lock binds besides the claim's own words, read from the workspace as it is now.

Code by import closure, packages by version, the platform by the settings that change last digits,
given directions and weights by the bytes of their tensors, other given data by their bytes. Nothing
of the workspace is imported.

Not covered: files that a builder reads and a recipe does not list; packages that neither
:data:`PACKAGES` names nor the builder imports; hardware beyond its architecture.
"""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from harness.claim.canonical import claim_to_json
from harness.claim.schema import Claim
from harness.digest import digest_file
from harness.errors import ClaimsError
from harness.lock.beside import beside
from harness.lock.closure import builder_walk, evaluator_closure
from harness.lock.code import code_content
from harness.lock.given import given_digests
from harness.lock.libraries import libraries
from harness.lock.memory import remember
from harness.lock.mentions import refuse_unlisted
from harness.lock.tensors import tensors_digest
from harness.subject.interface import Recipe
from harness.subject.recipe import recipe_to_json

PACKAGES = (
    "numpy",
    "pandas",
    "safetensors",
    "scikit-learn",
    "scipy",
    "statsmodels",
    "torch",
    "transformer-lens",
    "transformers",
)
ABSENT = "not installed"


def packages() -> dict[str, str]:
    """Installed version of every package that numbers depend on."""
    return remember("packages", lambda: {name: _version(name) for name in PACKAGES})


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ABSENT


def settings() -> dict[str, str]:
    """What else of this installation changes numbers: Python's minor version, the architecture."""
    return {
        "machine": platform.machine(),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
    }


def given_files(root: Path, claim: Claim) -> dict[str, str]:
    """Path -> digest, for directions and dictionaries that are given and not fitted: of tensors
    where it holds any, of a dictionary's settings as they are."""
    paths = {d.file for d in claim.directions if d.file is not None}
    found = {path: tensors_digest(root, path) for path in sorted(paths)}
    return found | given_digests(root, [f for arm in claim.arms for f in arm.files])


def recipe_content(root: Path, recipe: Recipe) -> dict[str, Any]:
    """What is bound of one recipe: its meaning, its builder's code, libraries and given data.

    Raises :class:`ClaimsError` naming the recipe where its given data cannot be bound, and for data
    that it or its builder names and does not list.
    """
    walk, builder = builder_walk(root, recipe)
    refuse_unlisted(root, recipe, walk)
    out: dict[str, Any] = {"recipe": recipe_to_json(recipe), "builder": builder}
    try:
        more = {
            "libraries": libraries(walk.libraries, root),
            "given": given_digests(root, recipe.given),
        }
    except ClaimsError as error:
        raise ClaimsError(error.what, where=recipe.file, fix=error.fix) from error
    return out | {name: value for name, value in more.items() if value}


def content(
    root: Path, previous: str, bound: tuple[tuple[Claim, Recipe], ...], beacon: str = ""
) -> dict[str, Any]:
    """Everything that one registration binds, as the JSON value whose digest it is.

    ``previous`` is the ledger's head, so that no two registrations are the same. ``yaml`` is the
    digest of the file's bytes, for information: layout and comments may change afterwards.
    ``beacon`` names public randomness that is still to come (``harness.lock.beacon``).
    """
    return {
        "schema": "causal-claims/registration/1",
        "previous": previous,
        "claims": {
            claim.id: {
                "claim": claim_to_json(claim),
                "files": given_files(root, claim),
                **code_content(root, claim, recipe),
                "yaml": digest_file(root / "claims" / f"{claim.id}.yaml"),
            }
            for claim, recipe in bound
        },
        "recipes": {claim.subject.recipe: recipe_content(root, recipe) for claim, recipe in bound},
        "evaluator": evaluator_closure(root),
        "packages": packages(),
        "settings": settings(),
        "conftest": beside(root),
        **({"beacon": beacon} if beacon else {}),
    }
