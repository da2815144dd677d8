"""Rules that must not lock: each defect is refused by its own rule, a sound claim by none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.claim.schema import (
    Arm,
    Claim,
    Criterion,
    Exclusion,
    Expectation,
    Precondition,
    Samples,
    Subject,
)
from harness.claim.schema import Test as Gate
from harness.lock.lint import findings, lint
from harness.lock.refusal import RULES
from harness.subject.interface import Recipe, RoleSpec

RECIPE = Recipe(
    "m",
    "models/m.yaml",
    "models.m:M",
    {},
    (RoleSpec("standard"), RoleSpec("regulation"), RoleSpec("words", replicates=3)),
)
SUPERIOR = Criterion(
    "works",
    {
        "kind": "closed-gap",
        "arm": "treatment",
        "baseline": "baseline",
        "reference": "reference",
        "controls": ["isotropic"],
        "readout": "rate",
    },
    Gate("superiority", 0.5),
    "",
    Expectation(0.75, 0.15),
)
NULL = Criterion(
    "none-works",
    {"kind": "closed-gap", "arms": ["production"], "baseline": "reference", "readout": "rate"},
    Gate("none-of", 0.5),
    "",
    Expectation(0.1, 0.15),
)
HEALTH = Precondition("healthy", "health", {"loss_gap_at_most": 0.2}, "")
CLAIM = Claim(
    id="c",
    title="",
    statement="",
    source=("A05",),
    unit="replicate",
    subject=Subject("models/m.yaml", 8),
    sites={},
    samples=Samples(),
    directions=(),
    arms=(
        Arm("baseline", "regulation"),
        Arm("reference", "standard"),
        Arm("treatment", "regulation", "onset", "subtract", ("d",), doses=(0.0, 0.5)),
        Arm("isotropic", "regulation", "onset", "subtract", control="isotropic", count=20),
        Arm("production", "standard", "onset", "add", ("d", "e"), doses=(0.0, 0.5)),
        Arm("small", "words", "onset", "subtract", ("d",)),
    ),
    dose_rule=None,
    preconditions=(
        HEALTH,
        Precondition("dose", "dose-band", {"arm": "treatment"}, ""),
        Precondition("dose-p", "dose-band", {"arm": "production"}, ""),
        Precondition("present", "ratio", {"arm": "baseline", "over": "reference"}, ""),
        Precondition("positive", "share", {"arm": "treatment"}, ""),
        Precondition("covered", "coverage", {"arms": ["production"]}, ""),
    ),
    criteria=(SUPERIOR, NULL),
)


def rules(claim: Claim, **kwargs: Any) -> set[str]:
    return {r.rule for r in lint(claim, RECIPE, **kwargs)}


def with_criterion(base: Criterion, **changes: Any) -> Claim:
    return replace(CLAIM, criteria=(replace(base, **changes),))


def without(kind: str, **params: Any) -> Claim:
    kept = tuple(
        p for p in CLAIM.preconditions if p.kind != kind or not params.items() <= p.params.items()
    )
    return replace(CLAIM, preconditions=kept)


def test_a_sound_claim_is_not_refused() -> None:
    """A claim that can be decided, with controls and checks, passes every rule."""
    assert lint(CLAIM, RECIPE) == ()


DEFECTS: dict[str, tuple[Claim, set[str]]] = {
    "alpha-above-a-tenth": (
        with_criterion(SUPERIOR, test=Gate("superiority", 0.5, 0.2)),
        {"alpha"},
    ),
    "sign-flip-with-four-replicates": (
        replace(
            with_criterion(SUPERIOR, test=Gate("superiority", 0.5, method="sign-flip")),
            subject=Subject("models/m.yaml", 4),
        ),
        {"smallest-p"},
    ),
    "holm-by-sign-flip-with-five": (
        replace(
            with_criterion(NULL, test=Gate("none-of", 0.5, method="sign-flip-holm")),
            subject=Subject("models/m.yaml", 5),
        ),
        {"smallest-p"},
    ),
    "max-t-with-five-can-hardly-fail": (
        replace(
            with_criterion(
                NULL,
                estimand={"kind": "closed-gap", "arms": ["production", "treatment"]},
                test=Gate("none-of", 0.5, method="sign-flip"),
                expect=Expectation(0.0, 0.1),
            ),
            subject=Subject("models/m.yaml", 5),
            preconditions=(
                *CLAIM.preconditions,
                Precondition("covered-t", "coverage", {"arm": "treatment"}, ""),
                Precondition("other", "share", {"arm": "small"}, ""),
            ),
        ),
        {"power"},
    ),
    "holm-with-eight-and-eighteen-members-cannot-fail": (
        replace(
            with_criterion(NULL, test=Gate("none-of", 0.5, method="sign-flip-holm")),
            arms=tuple(
                replace(a, directions=tuple(f"d{i}" for i in range(18)))
                if a.name == "production"
                else a
                for a in CLAIM.arms
            ),
        ),
        {"smallest-p"},
    ),
    "two-replicates-for-t": (
        replace(CLAIM, criteria=(SUPERIOR,), subject=Subject("models/m.yaml", 2)),
        {"replicates", "power"},
    ),
    "an-arm-trained-in-three-of-eight": (
        with_criterion(SUPERIOR, estimand={"kind": "closed-gap", "arm": "small"}),
        {"replicates", "dose-band"},
    ),
    "too-noisy": (with_criterion(SUPERIOR, expect=Expectation(0.75, 0.5)), {"power"}),
    "no-expectation": (with_criterion(SUPERIOR, expect=None), {"expect-missing"}),
    "expectation-below-the-margin": (
        with_criterion(SUPERIOR, expect=Expectation(0.4, 0.1)),
        {"expect-side"},
    ),
    "null-expectation-above-the-margin": (
        with_criterion(NULL, expect=Expectation(0.6, 0.1)),
        {"expect-side"},
    ),
    "unknown-kind": (with_criterion(SUPERIOR, test=Gate("better", 0.5)), {"test"}),
    "expected-sd-of-zero": (with_criterion(SUPERIOR, expect=Expectation(0.75, 0.0)), {"test"}),
    "doing-nothing-meets-it": (
        with_criterion(SUPERIOR, test=Gate("superiority", -0.5)),
        {"margin"},
    ),
    "closing-the-whole-gap-meets-a-null": (
        with_criterion(NULL, test=Gate("none-of", 1.2)),
        {"margin"},
    ),
    "every-rate-passes-above-zero": (
        with_criterion(
            SUPERIOR,
            estimand={"kind": "level", "arm": "baseline", "readout": "rate"},
            test=Gate("superiority", 0.0),
        ),
        {"margin"},
    ),
    "no-rate-can-pass-below-zero": (
        with_criterion(
            SUPERIOR,
            estimand={"kind": "level", "arm": "baseline", "readout": "rate"},
            test=Gate("below", 0.0),
            expect=Expectation(-0.1, 0.01),
        ),
        {"unreachable"},
    ),
    "a-ratio-above-zero": (
        with_criterion(SUPERIOR, estimand={"kind": "ratio"}, test=Gate("ratio-above", 0.0)),
        {"margin", "test"},
    ),
    "a-null-without-margin": (
        with_criterion(NULL, test=Gate("none-of", 0.0), expect=Expectation(-0.3, 0.1)),
        {"margin"},
    ),
    "a-null-without-positive-control": (without("share"), {"positive-control"}),
    "a-null-without-coverage": (without("coverage"), {"coverage"}),
    "a-deciding-arm-without-dose-band": (without("dose-band", arm="treatment"), {"dose-band"}),
    "no-health": (without("health"), {"health"}),
    "an-exclusion-without-health": (
        replace(without("health"), exclusion=Exclusion(1, "")),
        {"health", "exclusion"},
    ),
    "an-exclusion-by-outcome": (
        replace(
            CLAIM,
            exclusion=Exclusion(1, ""),
            preconditions=(
                *CLAIM.preconditions,
                Precondition("h2", "health", {"closed_gap_at_least": 0.5}, ""),
            ),
        ),
        {"exclusion"},
    ),
    "an-exclusion-of-everything": (
        replace(CLAIM, exclusion=Exclusion(8, "")),
        {"exclusion", "replicates"},
    ),
    "an-exclusion-that-leaves-too-few-for-sign-flips": (
        replace(
            with_criterion(SUPERIOR, test=Gate("superiority", 0.5, method="sign-flip")),
            exclusion=Exclusion(4, ""),
        ),
        {"smallest-p"},
    ),
    "nineteen-random-controls": (
        replace(CLAIM, arms=tuple(replace(a, count=19) if a.control else a for a in CLAIM.arms)),
        {"random-controls"},
    ),
    "nothing-decides": (replace(CLAIM, criteria=()), {"criteria"}),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_each_defect_is_refused_by_its_rule(defect: str) -> None:
    """The claim with one defect is refused by that defect's rule and by no other."""
    claim, expected = DEFECTS[defect]
    assert rules(claim) == expected


def test_every_rule_has_a_defect_that_breaks_it() -> None:
    """No rule is idle: the defects, pilots and waivers of this file reach all of them."""
    broken = set().union(*(expected for _, expected in DEFECTS.values()))
    assert broken | {"pilot", "recipe-seed", "waiver"} == set(RULES)


@pytest.mark.parametrize("values", [[1.0] * 4, [0.0] * 4, [0.3] * 4])
def test_a_pilot_without_room_is_refused(values: list[float]) -> None:
    """A metric at its floor, at its ceiling or without variation in the pilot cannot be locked."""
    assert rules(CLAIM, pilot={"works": values}) == {"pilot"}
    assert rules(CLAIM, pilot={"none-works/d": values}) == {"pilot"}
    assert rules(CLAIM, pilot={"works": [0.6, 0.7, 0.8], "shown": values}) == set()


def test_a_sentence_waives_what_can_be_waived() -> None:
    """A waived refusal no longer stands, but stays on the list with its sentence."""
    noisy = with_criterion(SUPERIOR, expect=Expectation(0.75, 0.5))
    waived = replace(noisy, waivers={"power": "eight pairs are all that the budget allows"})
    assert lint(waived, RECIPE) == ()
    (found,) = findings(waived, RECIPE)
    assert (found.rule, found.waiver) == ("power", "eight pairs are all that the budget allows")


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [("alpha", "we like it this way"), ("powr", "a typing error here"), ("power", "why not")],
)
def test_a_waiver_that_waives_nothing_is_refused(rule: str, sentence: str) -> None:
    """Unknown rules, rules beyond waiving and words that are no sentence are refused."""
    assert "waiver" in rules(replace(CLAIM, waivers={rule: sentence}))


def test_a_rule_beyond_waiving_stands() -> None:
    """A waiver for alpha leaves the refusal in place."""
    claim = with_criterion(SUPERIOR, test=Gate("superiority", 0.5, 0.2))
    assert "alpha" in rules(replace(claim, waivers={"alpha": "we like it this way"}))


def test_refusals_say_where_and_what_to_do() -> None:
    """The refusal of a too coarse test names the place, the floor and the replicates needed."""
    claim, _ = DEFECTS["sign-flip-with-four-replicates"]
    (refusal,) = lint(claim, RECIPE)
    assert refusal.where == "criteria.works.test"
    assert "0.0625" in refusal.reason
    assert "at least 5" in refusal.reason
    assert not refusal.waivable


def test_the_baseline_is_no_positive_control() -> None:
    """Behaviour present in the trained model does not show that an intervention can be seen."""
    claim = without("share")
    assert any(p.kind == "ratio" for p in claim.preconditions)
    assert rules(claim) == {"positive-control"}
