"""What a claim asks of its recipe: roles in enough replicates, and dictionaries where it looks.

Roles that do not exist are found where they stand (``harness.claim.parse_arms``); here it is about
roles that exist, and stop too early or are not part of what is measured.

Not covered: hook points and position classes (only the model and the task know).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.claim.schema import Arm, Claim, Direction
from harness.claim.sound import Check
from harness.claim.suits_probes import (
    check_offered,
    dictionary_offered,
    hook_offered,
    probe_roles,
    roles_offered,
)
from harness.claim.vocabulary import HOST
from harness.fields import Reader
from harness.subject.interface import Recipe

ARM_KEYS = (
    *("arm", "arms", "baseline", "reference", "trained"),
    *("over", "minus", "than", "against", "controls"),
)


def check_offers(claim: Claim, recipe: Recipe, reader: Reader) -> None:
    """Note with ``reader`` whatever the claim needs and the recipe does not offer."""
    check = Check(claim, reader)
    caps = {role.name: role.replicates for role in recipe.roles}
    for arm in claim.arms:
        if check.sound("arms", arm.name) and arm.on in caps:
            _sides(check, arm, caps)
            _partner(check, arm, caps)
            _features(check, arm, recipe)
    if claim.dose_rule is not None:
        rule = {"arm": claim.dose_rule.arm, "baseline": claim.dose_rule.baseline}
        _replicates(check, "dose_rule", rule, caps)
    for direction in claim.directions:
        if direction.method == "dictionary-row" and check.sound("directions", direction.name):
            _row(check, direction, recipe)
    for path, section, kind, params in check.specs():
        if section != "shown":
            _replicates(check, path, params, caps, spare_labels=kind.name == "coverage")
        if kind.features or kind.name == "dictionary":
            dictionary_offered(check, path, kind, params, recipe)
        if kind.features:
            for key in ("trained", "standard"):
                _role_throughout(check, f"{path}.{key}", params[key], caps)
        if kind.name == "norm-ratio" and section != "shown":
            _role_throughout(check, f"{path}.on", params["on"], caps)
        if kind.name == "health":
            _health(check, path, params, recipe)
    check_offered(check, recipe)


def _sides(check: Check, arm: Arm, caps: Mapping[str, int | None]) -> None:
    """Each candidate compares two different models, which are trained where it is fitted."""
    n = check.claim.subject.replicates
    cap = caps[arm.on]
    measured = range(n if cap is None else min(n, cap))
    given = arm.directions if arm.of is None else (arm.of,)
    for index, name in enumerate(given):
        direction = check.directions.get(name)
        if direction is None or not check.sound("directions", name):
            continue
        path = f"arms.{arm.name}.directions[{index}]"
        if path not in check.reader.document.lines:
            path = f"arms.{arm.name}.{'direction' if arm.of is None else 'of'}"
        sides = _roles(direction, arm)
        if len(sides) == 2 and sides[0] == sides[1]:
            check.reader.problem(
                path,
                f"in this arm, direction {name!r} compares {sides[0]} with itself",
                "Use a direction whose other role is not the arm's own",
            )
        source = arm.on if direction.map_from == HOST else direction.map_from
        if source == arm.on and not arm.donor:
            check.reader.problem(
                path,
                f"in this arm, direction {name!r} is mapped from {source} to itself",
                "Add a donor: to the arm, or map_from: another role to the direction",
            )
        for role in (*sides, *([] if source is None else [source])):
            last = caps.get(role)
            if last is None or (role == arm.on and not direction.apart):
                continue
            if any((r + arm.donor) % n >= last for r in measured):
                check.reader.problem(
                    path,
                    f"direction {name!r} needs role {role!r}, which stops at {last} replicates",
                    "Lift that in the recipe, or use another role",
                )


def _partner(check: Check, arm: Arm, caps: Mapping[str, int | None]) -> None:
    """The other model of an interchange is trained wherever it is needed."""
    n, cap = check.claim.subject.replicates, caps[arm.on]
    last = None if arm.partner is None else caps.get(arm.partner)
    if last is None:
        return
    if any((r + arm.donor) % n >= last for r in range(n if cap is None else min(n, cap))):
        check.reader.problem(
            f"arms.{arm.name}.with",
            f"role {arm.partner!r} stops at {last} replicates",
            "Lift that in the recipe, or use another role",
        )


def _roles(direction: Direction, arm: Arm) -> tuple[str, ...]:
    """The roles that a direction compares in an arm, ``host`` resolved."""
    other = direction.negative
    if other is None and direction.method.startswith("svd"):
        other = HOST
    named = (side for side in (direction.positive, other) if side is not None)
    return tuple(arm.on if side == HOST else side for side in named)


def _replicates(
    check: Check,
    path: str,
    params: Mapping[str, Any],
    caps: Mapping[str, int | None],
    spare_labels: bool = False,
) -> None:
    """Arms that decide are measured in every replicate."""
    for key in ARM_KEYS:
        for arm in check.listed(params.get(key)):
            if not (spare_labels and arm.label):
                _role_throughout(check, f"{path}.{key}", arm.on, caps, f"arm {arm.name!r} is on ")


def _role_throughout(
    check: Check, path: str, role: str, caps: Mapping[str, int | None], lead: str = ""
) -> None:
    last = caps.get(role)
    if last is not None and last < check.claim.subject.replicates:
        check.reader.problem(
            path,
            f"{lead}role {role!r}, which stops at {last} of {check.claim.subject.replicates} "
            "replicates",
            "Lift that in the recipe, or show it only (shown:)",
        )


def _row(check: Check, direction: Direction, recipe: Recipe) -> None:
    """A decoder row comes from dictionaries of both roles, in every replicate."""
    path, site = f"directions.{direction.name}", check.claim.sites.get(direction.site)
    sides = {"trained": str(direction.positive), "standard": str(direction.negative)}
    caps = {role.name: role.replicates for role in recipe.roles}
    for key, side in (("positive", sides["trained"]), ("negative", sides["standard"])):
        _role_throughout(check, f"{path}.{key}", side, caps)
    if site is not None and check.sound("sites", direction.site):
        hook_offered(check, path, site.hook, f"{path}.site", recipe)
        of = {f"{path}.positive": sides["trained"], f"{path}.negative": sides["standard"]}
        roles_offered(check, of, recipe)


def _features(check: Check, arm: Arm, recipe: Recipe) -> None:
    """Features are compared in both roles, in every replicate; of a dictionary that is there."""
    features, site = arm.features, check.claim.sites.get(arm.site or "")
    if features is None:
        return
    path = f"arms.{arm.name}.features"
    of = {f"{path}.positive": features.positive, f"{path}.negative": features.negative}
    for at, side in of.items():
        _role_throughout(check, at, side, {role.name: role.replicates for role in recipe.roles})
    if features.folder is None and site is not None and check.sound("sites", str(arm.site)):
        hook_offered(check, path, site.hook, f"arms.{arm.name}.site", recipe)
        roles_offered(check, of, recipe)


def _health(check: Check, path: str, params: Mapping[str, Any], recipe: Recipe) -> None:
    """A role whose health is asked for but which is never built would pass unseen."""
    claim = check.claim
    arms = [arm for arm in claim.arms if check.sound("arms", arm.name)]
    if len(arms) < len(claim.arms):
        return
    built = {arm.on for arm in arms} | {arm.partner for arm in arms if arm.partner is not None}
    for arm in arms:
        if arm.features is not None:
            built |= {arm.features.positive, arm.features.negative}
        for name in arm.directions:
            if name in check.directions:
                built |= {*_roles(check.directions[name], arm)}
    for _, _, kind, other in check.specs():
        if kind.features:
            built |= {other["trained"], other["standard"]}
    for probe in claim.probes:
        built |= {*probe_roles(probe)} if check.sound("probes", probe.name) else set()
    known = {role.name for role in recipe.roles}
    for role in params.get("roles") or ():
        if role in known and role not in built:
            check.reader.problem(
                f"{path}.roles",
                f"role {role!r} is not used by this claim, so it is never built",
                "Name roles that arms, directions or features use",
            )
