"""Power of a claim's own design, by simulation before anything is measured.

Replicate-level values are drawn normal with the criterion's ``expect`` (effect, sd) and judged by
the very functions that will judge the measurements. Three truths are simulated on the same noise:

- *expected*: the smallest effect of interest that the author states;
- *margin*: the edge of the claim, where every PASS is false (its rate is the false-PASS rate);
- *mirror*: as far beyond the margin as the expectation lies on this side, where FAIL is right.

Ratios: ``effect`` is a ratio, ``sd`` the spread of its logarithm. Families: members correlate
``CORRELATION`` over replicates. ``none-of``: all members at the expected effect; at the margin and
at the mirror one member moves there and the others stay, which is the least favourable case.
``some-of``: one member at the expected effect and the others at the mirror; then all at the margin;
then all at the mirror.

Not covered: prompts within a replicate (part of ``sd``), non-normal replicates, preconditions (a
design may have power and still end INVALID).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from harness.claim.schema import Claim, Criterion, Test
from harness.stats import family, one_sample
from harness.stats.attainable import smallest_p
from harness.stats.records import FAMILY_KINDS, Rule, UntestableError

CORRELATION = 0.5
"""Between members of a family, over replicates."""

SIMULATIONS = 2_000
MOST_NUMBERS, FEWEST = 20_000_000, 100
"""Numbers drawn at once; a family of many members on many replicates is simulated less often, but
never less often than this."""


@dataclass(frozen=True)
class Rates:
    """Shares of simulations that end in support, in refutation and in neither."""

    support: float
    refute: float
    neither: float


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

    @property
    def standard_error(self) -> float:
        """Largest Monte Carlo standard error of a rate."""
        return math.sqrt(0.25 / self.simulations)


def rule_of(test: Test, seed: int = 0) -> Rule:
    """A claim's test as the rule of ``harness.stats``; ``seed`` is for drawn sign flips only."""
    return Rule(test.kind, float(test.margin), float(test.alpha), test.method, seed)


def arms_under_test(criterion: Criterion) -> tuple[str, ...]:
    """Names under ``arm`` or ``arms`` of a criterion's estimand, in order."""
    named = criterion.estimand.get("arms", criterion.estimand.get("arm", ()))
    return (named,) if isinstance(named, str) else tuple(named)


def family_size(claim: Claim, criterion: Criterion) -> int:
    """How many members the claim's arms give a family: one per arm and candidate direction."""
    if criterion.test.kind not in FAMILY_KINDS:
        return 1
    arms = [claim.arm(name) for name in arms_under_test(criterion)]
    return max(1, sum(max(1, len(arm.directions)) for arm in arms))


def power(
    criterion: Criterion,
    n_replicates: int,
    n_sims: int = SIMULATIONS,
    seed: int = 0,
    *,
    members: int = 1,
) -> Power:
    """Simulate a criterion with ``n_replicates`` (and, for families, ``members``).

    Raises :class:`UntestableError` where the rule admits no test or ``expect.sd`` is not above 0.
    """
    rule = rule_of(criterion.test, seed)
    n_sims = min(n_sims, max(FEWEST, MOST_NUMBERS // max(1, members * n_replicates)))
    blank = Power(
        criterion=criterion.name,
        kind=rule.kind,
        method=rule.method,
        margin=rule.margin,
        alpha=rule.alpha,
        n=n_replicates,
        members=members,
        smallest_p=smallest_p(rule.kind, rule.method, n_replicates, members),
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
    effect = expect.effect
    if rule.kind == "ratio-above":
        if effect <= 0:
            raise UntestableError(f"the expected ratio is {effect:g}", where=where, fix="Use > 0")
        rule = replace(rule, kind="superiority", margin=math.log(rule.margin))
        effect = math.log(effect)
    noise = expect.sd * _noise(n_sims, members, n_replicates, seed)
    rates = [_rates(noise + truth[:, None], rule) for truth in _truths(effect, rule, members)]
    return replace(
        blank,
        effect=expect.effect,
        sd=expect.sd,
        expected=rates[0],
        at_margin=rates[1],
        at_mirror=rates[2],
    )


def power_table(claim: Claim, n_sims: int = SIMULATIONS, seed: int = 0) -> tuple[Power, ...]:
    """A row per criterion, at the claim's planned number of replicates."""
    return tuple(
        power(c, claim.subject.replicates, n_sims, seed, members=family_size(claim, c))
        for c in claim.criteria
    )


def _noise(sims: int, members: int, n: int, seed: int) -> np.ndarray:
    """Standard normal [sims, members, n], members correlated, replicates independent."""
    rng = np.random.default_rng(seed)
    own = rng.standard_normal((sims, members, n))
    if members == 1:
        return own
    shared = rng.standard_normal((sims, 1, n))
    return np.asarray(math.sqrt(CORRELATION) * shared + math.sqrt(1 - CORRELATION) * own)


def _truths(effect: float, rule: Rule, members: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means [members] at the expectation, at the margin and at the mirror."""
    mirror = 2 * rule.margin - (abs(effect) if rule.kind == "equivalence" else effect)
    expected = np.full(members, effect, dtype=np.float64)
    if rule.kind == "none-of":
        at_margin, beyond = expected.copy(), expected.copy()
        at_margin[0], beyond[0] = rule.margin, mirror
        return expected, at_margin, beyond
    if rule.kind == "some-of":
        expected[1:] = mirror
    return expected, np.full(members, rule.margin), np.full(members, mirror)


def _rates(values: np.ndarray, rule: Rule) -> Rates:
    """Judge values [sims, members, n] and count."""
    if rule.kind in FAMILY_KINDS:
        p_support, p_refute = family.two_verdicts(values, rule)
    else:
        p_support, p_refute = one_sample.two_verdicts(values[:, 0], rule)
    support = float((p_support <= rule.alpha).mean())
    refute = float(((p_support > rule.alpha) & (p_refute <= rule.alpha)).mean())
    return Rates(support, refute, max(0.0, 1 - support - refute))
