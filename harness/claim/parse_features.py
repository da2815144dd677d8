"""What an arm says of dictionary features: which ones, or which arm its random ones are drawn like.

Roles and arms are read by the caller, who knows their names.

Not covered: whether the recipe has the dictionaries (``harness.claim.offers``), whether a control
is where and as its arm is (``harness.claim.suits_features``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness.claim.feature_arms import (
    FEATURE_OPERATIONS,
    MATCHED_RATE,
    MOST_FEATURES,
    STEER,
    Features,
)
from harness.claim.vocabulary import DICTIONARIES
from harness.errors import ClaimsError
from harness.fields import Node
from harness.paths import inside

ReadName = Callable[[Node], str]
REFUSED = ("direction", "directions")


def feature_parts(
    entry: Node, keys: Mapping[str, Node], operation: str, role: ReadName, arm: ReadName
) -> dict[str, Any]:
    """The fields of :class:`harness.claim.schema.Arm` that such keys fill."""
    if operation not in FEATURE_OPERATIONS:
        if "features" in keys:
            what, fix = f"{operation} has no features", " or ".join(FEATURE_OPERATIONS)
            keys["features"].problem(what, f"Remove features:, or use {fix}")
        if "control" in keys and keys["control"].value == MATCHED_RATE:
            what = f"{MATCHED_RATE} is a control of features, and {operation} has none"
            keys["control"].problem(what, "Use another control")
        return {}
    for key in REFUSED:
        if key in keys:
            keys[key].problem(f"{operation} takes no {key}", f"Remove {key}:, and write features:")
    if "unit" in keys and operation != STEER:
        keys["unit"].problem(f"{operation} has no dose in a unit", f"Remove unit:, or use {STEER}")
    if "control" in keys:
        return _drawn_like(entry, keys, operation, arm)
    for key in ("of", "count"):
        if key in keys:
            keys[key].problem(f"{key} belongs to a control", f"Remove {key}:")
    if "features" not in keys:
        entry.problem(
            f"{operation} does not say which features",
            "Add features: {positive: role, negative: role}, or control: and of:",
        )
        return {}
    return {"features": features(keys["features"], role)}


def _drawn_like(
    entry: Node, keys: Mapping[str, Node], operation: str, arm: ReadName
) -> dict[str, Any]:
    """A control: the arm whose features its own resemble."""
    if keys["control"].value != MATCHED_RATE:
        keys["control"].problem(
            f"{operation} has no control {keys['control'].value!r:.40}", f"Write {MATCHED_RATE}"
        )
    if "features" in keys:
        keys["features"].problem(
            "features and control are both given", "Keep features:, or control:, of: and count:"
        )
    for key, words in (("count", "how many"), ("of", "like which arm's features")):
        if key not in keys:
            entry.problem(f"the control does not say {words}", f"Add {key}:")
    return {"like": arm(keys["of"])} if "of" in keys else {}


def features(node: Node, role: ReadName) -> Features:
    """Which features of which dictionary."""
    keys = node.fields(("positive", "negative"), ("dictionary", "folder", "top"))
    sides = {side: role(keys[side]) for side in ("positive", "negative") if side in keys}
    if len(sides) == 2 and sides["positive"] == sides["negative"]:
        keys["negative"].problem("positive and negative are the same role", "Name two roles")
    if "folder" in keys and "dictionary" in keys:
        keys["folder"].problem("dictionary and folder are two dictionaries", "Keep one")
    whose: str | None = None if "folder" in keys else DICTIONARIES[0]
    if "dictionary" in keys:
        whose = keys["dictionary"].word(DICTIONARIES, "dictionary")
    return Features(
        positive=sides.get("positive", ""),
        negative=sides.get("negative", ""),
        dictionary=whose,
        top=keys["top"].count(1, MOST_FEATURES) if "top" in keys else 1,
        folder=_folder(keys["folder"]) if "folder" in keys else None,
    )


def _folder(node: Node) -> str:
    """A folder of the workspace (what is in it is the lock's business)."""
    name = node.text(255)
    try:
        if name:
            inside(Path(), name)
    except ClaimsError as error:
        node.problem(error.what, error.fix)
    return name.rstrip("/")
