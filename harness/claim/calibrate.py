"""Whether a rule keeps its promises where the truth is known: false verdicts, power, coverage.

Studies are simulated at several truths and judged by the functions that judge measurements. A share
that has a promise (false PASS and false FAIL at most alpha; an interval that covers as often as its
level) is held against the 99.9 % binomial band around it:

- *held*: inside the band, or, for exact and conservative rules, below its top;
- *conservative*: below the band of a rule that should use all of its alpha;
- *broken*: above it (for coverage: below it).

Promises are for normal replicates. The other shapes of spread (``simulate.NOISES``) show what
becomes of them where that assumption fails.

Not covered: preconditions; prompts within a replicate; replicates that depend on each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import stats

from harness.claim.looks import looks
from harness.claim.power import adjacent, family_size, rule_of, tested
from harness.claim.schema import Claim
from harness.claim.simulate import (
    Rates,
    affordable,
    noise,
    rates_under,
    right,
    truths,
    undone,
    width,
)
from harness.stats import fieller, one_sample
from harness.stats.attainable import smallest_p
from harness.stats.records import BET, FAMILY_KINDS, KINDS, MEANS_KINDS, Rule, methods_of

Standing = Literal["held", "conservative", "broken", ""]

BAND = 0.999
INTERVALS = 4_000
"""Studies of which the interval is computed."""
STANDARD_N, STANDARD_MEMBERS = (5, 8), 9
ADDED = (5, 20)
"""The first and the most replicates of the standard designs that add them one at a time."""


@dataclass(frozen=True)
class Design:
    """A rule with the data it is for: ``n`` replicates of ``members``, means ``effect`` and spread
    ``sd`` between replicates (a ratio's: of its logarithm); ``adjacent`` members share an arm.
    ``planned`` are the numbers of replicates at which it is looked at, the last being ``n``; none:
    once, at the end."""

    name: str
    rule: Rule
    n: int
    members: int
    effect: float
    sd: float
    adjacent: bool = False
    planned: tuple[int, ...] = ()


@dataclass(frozen=True)
class Share:
    """One simulated share: of studies at ``truth`` that end in ``outcome``.

    ``promised`` is alpha or a level, None for power, which is what it is; ``low`` and ``high`` are
    the band around it.
    """

    truth: str
    outcome: Literal["PASS", "FAIL", "covered"]
    share: float
    promised: float | None = None
    low: float = 0.0
    high: float = 1.0
    exact: bool = False

    @property
    def standing(self) -> Standing:
        """Whether the promise was kept; empty where there is none."""
        if self.promised is None:
            return ""
        if self.outcome == "covered":
            return "held" if self.share >= self.low else "broken"
        if self.share > self.high:
            return "broken"
        return "held" if self.exact or self.share >= self.low else "conservative"


@dataclass(frozen=True)
class Calibration:
    """What became of one design under one shape of spread."""

    design: Design
    shape: str
    simulations: int
    smallest_p: float
    shares: tuple[Share, ...]

    @property
    def broken(self) -> tuple[Share, ...]:
        """Promises that were not kept."""
        return tuple(one for one in self.shares if one.standing == "broken")


def calibrate(
    design: Design, simulations: int, shape: str = "normal", seed: int = 0
) -> Calibration:
    """Simulate one design at the margin, without effect, as expected and at the mirror.

    Raises :class:`UntestableError` where the rule admits no test.
    """
    rule, effect = tested(design.rule, design.effect, design.name)
    numbers = width(rule, design.members)
    sims = affordable(simulations, numbers, design.n)
    drawn = design.sd * noise(sims, numbers, design.n, seed, shape, design.adjacent)
    means = truths(effect, rule, design.members)
    means = {"margin": means.pop("margin"), "no effect": undone(rule, design.members), **means}
    shares: list[Share] = []
    lengths = np.full(sims, design.n)
    for truth, mean in means.items():
        found, stopped = rates_under(drawn + mean[:, None], rule, design.planned or (design.n,))
        lengths = stopped if truth == "expected" else lengths
        shares += _verdicts(truth, found, right(mean, rule), rule, sims)
    if rule.kind in MEANS_KINDS:
        pairs = drawn[:INTERVALS] + means["expected"][:, None]
        shares.append(_covered(*fieller_sets(pairs, rule), effect))
    elif rule.kind not in FAMILY_KINDS:
        shares.append(_covered(*intervals(drawn[:INTERVALS, 0] + effect, rule, lengths), effect))
    floor = smallest_p(
        design.rule.kind, rule.method, design.n, design.members, stake=rule.stake, alpha=rule.alpha
    )
    return Calibration(design, shape, sims, floor, tuple(shares))


def designs_of(claim: Claim) -> tuple[Design, ...]:
    """A claim's criteria that say what they expect, as designs."""
    return tuple(
        Design(
            c.name,
            rule_of(c.test),
            claim.subject.replicates,
            family_size(claim, c),
            c.expect.effect,
            c.expect.sd,
            adjacent(c),
            looks(claim.subject),
        )
        for c in claim.criteria
        if c.expect is not None and c.expect.sd > 0 and math.isfinite(c.expect.sd)
    )


def standard_designs(alpha: float = 0.05) -> Iterator[Design]:
    """Every kind and method at 5 and 8 replicates, families of nine: the table of the docs.

    The margin lies two standard deviations from the expectation.
    """
    effects = {"superiority": 2.0, "some-of": 2.0, "all-of": 2.0, "ratio-above": math.exp(1.0)}
    effects |= dict.fromkeys(MEANS_KINDS, 2.0)
    margins = {"ratio-above": math.exp(0.5)} | dict.fromkeys(MEANS_KINDS, 1.5)
    for kind in KINDS:
        for method in methods_of(kind):
            for n in STANDARD_N:
                members = STANDARD_MEMBERS if kind in FAMILY_KINDS else 1
                rule = Rule(kind, margins.get(kind, 1.0), alpha, method)
                effect = effects.get(kind, 0.0)
                sd = 0.25 if kind in ("ratio-above", *MEANS_KINDS) else 0.5
                yield Design(f"{kind}, {method}, n {n}", rule, n, members, effect, sd)
            if method == BET:
                yield _added(Design(f"{kind}, {method}", rule, n, members, effect, sd))


def _added(design: Design) -> Design:
    """The design under a rule that adds replicates, one at a time."""
    first, most = ADDED
    planned = tuple(range(first, most + 1))
    return replace(design, name=f"{design.name}, n {first} to {most}", n=most, planned=planned)


def _verdicts(truth: str, found: Rates, ought: str, rule: Rule, sims: int) -> list[Share]:
    """PASS and FAIL at one truth: power where right, a false verdict where not."""
    low, high = _band(rule.alpha, sims)
    # at the margin a t test of one number uses all of alpha; every other rule may use less (also
    # Fieller's, which asks for a denominator above 0 as well)
    exact = truth != "margin" or rule.method != "t" or rule.kind in FAMILY_KINDS
    out = []
    for outcome, share, is_right in (
        ("PASS", found.support, ought == "support"),
        ("FAIL", found.refute, ought == "refute"),
    ):
        one = Share(truth, outcome, share)  # type: ignore[arg-type]
        if not is_right:
            top = high
            if rule.kind == "equivalence" and outcome == "FAIL":
                top = _band(2 * rule.alpha, sims)[1]  # it has two margins to be beyond
            one = replace(one, promised=rule.alpha, low=low, high=top, exact=exact)
        out.append(one)
    return out


def _covered(low: np.ndarray, high: np.ndarray, level: float, truth: float) -> Share:
    """How often intervals [sims] cover the truth; exact ones may do so more often than promised."""
    covered = float(((low <= truth) & (high >= truth)).mean())
    least, most = _band(level, len(low))
    return Share("expected", "covered", covered, level, least, most, exact=True)


def fieller_sets(values: np.ndarray, rule: Rule) -> tuple[np.ndarray, np.ndarray, float]:
    """Ends [sims] of Fieller's sets of values [sims, 2, n], and their level; an unbounded one has
    no ends."""
    sets = [fieller.confidence_set(pair, rule.alpha) for pair in values]
    ends = np.array([found or (-np.inf, np.inf) for found in sets])
    return ends[:, 0], ends[:, 1], 1 - 2 * rule.alpha


def intervals(
    values: np.ndarray, rule: Rule, lengths: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, float]:
    """Ends [sims] of the interval of each row of values [sims, n], or of as much of it as
    ``lengths`` [at least sims] say, and its level; what ``one_sample.interval`` says of each."""
    ends = np.full(len(values), values.shape[1]) if lengths is None else lengths[: len(values)]
    if rule.method == "t" and bool((ends == values.shape[1]).all()):
        level = 1 - 2 * rule.alpha
        both = stats.ttest_1samp(values, 0.0, axis=1).confidence_interval(level)
        return np.asarray(both.low), np.asarray(both.high), level
    bounds = [
        one_sample.interval(row[:n], rule.alpha, rule.method, rule.seed, rule.stake)
        for row, n in zip(values, ends, strict=True)
    ]
    low = np.array([-np.inf if b.low is None else b.low for b in bounds])
    high = np.array([np.inf if b.high is None else b.high for b in bounds])
    return low, high, bounds[0].level


def _band(promised: float, sims: int) -> tuple[float, float]:
    """The central binomial band of ``BAND`` for a share of ``sims`` studies."""
    tail = (1 - BAND) / 2
    low, high = stats.binom.ppf([tail, 1 - tail], sims, min(1.0, promised)) / sims
    return float(low), float(high)
