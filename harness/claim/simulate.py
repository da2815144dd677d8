"""Simulated studies for a decision rule: replicate-level noise, truths, shares of verdicts.

The rules that judge measurements judge the simulated values too. Truths are means per member:
*expected* (the author's), *margin* (the edge of the claim) and *mirror* (as far beyond the margin
as the expectation lies on this side).

Families: members correlate ``CORRELATION`` over replicates. ``none-of`` and ``all-of``: all members
at the expected effect; at the margin and at the mirror one member moves there and the others stay,
which is the least favourable case. ``some-of``: one member at the expected effect and the others at
the mirror; then all at the margin; then all at the mirror.

Members that are adjacent differences (an ordering) share an arm with their neighbour instead: they
correlate -.5 with it and not with the others, as they do where arms differ independently.

A ratio of means is simulated as two members, numerator and denominator, in units of the
denominator's mean: ``sd`` is the spread of each. Its mirror is as many times below the margin as
the expectation is above it. A bet on signs sees the replicates in the order in which they are
drawn.

Not covered: prompts within a replicate; dependence between replicates.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.stats import family, fieller, one_sample
from harness.stats.records import EVERY, FAMILY_KINDS, MEANS_KINDS, Rule

CORRELATION = 0.5
"""Between members of a family, over replicates."""

MOST_NUMBERS, FEWEST = 20_000_000, 100
"""Numbers drawn at once; a family of many members on many replicates is simulated less often, but
never less often than this."""

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]

NOISES: Mapping[str, Draw] = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "heavy": lambda rng, shape: rng.standard_t(3, shape) / math.sqrt(3),
    "skewed": lambda rng, shape: rng.standard_exponential(shape) - 1,
}
"""Shapes of the spread between replicates, each of mean 0 and variance 1: normal, heavy-tailed but
symmetric (Student's t with 3 degrees of freedom), and skewed (exponential)."""


@dataclass(frozen=True)
class Rates:
    """Shares of simulations that end in support, in refutation and in neither."""

    support: float
    refute: float
    neither: float


def affordable(sims: int, members: int, n: int) -> int:
    """As many of ``sims`` as can be drawn at once."""
    return min(sims, max(FEWEST, MOST_NUMBERS // max(1, members * n)))


def noise(
    sims: int, members: int, n: int, seed: int, shape: str = "normal", adjacent: bool = False
) -> np.ndarray:
    """Mean 0, variance 1, [sims, members, n]: members correlated, replicates independent.

    ``adjacent`` members are differences of neighbours in a row of independent arms.
    """
    rng, draw = np.random.default_rng(seed), NOISES[shape]
    if adjacent and members > 1:
        arms = draw(rng, (sims, members + 1, n))
        return np.asarray(np.diff(arms, axis=1) / math.sqrt(2))
    own = draw(rng, (sims, members, n))
    if members == 1:
        return own
    shared = draw(rng, (sims, 1, n))
    return np.asarray(math.sqrt(CORRELATION) * shared + math.sqrt(1 - CORRELATION) * own)


def truths(effect: float, rule: Rule, members: int) -> dict[str, np.ndarray]:
    """Means [members] at the expectation, at the margin and at the mirror."""
    if rule.kind in MEANS_KINDS:
        ratios = {"expected": effect, "margin": rule.margin, "mirror": rule.margin**2 / effect}
        return {name: np.array([ratio, 1.0]) for name, ratio in ratios.items()}
    mirror = 2 * rule.margin - (abs(effect) if rule.kind == "equivalence" else effect)
    expected = np.full(members, effect, dtype=np.float64)
    if rule.kind in EVERY:
        at_margin, beyond = expected.copy(), expected.copy()
        at_margin[0], beyond[0] = rule.margin, mirror
        return {"expected": expected, "margin": at_margin, "mirror": beyond}
    if rule.kind == "some-of":
        expected[1:] = mirror
    at_margin, beyond = np.full(members, rule.margin), np.full(members, mirror)
    return {"expected": expected, "margin": at_margin, "mirror": beyond}


def undone(rule: Rule, members: int) -> np.ndarray:
    """Means [members] where there is no effect."""
    return np.ones(2) if rule.kind in MEANS_KINDS else np.zeros(members)


def width(rule: Rule, members: int) -> int:
    """How many numbers a replicate has: one per member, two for a ratio of means."""
    return 2 if rule.kind in MEANS_KINDS else members


def right(means: np.ndarray, rule: Rule) -> str:
    """What a study of these means [members] ought to end in: support, refute, or neither at the
    margin itself."""
    if rule.kind in FAMILY_KINDS:
        turned, toward = family.turn(means, rule)
        above = bool((turned > toward.margin).any())
        below = bool((turned < toward.margin).all())
        sides = (below, above) if rule.kind in EVERY else (above, below)
    elif rule.kind == "equivalence":
        size = abs(float(means[0]))
        sides = (size < rule.margin, size > rule.margin)
    else:
        # of a ratio of means the second is the denominator, which is 1
        above, below = bool(means[0] > rule.margin), bool(means[0] < rule.margin)
        sides = (below, above) if rule.kind == "below" else (above, below)
    return "support" if sides[0] else "refute" if sides[1] else "neither"


def rates(values: np.ndarray, rule: Rule) -> Rates:
    """Judge values [sims, members, n] and count."""
    return _counted(*_decided(values, rule))


def rates_under(values: np.ndarray, rule: Rule, planned: Sequence[int]) -> tuple[Rates, np.ndarray]:
    """Judge values [sims, members, n] at each planned number of replicates (ascending, up to n)
    until there is a decision: the rates, and after how many replicates [sims] each study stopped.

    Any rule can be followed so; only bets keep their alpha when they are.
    """
    support, refute = (np.zeros(len(values), dtype=bool) for _ in range(2))
    stopped = np.full(len(values), planned[-1])
    ongoing = np.arange(len(values))
    for look in planned:
        if not len(ongoing):
            break
        for_, against = _decided(values[ongoing, :, :look], rule)
        support[ongoing], refute[ongoing] = for_, against
        stopped[ongoing[for_ | against]] = look
        ongoing = ongoing[~(for_ | against)]
    return _counted(support, refute), stopped


def _counted(support: np.ndarray, refute: np.ndarray) -> Rates:
    one, two = float(support.mean()), float(refute.mean())
    return Rates(one, two, max(0.0, 1 - one - two))


def _decided(values: np.ndarray, rule: Rule) -> tuple[np.ndarray, np.ndarray]:
    """Which studies [sims] end in support, and which in refutation."""
    if rule.kind in FAMILY_KINDS:
        p_support, p_refute = family.two_verdicts(values, rule)
    elif rule.kind in MEANS_KINDS:
        p_support, p_refute = fieller.two_verdicts(values, rule)
    else:
        p_support, p_refute = one_sample.two_verdicts(values[:, 0], rule)
    support = np.asarray(p_support <= rule.alpha)
    return support, np.asarray(~support & (p_refute <= rule.alpha))
