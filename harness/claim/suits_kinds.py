"""Misfits of single kinds: what one estimand, test or precondition asks beyond its parameters.

Not covered: what all of them ask of arms and baselines (``harness.claim.suits``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.claim.feature_arms import STEER
from harness.claim.kinds import Kind
from harness.claim.looks import fewest_replicates
from harness.claim.sound import Check

PLANNED = ("add", "subtract", STEER)
"""Operations whose realised dose can be held against the planned one."""


def by_kind(check: Check, path: str, section: str, kind: Kind, params: Mapping[str, Any]) -> None:
    problem = check.reader.problem
    if section == "criteria":
        for key in ("arm", "arms", "minus", "than", "over", "against", "controls"):
            unlabelled(check, path, key, params, "decides")
        if kind.name == "feature-asymmetry" and not params["matched"]:
            what = "pooled over text variants, models and texts differ together: it never decides"
            problem(f"{path}.matched", what, "Write matched: true, or move the estimand to shown:")
        if kind.name == "stratified-odds" and not params["stratified"]:
            what = "thrown together, strata that an arm has more of count for more: never decides"
            problem(f"{path}.stratified", what, "Write stratified: true, or move it to shown:")
    if kind.name == "dose-band":
        for arm in check.listed(params["arm"]):
            if arm.operation is not None and arm.operation not in PLANNED:
                what = f"{arm.operation} has no planned size that the realised one could be held to"
                problem(f"{path}.arm", what, f"Name an arm that can {' or '.join(PLANNED)}")
    if kind.name == "best-production":
        for arm in check.listed(params["arms"]):
            if arm.operation is not None and not arm.directions:
                what = f"the arm {arm.name!r} has no candidate directions"
                problem(f"{path}.arms", what, "Name an arm with directions:")
        trained = check.arm(params["trained"])
        if trained is not None and trained.operation is not None:
            what = f"the arm {trained.name!r} intervenes"
            problem(f"{path}.trained", what, "Name an arm without operation")
        if params["gate"]["specificity"] > 1:
            what = "no push is more specific than 1"
            problem(f"{path}.gate.specificity", what, "Write a share from 0 to 1")
    if kind.family:
        _members(check, path, kind, params)
    if kind.name == "norm-ratio":
        _lengths(check, path, params)
    if kind.name == "split-half":
        _halves(check, path, params["direction"])


def _members(check: Check, path: str, kind: Kind, params: Mapping[str, Any]) -> None:
    """A family of differences: which arms and doses can be members."""
    problem = check.reader.problem
    if kind.name == "ordering" and len(params["arms"]) == 1:
        problem(f"{path}.arms", "an order needs two arms at least", "Name them in order")
    if kind.name == "contrasts":
        for arm in check.listed(params["arms"]):
            if arm.control is not None:
                what = f"the arm {arm.name!r} has random directions, which are no members"
                problem(f"{path}.arms", what, "Name arms with directions of their own")
    if kind.name == "dose-ordering":
        for arm in check.listed(params["arm"]):
            missing = [d for d in params["doses"] if arm.doses and d not in arm.doses]
            if missing:
                what = f"{arm.name!r} is not measured at dose {missing[0]:g}"
                problem(f"{path}.doses", what, "Write doses of its grid")


def unlabelled(check: Check, path: str, key: str, params: Mapping[str, Any], does: str) -> None:
    for arm in check.listed(params.get(key)):
        if arm.label:
            check.reader.problem(
                f"{path}.{key}",
                f"the arm {arm.name!r} has a label, so it is shown and never {does}",
                f"Remove the label of {arm.name!r}, or name another arm",
            )


def _halves(check: Check, path: str, name: str) -> None:
    """Two halves are fitted for directions that an arm uses with its own replicate as donor."""
    direction = check.directions.get(name)
    if direction is None or not check.sound("directions", name) or "arms" in check.faulty:
        return
    if direction.method == "from-file":
        check.reader.problem(
            f"{path}.direction", f"{name!r} is read from a file: it has no halves", "Remove it"
        )
    elif direction.rank is not None:
        what = f"{name!r} is a subspace: split-half compares single directions"
        check.reader.problem(f"{path}.direction", what, "Name a single direction")
    elif direction.method == "dictionary-row":
        what = f"{name!r} is chosen on the select split: it has no halves of the fit split"
        check.reader.problem(f"{path}.direction", what, "Name a fitted direction")
    elif not any(name in arm.directions and arm.donor == 0 for arm in check.claim.arms):
        check.reader.problem(
            f"{path}.direction",
            f"no arm uses {name!r} within its replicate, so it is never fitted there",
            "Name a direction that an arm without donor uses",
        )


def _lengths(check: Check, path: str, params: Mapping[str, Any]) -> None:
    """Both directions are fitted for the role, by arms that use it within its replicate."""
    if params["direction"] == params["to"]:
        what = f"{params['to']!r} over itself is 1"
        check.reader.problem(f"{path}.to", what, "Name two directions")
    for key in ("direction", "to"):
        name, on = params[key], params["on"]
        if not check.sound("directions", name) or "arms" in check.faulty:
            continue
        arms = [a for a in check.claim.arms if name in a.directions and a.donor == 0]
        if not any(a.on == on for a in arms):
            check.reader.problem(
                f"{path}.{key}",
                f"no arm on {on} uses {name!r} within its replicate, so it is not fitted there",
                f"Name another role (on:), or add an arm on {on} with it",
            )


def pairs_and_ratios(check: Check) -> None:
    pair: tuple[object, object] | None = None
    for path, _, kind, params in check.specs():
        if kind.features:
            found = (params["trained"], params["standard"])
            if found[0] == found[1]:
                what = f"trained and standard are both {found[0]}"
                check.reader.problem(f"{path}.standard", what, "Name two roles")
            elif pair is not None and found != pair:
                what = "features of another pair of roles than before: a claim compares one pair"
                check.reader.problem(path, what, f"Use {pair[0]} and {pair[1]}, or another claim")
            pair = pair or found
    for one in check.claim.directions:
        if one.method == "dictionary-row" and check.sound("directions", one.name):
            found = (one.positive, one.negative)
            if pair is not None and found != pair:
                what = "a decoder row of another pair of roles: a claim compares one pair"
                fix = f"Use {pair[0]} and {pair[1]}, or another claim"
                check.reader.problem(f"directions.{one.name}", what, fix)
            pair = pair or found
    for arm in check.claim.arms:
        features = arm.features
        # those of a given dictionary are not among the stored counts, which are of one pair
        if features is not None and features.folder is None and check.sound("arms", arm.name):
            found = (features.positive, features.negative)
            if pair is not None and found != pair:
                what = "features of another pair of roles: a claim compares one pair"
                fix = f"Use {pair[0]} and {pair[1]}, or another claim"
                check.reader.problem(f"arms.{arm.name}.features", what, fix)
            pair = pair or found
    for criterion in check.claim.criteria:
        if not check.sound("criteria", criterion.name) or criterion.expect is None:
            continue
        if criterion.test.kind in ("ratio-above", "mean-ratio-above") and (
            criterion.expect.effect <= 0
        ):
            check.reader.problem(
                f"criteria.{criterion.name}.expect.effect",
                f"the expected ratio is {criterion.expect.effect:g}",
                "Write a ratio above 0",
            )


def exclusion(check: Check) -> None:
    claim, rule = check.claim, check.claim.exclusion
    if rule is None or any(f.startswith("exclusion") for f in check.faulty):
        return
    if not any(p.kind == "health" for p in claim.preconditions):
        check.reader.problem(
            "exclusion",
            "exclusion looks at health, and there is no precondition of kind health",
            "Add one, or remove exclusion:",
        )
    fewest = fewest_replicates(claim.subject)
    if rule.at_most > fewest - 2 and "subject.replicates" not in check.faulty:
        check.reader.problem(
            "exclusion.at_most",
            f"leaving out {rule.at_most} of {fewest} replicates leaves too few",
            "Leave at least 2 replicates, better 6 or more",
        )
