"""Parts of a claim that exist but do not suit each other: what would be a wrong or missing number.

An estimand that reads one number cannot read an arm of nine candidates; a baseline has to be the
model that the arm intervenes on; a grid has to hold the dose that is read from it. Each rule here
stands for a number that the judge would otherwise fail to find, or find and misread.

Not covered: single kinds (``suits_kinds``), what the recipe offers (``offers``), whether the design
can decide (``harness.lock.lint``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.claim.feature_arms import CLAMP, STEER
from harness.claim.kinds import Kind
from harness.claim.schema import Arm, Claim
from harness.claim.sound import Check
from harness.claim.suits_components import check_components
from harness.claim.suits_features import check_feature_arm
from harness.claim.suits_kinds import PLANNED, by_kind, exclusion, pairs_and_ratios, unlabelled
from harness.claim.suits_probes import check_probes
from harness.claim.terms import UNITS, WITHOUT_DIRECTION
from harness.claim.vocabulary import AT_ARMS, JUDGED, ORDERINGS
from harness.fields import Reader

CURVES = {"damage-difference": ("arm", "than"), "coverage": ("arm", "arms"),
          "best-production": ("arms",), "dose-ordering": ("arm",),
          "steering-asymmetry": ("arm", "against")}  # fmt: skip
"""Parameters whose arms are read along their doses."""
OWN_BASELINE = ("arm", "than", "controls", "arms")
"""Parameters whose arms intervene on the model of ``baseline``; see :func:`_baseline`."""
SHARES = ("project-out", "patch", *(o for o in WITHOUT_DIRECTION if o not in (CLAMP, STEER)))


def check_suits(claim: Claim, reader: Reader) -> None:
    """Note every misfit within the claim with ``reader``."""
    check = Check(claim, reader)
    for arm in claim.arms:
        if check.sound("arms", arm.name):
            _arm(check, arm)
    if claim.dose_rule is not None and not any(f.startswith("dose_rule") for f in check.faulty):
        rule = claim.dose_rule
        params: Mapping[str, Any] = {"arm": rule.arm, "baseline": rule.baseline}
        _one_number(check, "dose_rule", "arm", params)
        _baseline(check, "dose_rule", params)
        unlabelled(check, "dose_rule", "arm", params, "chooses the dose")
    for path, section, kind, params in check.specs():
        _spec(check, path, section, kind, params)
    pairs_and_ratios(check)
    check_probes(check)
    exclusion(check)


def _arm(check: Check, arm: Arm) -> None:
    path = f"arms.{arm.name}"
    _unit(check, arm)
    _directions(check, arm)
    check_components(check, arm)
    check_feature_arm(check, arm)
    if arm.operation in SHARES and any(d > 1 for d in arm.doses or ()):
        check.reader.problem(
            f"{path}.doses",
            f"{arm.operation} takes a share away, and a share is at most 1",
            "Write doses from 0 to 1",
        )
    replicates = check.claim.subject.replicates
    if arm.donor >= max(replicates, 1) and check.sound("subject", "replicates"):
        check.reader.problem(
            f"{path}.donor",
            f"the donor is {arm.donor} replicates on, and there are {replicates}",
            f"Write a number below {replicates}",
        )
    if arm.donor and arm.operation in WITHOUT_DIRECTION and arm.partner is None:
        check.reader.problem(f"{path}.donor", f"{arm.operation} has no donor", "Remove donor:")


def _directions(check: Check, arm: Arm) -> None:
    """What an operation or a control asks of its directions."""
    path, key = f"arms.{arm.name}", "direction" if len(arm.directions) == 1 else "directions"
    two = arm.operation == "patch" or arm.control == "placebo"
    for name in arm.directions if arm.of is None else (arm.of,):
        spec = check.directions.get(name)
        if spec is None or not check.sound("directions", name):
            continue
        at = f"{path}.{key if arm.of is None else 'of'}"
        if two and None in (spec.positive, spec.negative):
            what = f"{name!r} does not say which two models: it lacks a positive or negative role"
            check.reader.problem(at, what, "Name a direction with both")
        if arm.operation == "clamp" and spec.rank is not None:
            what = f"{name!r} is a subspace of rank {spec.rank}, and clamp sets one component"
            check.reader.problem(at, what, "Use project-out or patch, or a single direction")


def _unit(check: Check, arm: Arm) -> None:
    """Units other than the residual norm are for vectors that are added, at doses of a list."""
    problem, path = check.reader.problem, f"arms.{arm.name}.unit"
    if arm.unit == UNITS[0]:
        return
    if arm.operation not in PLANNED:
        what = f"{arm.operation} has no dose in {arm.unit}"
        problem(path, what, f"Remove unit:, or {' or '.join(PLANNED)}")
    if arm.unit == "own" and arm.control is not None and arm.like is None:
        what = "random directions have no length of their own"
        problem(path, what, "Write unit: residual or unit: kl")
    if arm.at_judged_dose:
        what = f"the judged dose is in residual norms, and this arm's doses are in {arm.unit}"
        problem(path, what, "Write a list of doses, or remove unit:")
    rule = check.claim.dose_rule
    if rule is not None and rule.arm == arm.name:
        what = "the dose rule chooses a dose in residual norms"
        problem(path, what, "Remove unit:, or name another arm under dose_rule:")


def _one_unit(check: Check, path: str, params: Mapping[str, Any]) -> None:
    """Arms that are read at one dose have it in one unit; the judged one is in residual norms."""
    at = params.get("at")
    arms = [a for key in AT_ARMS for a in check.listed(params.get(key)) if a.operation is not None]
    if "at" in params and at != JUDGED and len({arm.unit for arm in arms}) > 1:
        units = ", ".join(f"{arm.name} in {arm.unit}" for arm in arms)
        what = f"arms are read at the dose {at} in different units: {units}"
        check.reader.problem(f"{path}.at", what, "Use arms with the same unit:")
    if at == JUDGED:
        for arm in arms:
            if arm.unit != UNITS[0]:
                what = f"the judged dose is in residual norms, {arm.name!r} is in {arm.unit}"
                check.reader.problem(f"{path}.at", what, "Write a dose of its grid")


def _spec(check: Check, path: str, section: str, kind: Kind, params: Mapping[str, Any]) -> None:
    ordered = ("arms",) if kind.name in ORDERINGS else ()
    for key in ("arm", "minus", "over", "than", "against", *ordered):
        if kind.name != "dose-band":
            _one_number(check, path, key, params)
    _baseline(check, path, params)
    _two_arms(check, path, params)
    _one_unit(check, path, params)
    for key in CURVES.get(kind.name, ()):
        for arm in check.listed(params.get(key)):
            if arm.operation is not None and not arm.doses:
                check.reader.problem(
                    f"{path}.{key}",
                    f"the arm {arm.name!r} has no list of doses to read along",
                    f"Give {arm.name!r} doses: [0.0, ...]",
                )
    for arm in check.listed(params.get("controls")):
        if arm.operation is not None and arm.control is None:
            check.reader.problem(
                f"{path}.controls",
                f"the arm {arm.name!r} is no control",
                "Name an arm with control: and count:",
            )
    if not any(p.type == "dose" for p in kind.params) and kind.name not in CURVES:
        _at_judged(check, path, kind, params)
    by_kind(check, path, section, kind, params)


def _one_number(check: Check, path: str, key: str, params: Mapping[str, Any]) -> None:
    """An arm that is read as one number has one direction."""
    for arm in check.listed(params.get(key)):
        many = f"{len(arm.directions)} candidates" if len(arm.directions) > 1 else ""
        if arm.control is not None:
            many = "random directions"
        if many:
            check.reader.problem(
                f"{path}.{key}",
                f"the arm {arm.name!r} has {many}, and one number is read here",
                "Name an arm with one direction",
            )


def _baseline(check: Check, path: str, params: Mapping[str, Any]) -> None:
    """A rise and a gap are measured on the model that the arm intervenes on.

    In ``coverage`` the arm's gap is, and ``arms`` are other models on purpose.
    """
    base = check.arm(params.get("baseline"))
    if base is None:
        return
    for key in OWN_BASELINE:
        if key == "arms" and "closes" in params:
            continue
        for arm in check.listed(params.get(key)):
            if arm.operation is not None and arm.on != base.on:
                check.reader.problem(
                    f"{path}.baseline",
                    f"the baseline is on {base.on}, and the arm {arm.name!r} on {arm.on}",
                    f"Name an arm without operation on {arm.on}",
                )
    other, far = check.arm(params.get("reference")), check.arm(params.get("against"))
    if other is not None and far is not None and far.on != other.on:
        check.reader.problem(
            f"{path}.against",
            f"the reference is on {other.on}, and the arm {far.name!r} on {far.on}",
            f"Name an arm on {other.on}: it comes from the other side",
        )
    if other is not None and other.on == base.on:
        check.reader.problem(
            f"{path}.reference",
            f"baseline and reference are both {base.on} without intervention: there is no gap",
            "Name an arm on another role",
        )


def _two_arms(check: Check, path: str, params: Mapping[str, Any]) -> None:
    named = [arm.name for key in ("arm", "arms") for arm in check.listed(params.get(key))]
    for key in ("minus", "over", "than", "against"):
        if key in params and params[key] in named and check.arm(params[key]):
            check.reader.problem(
                f"{path}.{key}",
                f"the arm {params[key]!r} is compared with itself",
                "Name two different arms",
            )


def _at_judged(check: Check, path: str, kind: Kind, params: Mapping[str, Any]) -> None:
    """Kinds without ``at`` read an intervening arm at the judged dose."""
    rule = check.claim.dose_rule
    for key in AT_ARMS if kind.name != "dose-band" else ():
        for arm in check.listed(params.get(key)):
            if arm.operation is None:
                continue
            chosen = None if rule is None else check.arm(rule.arm)
            if rule is None:
                what = f"the arm {arm.name!r} is read at the judged dose, and there is no dose rule"
                check.reader.problem(f"{path}.{key}", what, "Add dose_rule:")
            elif arm.unit != UNITS[0]:
                what = f"{arm.name!r} is read at the judged dose, and its doses are in {arm.unit}"
                check.reader.problem(f"{path}.{key}", what, "Name an arm in residual norms")
            elif chosen is not None and arm.doses and not {*(chosen.doses or ())} <= {*arm.doses}:
                check.reader.problem(
                    f"{path}.{key}",
                    f"the judged dose may not be among the doses of {arm.name!r}",
                    f"Give {arm.name!r} doses: judged, or the grid of {rule.arm!r}",
                )
