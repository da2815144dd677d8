"""How many prompts a replicate a claim needs: arithmetic on per-prompt counts, no model.

The estimand is the share of a gap that is closed, g = (B - T) / (B - F), of three rates (baseline,
treatment, reference), each a ratio of sums over prompts. Over n replicates it is tested against a
margin by Student's t, one-sided. A replicate's number has two sources of spread:

    variance(P) = between replicates (training) + per_prompt / P

``per_prompt`` is found by linearising g in the three rates (the delta method), prompts being drawn
with equal numbers of each stratum. With *paired* noise the three arms sample with the same random
numbers; with *independent* noise each arm has its own, and the variance is that of combining an
arm's outcome under one seed with another arm's under another.

Assumes: replicates near normal around the effect with the spread that was found; the same spread at
every effect; prompts exchangeable within their stratum; enough prompts for the linearisation, which
``resampled_power`` replaces by resampling.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from harness.stats.one_sample import two_verdicts
from harness.stats.records import Rule

Array = NDArray[np.float64]
BASELINE, TREATMENT, REFERENCE = range(3)


@dataclass(frozen=True)
class Counts:
    """Of each arm (baseline, treatment, reference), sampling seed and prompt: ``hits`` and the
    ``steps`` they are among, both [3, seeds, prompts]; ``stratum`` [prompts] of each prompt.

    For a readout without sampling there is one seed, steps are 1 and hits are the expectation.
    """

    hits: Array
    steps: Array
    stratum: NDArray[np.int64]

    def rates(self) -> Array:
        """Of each arm, over all seeds and prompts [3]."""
        return np.asarray(self.hits.sum((1, 2)) / self.steps.sum((1, 2)))

    def closed(self) -> float:
        """The share of the gap that is closed."""
        return float(closed(*self.rates()))


@dataclass(frozen=True)
class Design:
    """The criterion: ``n`` replicates, one-sided ``alpha`` against ``margin``, ``power`` wanted."""

    n: int
    margin: float
    alpha: float = 0.05
    power: float = 0.8


def closed(base: Array, treated: Array, reference: Array) -> Array:
    """(B - T) / (B - F)."""
    return (base - treated) / (base - reference)


def influence(counts: Counts) -> Array:
    """What one prompt adds to g under each arm and seed [3, seeds, prompts]: g of P prompts is the
    overall g plus the mean over prompts of the sum over arms, to first order."""
    base, treated, reference = counts.rates()
    gap = base - reference
    slope = np.array([(treated - reference) / gap**2, -1 / gap, (base - treated) / gap**2])
    scale = slope / counts.steps.mean((1, 2))
    rate = counts.rates()[:, None, None]
    return np.asarray(scale[:, None, None] * (counts.hits - rate * counts.steps))


def per_prompt(counts: Counts, paired: bool) -> float:
    """P times the variance of g over P prompts. Independent noise needs three seeds or more.

    Independent noise: averaged over all shifts that give the three arms different seeds.
    """
    parts = influence(counts)
    seeds = parts.shape[1]
    if paired:
        return _within(parts.sum(0), counts.stratum)
    if seeds < 3:
        raise ValueError(f"{seeds} seeds: independent noise in three arms needs three")
    shifts = [(a, b) for a in range(1, seeds) for b in range(1, seeds) if a != b]
    found = [
        _within(parts[0] + np.roll(parts[1], a, 0) + np.roll(parts[2], b, 0), counts.stratum)
        for a, b in shifts
    ]
    return float(np.mean(found))


def _within(values: Array, stratum: NDArray[np.int64]) -> float:
    """Mean variance within strata of values [seeds, prompts], over seeds and prompts."""
    kinds = np.unique(stratum)
    each = [float(values[:, stratum == kind].var()) for kind in kinds]
    sizes = [int((stratum == kind).sum()) for kind in kinds]
    # a stratum's mean is estimated from its own prompts
    full = sum(v * m * m / max(1, m - 1) for v, m in zip(each, sizes, strict=True))
    return full / sum(sizes)


def between(values: Array, within: Array) -> float:
    """Variance between replicates: that of their numbers [n] less what prompts contribute [n]."""
    return max(0.0, float(values.var(ddof=1) - within.mean()))


def largest_sd(effect: float, design: Design) -> float:
    """The largest standard deviation of a replicate's number at which the power is reached; 0 where
    the effect does not lie above the margin."""
    if effect <= design.margin:
        return 0.0
    df = design.n - 1
    critical = stats.t.ppf(1 - design.alpha, df)

    def short(ncp: float) -> float:
        return float(stats.nct.sf(critical, df, ncp)) - design.power

    ncp = optimize.brentq(short, 0.0, 50.0)
    return float((effect - design.margin) * math.sqrt(design.n) / ncp)


def prompts_needed(
    effect: float, design: Design, between_variance: float, prompt_variance: float, least: int = 1
) -> int | None:
    """Prompts a replicate until the power is reached, in multiples of ``least`` (one of each
    stratum); None where no number of prompts reaches it."""
    room = largest_sd(effect, design) ** 2 - between_variance
    if room <= 0:
        return None
    return max(1, math.ceil(prompt_variance / room / least - 1e-9)) * least


def resampled_power(
    counts: Counts,
    prompts: int,
    paired: bool,
    effect: float,
    between_variance: float,
    design: Design,
    sims: int = 2_000,
    seed: int = 0,
) -> float:
    """Share of simulated studies that support the claim: a replicate's true number is normal around
    ``effect``; to it comes what g of ``prompts`` resampled prompts differs from g of all of them. A
    replicate without a gap ends its study without support."""
    rng = np.random.default_rng(seed)
    arms, seeds, _ = counts.hits.shape
    kinds = np.unique(counts.stratum)
    shape = (sims, design.n)
    chosen = [
        rng.choice(np.flatnonzero(counts.stratum == kinds[k % len(kinds)]), shape)
        for k in range(prompts)
    ]
    where = np.stack(chosen, -1)  # [sims, n, prompts]
    own = rng.integers(0, seeds, (1 if paired else arms, *where.shape))
    hits, steps = (
        np.stack([x[a, own[0 if paired else a], where].sum(-1) for a in range(arms)])
        for x in (counts.hits, counts.steps)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        g = closed(*(hits / steps))
    true = effect + math.sqrt(between_variance) * rng.standard_normal(shape)
    values = true + g - counts.closed()
    good = np.isfinite(values).all(-1)
    p, _ = two_verdicts(values[good], Rule("superiority", design.margin, design.alpha))
    return float((p <= design.alpha).sum() / sims)
