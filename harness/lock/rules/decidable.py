"""What the planned replicates can decide: alpha, attainable p, power.

Everything is computed for the replicates that remain where as many are excluded as may be.

Not covered: what a margin means (``margins``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from harness.claim.power import family_size, power, rule_of
from harness.claim.schema import Criterion
from harness.errors import ClaimsError
from harness.lock.refusal import Refusal, refusal
from harness.lock.rules.design import Design
from harness.stats.attainable import WITHOUT_FLOOR, replicates_needed, smallest_p
from harness.stats.records import FAMILY_KINDS, Rule

ALPHA_AT_MOST = 0.10
POWER_AT_LEAST = 0.80
REFUTATION_AT_LEAST = 0.50
"""FAIL, where the truth lies as far beyond the margin as the expectation lies on this side."""
REPLICATES_AT_LEAST = 3
REACH = 10.0
"""Standard deviations beyond the margin: more than any study shows. A t test has no smallest p of
its own; what it gives there stands in."""


def decidable(design: Design, criterion: Criterion) -> Iterator[Refusal]:
    """Alpha, replicates, smallest p, power."""
    at, test = f"criteria.{criterion.name}", criterion.test
    if test.alpha > ALPHA_AT_MOST:
        reason = f"alpha {test.alpha:g} is above {ALPHA_AT_MOST:g}"
        yield refusal("alpha", f"{at}.test.alpha", reason)
    planned = design.claim.subject.replicates
    for arm in design.named(criterion):
        cap = design.recipe.role(arm.on).replicates
        if cap is not None and cap < planned:
            reason = (
                f"arm {arm.name} runs on role {arm.on}, trained in {cap} of {planned} replicates"
            )
            yield refusal("replicates", f"{at}.estimand", reason)
    fewest = design.fewest
    if fewest < REPLICATES_AT_LEAST:
        reason = f"{fewest} replicate(s) may remain; a test needs {REPLICATES_AT_LEAST}"
        yield refusal("replicates", "subject.replicates", reason)
        return
    members = family_size(design.claim, criterion)
    try:
        rule = rule_of(test)
        floor = lowest_p(rule, fewest, members)
        if floor > rule.alpha:
            yield refusal(
                "smallest-p",
                f"{at}.test",
                f"with {fewest} replicates no p lies below {floor:.4g}, so alpha {rule.alpha:g} "
                f"cannot be reached; {_advice(rule, members)}",
            )
            return
        yield from _powered(criterion, fewest, members)
    except ClaimsError as error:
        yield refusal("test", f"{at}.test", error.sentence)


def lowest_p(rule: Rule, n: int, members: int) -> float:
    """The smallest p that both verdicts can reach; for t, at ``REACH`` standard deviations."""
    floor = smallest_p(rule.kind, rule.method, n, members, stake=rule.stake, alpha=rule.alpha)
    if rule.method not in WITHOUT_FLOOR:
        return floor
    from scipy import stats

    reached = float(stats.t.sf(REACH * math.sqrt(n), n - 1))
    return max(floor, reached * (members if rule.kind in FAMILY_KINDS else 1))


def _advice(rule: Rule, members: int) -> str:
    if rule.method in WITHOUT_FLOOR:
        return "plan more replicates, or a larger alpha"
    needed = replicates_needed(rule.kind, rule.method, rule.alpha, members, stake=rule.stake)
    if smallest_p(rule.kind, rule.method, needed, members, stake=rule.stake) > rule.alpha:
        return "write a larger stake"
    return f"plan at least {needed}"


def _powered(criterion: Criterion, n: int, members: int) -> Iterator[Refusal]:
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
    result = power(criterion, n, members=members)
    if result.expected is None or result.at_mirror is None:
        return
    if result.expected.support < POWER_AT_LEAST:
        yield refusal(
            "power",
            where,
            f"simulated power is {result.expected.support:.2f} with {n} replicates, below "
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
