"""Directions of a claim file: how each vector is fitted.

Options beside the roles belong to single methods (:data:`OPTIONS`) and are absent elsewhere.

Not covered: sites and arms (``harness.claim.parse_arms``); whether the recipe offers what a method
needs (``harness.claim.offers``).
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.claim.parse_arms import Names, reference, role
from harness.claim.schema import Direction
from harness.claim.terms import LEADS, MAPS, METHODS, PARTS, RANKS
from harness.claim.vocabulary import DICTIONARIES, HOST, METHOD_NEEDS
from harness.errors import ClaimsError
from harness.fields import Node
from harness.paths import inside

MAPPING = ("map", "map_from")
"""Keys of every method but from-file: in whose space it is fitted, and how it comes to the host."""
RADIUS, LARGEST_RADIUS = 0.5, 4.0
"""In median residual norms: the default, and the largest dose there is."""
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "file": ("from-file",),
    "dictionary": ("dictionary-row",),
    "rank": ("pca-difference", "pca-within"),
    "lead": ("pca-difference", "pca-within"),
    "radius": ("optimised",),
}
"""Key -> the methods that it belongs to."""


def directions(node: Node, names: Names) -> tuple[Direction, ...]:
    return tuple(_direction(name, entry, names) for name, entry in node.named("direction"))


def _direction(name: str, entry: Node, names: Names) -> Direction:
    keys = entry.fields(("method", "site"), ("positive", "negative", *OPTIONS, *MAPPING, "part"))
    method = keys["method"].word(METHODS, "method") if "method" in keys else METHODS[0]
    given = {side: keys[side] for side in ("positive", "negative") if side in keys}
    if "method" in keys and keys["method"].value in METHODS:
        _needs(entry, keys, method)
        _options(entry, keys, method)
        _mapping(entry, keys, method)
    roles = {side: role(one, names, host=True) for side, one in given.items()}
    if len(roles) == 2 and roles["positive"] == roles["negative"]:
        keys["negative"].problem("positive and negative are the same role", "Name two roles")
    if method == "dictionary-row":
        for side, of in roles.items():
            if of == HOST:
                keys[side].problem(
                    "a dictionary belongs to a named role, not to whichever model hosts the arm",
                    "Name the role",
                )
    return Direction(
        name=name,
        method=method,
        site=reference(keys["site"], "site", names.sites) if "site" in keys else "",
        positive=roles.get("positive"),
        negative=roles.get("negative"),
        file=_file(keys["file"]) if "file" in keys else None,
        dictionary=_dictionary(keys, method),
        rank=_rank(keys),
        map=keys["map"].word(MAPS, "map") if "map" in keys else None,
        map_from=_source(keys, names, roles.get("positive")),
        radius=_radius(keys, method),
        lead=keys["lead"].word(LEADS, "lead") if "lead" in keys else None,
        part=keys["part"].word(PARTS, "part") if "part" in keys else None,
    )


def _needs(entry: Node, keys: Mapping[str, Node], method: str) -> None:
    """The roles that a method asks for, and none that it has no use for."""
    needs = METHOD_NEEDS[method]
    negative = needs.negative
    if _rank(keys) is not None and method in OPTIONS["rank"]:
        negative = "required"  # the mean difference is projected on the subspace
    for side, need in (("positive", needs.positive), ("negative", negative)):
        if need == "required" and side not in keys:
            entry.problem(f"{method} needs a {side} role", f"Add {side}: and a role")
        elif need == "refused" and side in keys:
            keys[side].problem(f"{method} has no {side} role", f"Remove {side}:")


def _options(entry: Node, keys: Mapping[str, Node], method: str) -> None:
    """Options of this method only; a file is no option."""
    if (method == "from-file") != ("file" in keys):
        wrong = keys.get("file", entry)
        wrong.problem("method from-file and the key file belong together", "Give both or neither")
    for key, methods in OPTIONS.items():
        if key in keys and key != "file" and method not in methods:
            keys[key].problem(
                f"{method} has no {key}",
                f"Remove {key}:, or use {' or '.join(methods)}",
            )


def _mapping(entry: Node, keys: Mapping[str, Node], method: str) -> None:
    """A map leads a single direction from one model to another."""
    if "map" not in keys:
        if "map_from" in keys:
            keys["map_from"].problem("map_from without map", f"Add map: {' or '.join(MAPS)}")
        return
    if method == "from-file":
        keys["map"].problem("from-file has no map", "Remove map:, or fit the direction")
    elif "map_from" not in keys and "positive" not in keys:
        entry.problem(f"{method} names no model to map from", "Add map_from: and a role")
    if "rank" in keys:
        keys["map"].problem("a subspace is not mapped", "Remove map: or rank:")


def _source(keys: Mapping[str, Node], names: Names, positive: str | None) -> str | None:
    """The role whose space a mapped direction is fitted in: the positive one unless named."""
    if "map" not in keys:
        return None
    return role(keys["map_from"], names, host=True) if "map_from" in keys else positive


def _radius(keys: Mapping[str, Node], method: str) -> float | None:
    if "radius" in keys:
        return keys["radius"].number(high=LARGEST_RADIUS, above=0.0)
    return RADIUS if method == "optimised" else None


def _rank(keys: Mapping[str, Node]) -> int | None:
    """The rank of a subspace; None for a single direction, which rank 1 without a lead is."""
    if "rank" not in keys:
        if "lead" in keys:
            keys["lead"].problem("lead without rank", "Add rank:, the number of directions")
        return None
    node = keys["rank"]
    if type(node.value) is not int or node.value not in RANKS:
        known = ", ".join(str(r) for r in RANKS)
        node.problem(f"{node.value!r} is no rank", f"Write one of {known}")
        return None
    return None if node.value == 1 and "lead" not in keys else node.value


def _dictionary(keys: Mapping[str, Node], method: str) -> str | None:
    if "dictionary" in keys:
        return keys["dictionary"].word(DICTIONARIES, "dictionary")
    return DICTIONARIES[0] if method == "dictionary-row" else None


def _file(node: Node) -> str:
    """A safetensors file of the workspace (its existence and bytes are the lock's business)."""
    from pathlib import Path

    name = node.text(255)
    try:
        if name:
            inside(Path(), name)
    except ClaimsError as error:
        node.problem(error.what, error.fix)
    if name and not name.endswith(".safetensors"):
        node.problem(f"{name!r} is not a safetensors file", "Weights come from safetensors only")
    return name
