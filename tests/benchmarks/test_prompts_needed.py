"""Prompts until a power is reached, against cases whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.prompts_needed import (
    Counts,
    Design,
    between,
    largest_sd,
    per_prompt,
    prompts_needed,
    resampled_power,
)
from harness.stats.one_sample import two_verdicts
from harness.stats.records import Rule

DESIGN = Design(n=8, margin=0.5)


def sampled(share: float, seeds: int = 6, prompts: int = 600, alike: bool = True) -> Counts:
    """Each of 8 steps is behaviour with chance .25 in the baseline; the treatment keeps the same
    steps' behaviour with chance ``1 - share`` (``alike``), the reference has none."""
    rng = np.random.default_rng(0)
    base = rng.random((seeds, prompts, 8)) < 0.25
    other = base if alike else rng.random((seeds, prompts, 8)) < 0.25
    treated = other & (rng.random(base.shape) >= share)
    hits = np.stack([base.sum(-1), treated.sum(-1), np.zeros((seeds, prompts))]).astype(float)
    return Counts(hits, np.full(hits.shape, 8.0), np.arange(prompts) % 6)


def test_an_edit_that_does_nothing_has_no_spread_when_paired() -> None:
    """Under the same noise it gives the same text, so that the closed gap is 0 without spread."""
    counts = sampled(0.0)
    assert per_prompt(counts, paired=True) == pytest.approx(0, abs=1e-20)
    # two independent rates of p = .25 over 8 steps, in units of the gap .25
    independent = 2 * 0.25 * 0.75 / 8 / 0.25**2
    assert per_prompt(counts, paired=False) == pytest.approx(independent, rel=0.1)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_pairing_never_costs_where_outcomes_go_together(share: float) -> None:
    """The spread under shared noise is the smaller one, and its gain fades as the gap closes."""
    counts = sampled(share)
    assert per_prompt(counts, paired=True) < per_prompt(counts, paired=False)


def test_without_a_common_cause_pairing_changes_nothing() -> None:
    """Where the treated outcome does not depend on the shared noise, both spreads agree."""
    counts = sampled(0.5, alike=False)
    assert per_prompt(counts, True) == pytest.approx(per_prompt(counts, False), rel=0.1)


@pytest.mark.parametrize("paired", [True, False])
def test_the_linearised_spread_is_the_resampled_one(paired: bool) -> None:
    """P times the variance of the closed gap over many draws of P prompts."""
    counts, P, sims = sampled(0.6), 60, 4000
    rng = np.random.default_rng(1)
    per = P // 6
    where = np.concatenate([rng.integers(0, 100, (sims, per)) * 6 + k for k in range(6)], 1)
    seeds = rng.integers(0, 6, (3, sims, P))
    seeds = seeds[[0, 0, 0]] if paired else seeds
    b, t, f = (np.stack([counts.hits[a, seeds[a], where].sum(-1) / (8 * P)]) for a in range(3))
    g = (b - t) / (b - f)
    assert P * g.var() == pytest.approx(per_prompt(counts, paired), rel=0.12)


def test_equal_shares_of_strata_take_their_spread_away() -> None:
    """Prompts that differ by stratum only have no spread within."""
    stratum = np.arange(60) % 6
    hits = np.stack([1.0 + stratum, 0.5 + 0.0 * stratum, 0.0 * stratum])[:, None]
    counts = Counts(hits, np.full(hits.shape, 8.0), stratum)
    assert per_prompt(counts, paired=True) == pytest.approx(0, abs=1e-20)


def test_independent_noise_needs_three_seeds() -> None:
    """Two cannot give three arms noise of their own."""
    with pytest.raises(ValueError, match="needs three"):
        per_prompt(sampled(0.5, seeds=2), paired=False)


def test_the_largest_sd_gives_the_power() -> None:
    """Studies simulated at that spread pass as often as was asked."""
    sd = largest_sd(0.75, DESIGN)
    values = np.random.default_rng(0).normal(0.75, sd, (20_000, 8))
    p, _ = two_verdicts(values, Rule("superiority", 0.5, 0.05))
    assert (p <= 0.05).mean() == pytest.approx(0.8, abs=0.01)
    assert largest_sd(0.5, DESIGN) == 0


def test_prompts_follow_the_variance() -> None:
    """Half the variance of a prompt takes half the prompts; pairs that differ too much take none
    at all; a number is a multiple of the strata and never less."""
    room = largest_sd(0.75, DESIGN) ** 2
    assert prompts_needed(0.75, DESIGN, room / 2, 30 * room) == 60
    assert prompts_needed(0.75, DESIGN, room / 2, 15 * room) == 30
    assert prompts_needed(0.75, DESIGN, room / 2, 15 * room, least=7) == 35
    assert prompts_needed(0.75, DESIGN, 0.0, 0.0, least=6) == 6
    assert prompts_needed(0.75, DESIGN, room, 1e-9) is None
    assert prompts_needed(0.5, DESIGN, 0.0, 1.0) is None


def test_the_spread_of_prompts_is_taken_out_of_that_between_pairs() -> None:
    """What prompts explain is not counted twice, and nothing falls below zero."""
    values = np.array([0.6, 0.8, 1.0])
    assert between(values, np.full(3, 0.01)) == pytest.approx(0.03)
    assert between(values, np.full(3, 1.0)) == 0


def test_resampling_reaches_the_power_at_the_prompts_that_were_found() -> None:
    """At sixty prompts the linearisation is near enough."""
    counts, effect = sampled(0.6), 0.6
    variance = per_prompt(counts, paired=False)
    room = largest_sd(effect, DESIGN) ** 2
    prompts = prompts_needed(effect, DESIGN, room - variance / 60, variance, 6)
    assert prompts == 60
    power = resampled_power(counts, 60, False, effect, room - variance / 60, DESIGN, 4000)
    assert power == pytest.approx(0.8, abs=0.03)


def test_a_study_without_a_gap_does_not_support() -> None:
    """A replicate whose prompt shows no behaviour to remove has no number, and its study no
    support: with half of the prompts such, one study of five replicates in 32 has five numbers."""
    hits = np.zeros((3, 1, 6))
    hits[0, 0, :3] = 1.0
    counts = Counts(hits, np.ones_like(hits), np.zeros(6, np.int64))
    power = resampled_power(counts, 1, True, 1.0, 0.0, Design(5, 0.5), 4000)
    assert power == pytest.approx(1 / 32, abs=0.015)
