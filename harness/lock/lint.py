"""Rules that must not lock: what a claim, its recipe and a pilot say before anything is measured.

Each rule has an id; ``refusal.RULES`` says which can be waived, by a sentence under ``waivers``
that stands in the report. A rule without a waiver is one whose breach leaves nothing to decide.

Not covered: whether names resolve and values have their types (``harness.claim.parse``), whether
the measurements will be healthy (preconditions). An exclusion rule can name health bounds only,
because the claim language has no field for anything else; what is checked here is that it has such
bounds to look at, and that they are health.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from harness.claim.power import family_size, power, rule_of
from harness.claim.schema import Claim, Criterion
from harness.errors import ClaimsError
from harness.lock.lint_design import (
    arm_rules,
    margin_rules,
    named_arms,
    null_rules,
    pilot_rules,
)
from harness.lock.lint_recipe import seed_rules
from harness.lock.refusal import RULES, Refusal, refusal
from harness.stats.attainable import replicates_needed, smallest_p
from harness.subject.interface import Recipe

ALPHA_AT_MOST = 0.10
POWER_AT_LEAST = 0.80
REFUTATION_AT_LEAST = 0.50
"""FAIL, where the truth lies as far beyond the margin as the expectation lies on this side."""
REPLICATES_FOR_T = 3
HEALTH_BOUNDS = ("loss_gap", "behaviour", "behaviour_rate", "garbage", "garbage_rate")


def lint(
    claim: Claim, recipe: Recipe, pilot: Mapping[str, Sequence[float]] | None = None
) -> tuple[Refusal, ...]:
    """The refusals that stand; empty where the claim may be locked.

    ``pilot`` maps a criterion's name (or ``criterion/member``) to its exploratory values, one per
    replicate. Raises :class:`harness.errors.UnknownName` for an arm or role that does not exist.
    """
    return tuple(r for r in findings(claim, recipe, pilot) if not r.waiver)


def findings(
    claim: Claim, recipe: Recipe, pilot: Mapping[str, Sequence[float]] | None = None
) -> tuple[Refusal, ...]:
    """Every breach, waived ones with their sentence."""
    found = [*_whole(claim), *_waivers(claim), *seed_rules(recipe)]
    for criterion in claim.criteria:
        found += _attainable(claim, recipe, criterion)
        found += margin_rules(criterion)
        found += arm_rules(claim, criterion)
        found += null_rules(claim, criterion)
        found += pilot_rules(criterion, pilot or {})
    return tuple(
        replace(r, waiver=claim.waivers.get(r.rule, "").strip() if r.waivable else "")
        for r in found
    )


def _whole(claim: Claim) -> Iterator[Refusal]:
    if not claim.criteria:
        yield refusal("criteria", "criteria", "no criterion decides anything")
    health = [p for p in claim.preconditions if p.kind == "health"]
    if not health:
        yield refusal(
            "health", "preconditions", "no precondition of kind health: a broken replicate counts"
        )
    if claim.exclusion is None:
        return
    if not health:
        yield refusal("exclusion", "exclusion", "there is no health bound by which to exclude")
    for precondition in health:
        bounds = [k for k in precondition.params if k.endswith(("_at_most", "_at_least"))]
        for name in bounds:
            if name.rsplit("_at_", 1)[0] not in HEALTH_BOUNDS:
                yield refusal(
                    "exclusion",
                    f"preconditions.{precondition.name}.{name}",
                    f"replicates would be excluded by {name}, which is not health",
                )
    if claim.exclusion.at_most >= claim.subject.replicates:
        yield refusal("exclusion", "exclusion.at_most", "every replicate could be excluded")


def _waivers(claim: Claim) -> Iterator[Refusal]:
    for rule, sentence in claim.waivers.items():
        where = f"waivers.{rule}"
        if rule not in RULES:
            yield refusal("waiver", where, f"no rule {rule!r}; rules: {', '.join(RULES)}")
        elif not RULES[rule]:
            yield refusal("waiver", where, f"the rule {rule!r} cannot be waived")
        elif len(sentence.split()) < 3:
            yield refusal("waiver", where, "a waiver is a sentence that says why")


def _attainable(claim: Claim, recipe: Recipe, criterion: Criterion) -> Iterator[Refusal]:
    """Alpha, replicates, smallest p, power: what the planned replicates can decide."""
    at, test = f"criteria.{criterion.name}", criterion.test
    if test.alpha > ALPHA_AT_MOST:
        reason = f"alpha {test.alpha:g} is above {ALPHA_AT_MOST:g}"
        yield refusal("alpha", f"{at}.test.alpha", reason)
    planned = claim.subject.replicates
    for arm in named_arms(claim, criterion):
        cap = recipe.role(arm.on).replicates
        if cap is not None and cap < planned:
            reason = (
                f"arm {arm.name} runs on role {arm.on}, trained in {cap} of {planned} replicates"
            )
            yield refusal("replicates", f"{at}.estimand", reason)
    fewest = planned - (claim.exclusion.at_most if claim.exclusion else 0)
    members = family_size(claim, criterion)
    if test.method == "t" and fewest < REPLICATES_FOR_T:
        reason = f"{fewest} replicate(s) may remain; a t test needs {REPLICATES_FOR_T}"
        yield refusal("replicates", "subject.replicates", reason)
    try:
        rule = rule_of(test)
        if fewest < 2:
            return
        floor = smallest_p(rule.kind, rule.method, fewest, members)
        if floor > rule.alpha:
            need = replicates_needed(rule.kind, rule.method, rule.alpha, members)
            yield refusal(
                "smallest-p",
                f"{at}.test",
                f"with {fewest} replicates no p lies below {floor:.4g}, so alpha {rule.alpha:g} "
                f"cannot be reached; plan at least {need}",
            )
            return
        yield from _powered(criterion, planned, members)
    except ClaimsError as error:
        yield refusal("test", f"{at}.test", error.sentence)


def _powered(criterion: Criterion, planned: int, members: int) -> Iterator[Refusal]:
    where, test, expect = f"criteria.{criterion.name}.expect", criterion.test, criterion.expect
    if expect is None:
        reason = "without the smallest effect of interest and its sd there is no power to compute"
        yield refusal("expect-missing", where, reason)
        return
    inside = {
        "equivalence": abs(expect.effect) < test.margin,
        "below": expect.effect < test.margin,
        "none-of": expect.effect < test.margin,
    }.get(test.kind, expect.effect > test.margin)
    if not inside:
        reason = f"the expected effect {expect.effect:g} does not meet the margin {test.margin:g}"
        yield refusal("expect-side", where, reason)
        return
    result = power(criterion, planned, members=members)
    if result.expected is None or result.at_mirror is None:
        return
    if result.expected.support < POWER_AT_LEAST:
        yield refusal(
            "power",
            where,
            f"simulated power is {result.expected.support:.2f} with {planned} replicates, below "
            f"{POWER_AT_LEAST:.2f}",
        )
    elif 0 < result.at_mirror.refute < REFUTATION_AT_LEAST:
        yield refusal(
            "power",
            where,
            f"with the truth as far on the other side of the margin, FAIL comes up in only "
            f"{result.at_mirror.refute:.2f} of simulations, below {REFUTATION_AT_LEAST:.2f}",
        )
    for verdict, share in (("PASS", result.expected.support), ("FAIL", result.at_mirror.refute)):
        if share == 0:
            reason = f"{verdict} came up in none of {result.simulations} simulations of its truth"
            yield refusal("unreachable", f"criteria.{criterion.name}.test", reason)
