"""Parts of a claim that are right one by one and wrong together, or more than the recipe offers."""

# ruff: noqa: E501 (a table reads better uncut)

from __future__ import annotations

from pathlib import Path

import pytest

from tests.claim.texts import CLAIM, RECIPE, edited, problems

TWO_EDITS = {
    "read-at-a-dose-not-measured": (
        ("    doses: [0, 0.5, 1, 2]", "    doses: [0, 0.5]"),
        ("{kind: share, arm: tuned, over: baseline", "{kind: share, arm: other, over: baseline"),
        "preconditions.control.arm", "may not be among the doses of 'other'"),
    "halves-of-an-unused-direction": (
        ("  push: {", "  spare: {method: gradient, site: onset}\n  push: {"),
        ("split-half, direction: difference", "split-half, direction: spare"),
        "preconditions.halves.direction", "never fitted"),
    "halves-of-a-direction-of-donors-only": (
        ("add\n    directions: [toward-host, push]\n    doses: [0, 0.5, 1.0]\n  separate",
         "add\n    direction: push\n    doses: [0, 0.5, 1.0]\n  separate"),
        ("split-half, direction: difference", "split-half, direction: toward-host"),
        "preconditions.halves.direction", "never fitted"),
    "halves-of-a-file": (
        ("{method: gradient, site: onset}",
         "{method: from-file, site: onset, file: models/push.safetensors}"),
        ("split-half, direction: difference", "split-half, direction: push"),
        "preconditions.halves.direction", "no halves"),
    "misfit-in-a-broken-arm": (
        ("    direction: push\n    doses: [0, 0.5, 1, 2]", "    direction: push\n    doses: [0, x]"),
        ("{kind: share, arm: tuned, over: baseline", "{kind: share, arm: other, over: baseline"),
        "arms.other.doses[1]", "a number"),
    "exclusion-without-health": (
        ("  healthy: {kind: health, loss_gap_at_most: 0.2, garbage_at_most: 0.1, why: because}\n", ""),
        ("title: A title", "title: Another"),
        "exclusion", "no precondition of kind health"),
}  # fmt: skip


@pytest.mark.parametrize("defect", TWO_EDITS)
def test_parts_that_do_not_suit_each_other_are_one_problem(defect: str, tmp_path: Path) -> None:
    """Two parts, each right by itself: the one that asks for the other is named."""
    one, two, path, words = TWO_EDITS[defect]
    found = problems(tmp_path, edited(edited(CLAIM, *one), *two))
    assert [at for at, _ in found] == [path], found
    assert words in found[0][1]


RECIPE_DEFECTS = {
    "no-dictionaries-of-the-role": ("roles: [standard, regulation]", "roles: [standard]",
                                    "criteria.matched.estimand.trained",
                                    "no dictionaries of 'regulation'"),
    "no-dictionaries-at-the-hook": ("hooks: [blocks.1.", "hooks: [blocks.0.",
                                    "criteria.matched.estimand.hook", "It has them at blocks.0"),
    "role-of-a-criterion-is-capped": ("{params: {kind: other}}", "{params: {kind: other}, replicates: 2}",
                                      "criteria.closes-half.estimand.arm", "stops at 2 of 6"),
    "role-of-a-direction-is-capped": ("{params: {kind: other}}", "{params: {kind: other}, replicates: 5}",
                                      "arms.separate.directions[0]", "stops at 5"),
    "no-such-role": ("  tuned: {parent", "  tune: {parent", "arms.tuned.on", "Nearest: tune"),
}  # fmt: skip


@pytest.mark.parametrize("defect", RECIPE_DEFECTS)
def test_what_the_recipe_does_not_offer_is_reported_where_the_claim_asks_for_it(
    defect: str, tmp_path: Path
) -> None:
    """A claim that its recipe cannot serve is refused before anything is trained."""
    old, new, path, words = RECIPE_DEFECTS[defect]
    found = problems(tmp_path, CLAIM, edited(RECIPE, old, new))
    assert any(at == path and words in said for at, said in found), found


OTHER_ROLES = edited(RECIPE, "  tuned:", "  spare: {replicates: 3}\n  tuned:")


def with_arm(arm: str) -> str:
    """The valid claim with one more arm and a direction that compares ``spare`` with the host."""
    text = edited(
        CLAIM,
        "  push: {",
        "  spare: {method: logistic, site: onset, positive: spare, negative: host}\n  push: {",
    )
    return edited(text, "  tuned: {on: tuned}\n", f"  tuned: {{on: tuned}}\n  extra: {arm}\n")


def test_a_donor_has_to_be_trained_in_the_replicate_it_is_taken_from(tmp_path: Path) -> None:
    """A capped arm may use a role capped with it, but not that role of the following replicate."""
    arm = "{on: standard-words, site: onset, operation: add, direction: spare, doses: [0, 1], label: x}"
    assert problems(tmp_path, with_arm(arm), OTHER_ROLES) == []
    found = problems(tmp_path, with_arm(arm.replace("site", "donor: next, site", 1)), OTHER_ROLES)
    assert [at for at, _ in found] == ["arms.extra.direction"]
    assert "stops at 3" in found[0][1]


def test_the_host_is_never_taken_from_the_donor(tmp_path: Path) -> None:
    """A capped arm with a donor is fine where the donor's role is not capped."""
    arm = "{on: standard-words, donor: next, site: onset, operation: add, direction: toward-host, doses: [0, 1], label: x}"
    assert problems(tmp_path, with_arm(arm), OTHER_ROLES) == []


def test_health_of_a_role_that_is_never_built_cannot_be_asked_for(tmp_path: Path) -> None:
    """It would be passed over in silence when the claim is judged."""
    ask = edited(CLAIM, "garbage_at_most: 0.1, why", "garbage_at_most: 0.1, roles: [spare], why")
    found = problems(tmp_path, ask, OTHER_ROLES)
    assert [at for at, _ in found] == ["preconditions.healthy.roles"]
    assert "never built" in found[0][1]
    use = edited(CLAIM, "garbage_at_most: 0.1, why", "garbage_at_most: 0.1, roles: [tuned], why")
    assert problems(tmp_path, use, OTHER_ROLES) == []


def test_a_labelled_arm_may_be_capped_and_still_have_its_doses_covered(tmp_path: Path) -> None:
    """Coverage looks at a trivial arm only where it was trained."""
    arm = "{on: standard-words, site: onset, operation: add, direction: push, doses: [0, 1], label: x}"
    text = edited(with_arm(arm), "arms: [shared, separate], why", "arms: [shared, extra], why")
    assert problems(tmp_path, text, OTHER_ROLES) == []
    found = problems(
        tmp_path, edited(text, "doses: [0, 1], label: x}", "doses: [0, 1]}"), OTHER_ROLES
    )
    assert [at for at, _ in found] == ["preconditions.covered.arms"]


ASYMMETRY = """{kind: steering-asymmetry, arm: treatment, against: brought, baseline: baseline, reference: reference, readout: rate, equal: kl, at: 0.5}"""
WITH_BROUGHT = edited(
    edited(
        CLAIM,
        "  zeroed: {",
        "  brought: {on: standard, site: onset, operation: add, direction: push, doses: [0, 0.5, 1.0]}\n  zeroed: {",
    ),
    "{kind: damage-difference, arm: treatment, than: other, baseline: baseline, reference: reference, readout: rate, damage: ordinary_loss, at: 0.5}",
    ASYMMETRY,
)


def test_an_asymmetry_between_two_models_is_accepted(tmp_path: Path) -> None:
    """One arm on each, along grids, one direction each."""
    assert problems(tmp_path, WITH_BROUGHT) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "against: brought",
            "against: other",
            "the reference is on standard, and the arm 'other' on regulation",
        ),
        ("against: brought", "against: shared", "one number is read here"),
        ("against: brought", "against: treatment", "is compared with itself"),
        ("against: brought", "against: reference", "reference"),
        (
            "operation: add, direction: push, doses: [0, 0.5, 1.0]}",
            "operation: add, direction: push, doses: judged}",
            "is not measured at dose 0.5",
        ),
        (
            "operation: add, direction: push, doses: [0, 0.5, 1.0]}",
            "operation: add, direction: push, doses: [0, 1.0]}",
            "0.5",
        ),
        ("equal: kl", "equal: norm", "kl"),
    ],
)
def test_an_asymmetry_that_cannot_be_read_is_refused(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    """Each defect alone, named at the criterion that has it."""
    found = problems(tmp_path, edited(WITH_BROUGHT, old, new))
    assert found, "accepted"
    assert all(path.startswith("criteria.less-damage") for path, _ in found), found
    assert any(words in said for _, said in found), found
