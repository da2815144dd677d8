"""What a lock binds besides the claim's own words, read from the workspace as it is now.

Code by import closure, packages by version, the platform by the settings that change last digits,
given directions by the bytes of their tensors. Nothing of the workspace is imported.

Not covered: data files that the builder reads; packages outside :data:`PACKAGES`; hardware beyond
its architecture.
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
from harness.lock.closure import builder_closure, evaluator_closure
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
    return {name: _version(name) for name in PACKAGES}


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
    """Path -> digest of its tensors, for directions that are given and not fitted."""
    paths = {d.file for d in claim.directions if d.file is not None}
    return {path: tensors_digest(root, path) for path in sorted(paths)}


def content(root: Path, previous: str, bound: tuple[tuple[Claim, Recipe], ...]) -> dict[str, Any]:
    """Everything that one registration binds, as the JSON value whose digest it is.

    ``previous`` is the ledger's head, so that no two registrations are the same. ``yaml`` is the
    digest of the file's bytes, for information: layout and comments may change afterwards.
    """
    return {
        "schema": "causal-claims/registration/1",
        "previous": previous,
        "claims": {
            claim.id: {
                "claim": claim_to_json(claim),
                "files": given_files(root, claim),
                "yaml": digest_file(root / "claims" / f"{claim.id}.yaml"),
            }
            for claim, _ in bound
        },
        "recipes": {
            claim.subject.recipe: {
                "recipe": recipe_to_json(recipe),
                "builder": builder_closure(root, recipe),
            }
            for claim, recipe in bound
        },
        "evaluator": evaluator_closure(root),
        "packages": packages(),
        "settings": settings(),
    }
