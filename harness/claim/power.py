"""Power of a claim's own design, by simulation before anything is measured.

Replicate-level values are drawn normal with the criterion's ``expect`` (effect, sd) and judged by
the very functions that will judge the measurements. Three truths are simulated on the same noise:

- *expected*: the smallest effect of interest that the author states;
- *margin*: the edge of the claim, where every PASS is false (its rate is the false-PASS rate);
- *mirror*: as far beyond the margin as the expectation lies on this side, where FAIL is right.

Ratios: ``effect`` is a ratio, ``sd`` the spread of its logarithm; of a ratio of means, the spread
of numerator and of denominator, each as a share of the denominator's mean. Families: see
``harness.claim.simulate``.

Not covered: prompts within a replicate (part of ``sd``), non-normal replicates, preconditions (a
design may have power and still end INVALID).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.claim.looks import looks
from harness.claim.schema import Claim, Criterion, Test
from harness.claim.simulate import Rates, affordable, noise, rates_under, truths, width
from harness.claim.vocabulary import ORDERINGS
from harness.stats.attainable import smallest_p
from harness.stats.records import FAMILY_KINDS, MEANS_KINDS, STAKE, Rule, UntestableError

SIMULATIONS = 2_000


@dataclass(frozen=True)
class Power:
    """One criterion's power; the three ``Rates`` are None where ``expect`` is missing."""

    criterion: str
    kind: str
    method: str
    margin: float
    alpha: float
    n: int
    members: int
    smallest_p: float
    simulations: int
    effect: float | None = None
    sd: float | None = None
    expected: Rates | None = None
    at_margin: Rates | None = None
    at_mirror: Rates | None = None
    first: int | None = None
    """Of a rule that adds replicates: how many are measured before the first look; ``n`` is the
    most, and the means below say how many this criterion alone asks for."""
    mean_n_expected: float | None = None
    mean_n_at_margin: float | None = None
    mean_n_at_mirror: float | None = None

    @property
    def standard_error(self) -> float:
        """Largest Monte Carlo standard error of a rate."""
        return math.sqrt(0.25 / self.simulations)


def rule_of(test: Test, seed: int = 0) -> Rule:
    """A claim's test as the rule of ``harness.stats``; ``seed`` is for drawn sign flips only."""
    stake = STAKE if test.stake is None else float(test.stake)
    return Rule(test.kind, float(test.margin), float(test.alpha), test.method, seed, stake)


def arms_under_test(criterion: Criterion) -> tuple[str, ...]:
    """Names under ``arm`` or ``arms`` of a criterion's estimand, in order."""
    named = criterion.estimand.get("arms", criterion.estimand.get("arm", ()))
    return (named,) if isinstance(named, str) else tuple(named)


def adjacent(criterion: Criterion) -> bool:
    """Whether the members of a family are differences of neighbours, which share an arm."""
    return criterion.estimand.get("kind") in ORDERINGS


def family_size(claim: Claim, criterion: Criterion) -> int:
    """How many members the claim's arms give a family: one per arm and candidate direction; of an
    ordering, one per step."""
    if criterion.test.kind not in FAMILY_KINDS:
        return 1
    if adjacent(criterion):
        steps = criterion.estimand.get("doses", criterion.estimand.get("arms", ()))
        return max(1, len(steps) - 1)
    arms = [claim.arm(name) for name in arms_under_test(criterion)]
    return max(1, sum(max(1, len(arm.directions)) for arm in arms))


def power(
    criterion: Criterion,
    n_replicates: int,
    n_sims: int = SIMULATIONS,
    seed: int = 0,
    *,
    members: int = 1,
    planned: Sequence[int] = (),
) -> Power:
    """Simulate a criterion with ``n_replicates`` (and, for families, ``members``), looked at after
    each of ``planned`` (the last is all of them; none: once, at the end).

    Raises :class:`UntestableError` where the rule admits no test or ``expect.sd`` is not above 0.
    """
    rule = rule_of(criterion.test, seed)
    n_sims = affordable(n_sims, members, n_replicates)
    blank = Power(
        criterion=criterion.name,
        kind=rule.kind,
        method=rule.method,
        margin=rule.margin,
        alpha=rule.alpha,
        n=n_replicates,
        members=members,
        smallest_p=smallest_p(
            rule.kind, rule.method, n_replicates, members, stake=rule.stake, alpha=rule.alpha
        ),
        simulations=n_sims,
    )
    expect = criterion.expect
    if expect is None:
        return blank
    where = f"criteria.{criterion.name}.expect"
    if not (math.isfinite(expect.sd) and expect.sd > 0):
        raise UntestableError(
            f"the expected sd is {expect.sd:g}", where=where, fix="Use a number above 0"
        )
    rule, effect = tested(rule, expect.effect, where)
    drawn = expect.sd * noise(
        n_sims, width(rule, members), n_replicates, seed, adjacent=adjacent(criterion)
    )
    found = {
        name: rates_under(drawn + means[:, None], rule, planned or (n_replicates,))
        for name, means in truths(effect, rule, members).items()
    }
    row = replace(
        blank,
        effect=expect.effect,
        sd=expect.sd,
        expected=found["expected"][0],
        at_margin=found["margin"][0],
        at_mirror=found["mirror"][0],
    )
    if len(planned) < 2:
        return row
    return replace(
        row,
        first=planned[0],
        mean_n_expected=float(found["expected"][1].mean()),
        mean_n_at_margin=float(found["margin"][1].mean()),
        mean_n_at_mirror=float(found["mirror"][1].mean()),
    )


def tested(rule: Rule, effect: float, where: str) -> tuple[Rule, float]:
    """The rule and the effect on the scale of the test: logarithms for a ratio.

    Raises :class:`UntestableError` for a ratio that has none.
    """
    if rule.kind not in ("ratio-above", *MEANS_KINDS):
        return rule, effect
    if effect <= 0:
        raise UntestableError(f"the expected ratio is {effect:g}", where=where, fix="Use > 0")
    if rule.kind in MEANS_KINDS:
        return rule, effect
    return replace(rule, kind="superiority", margin=math.log(rule.margin)), math.log(effect)


def power_table(claim: Claim, n_sims: int = SIMULATIONS, seed: int = 0) -> tuple[Power, ...]:
    """A row per criterion, at the claim's planned number of replicates."""
    planned = looks(claim.subject)
    return tuple(
        power(c, planned[-1], n_sims, seed, members=family_size(claim, c), planned=planned)
        for c in claim.criteria
    )
