"""Families of members measured on the same replicates: "none of them", "some", "all of them".

"Above" is a member's mean above the margin. Two statements about a family, and their methods:

- *all* members lie below: an intersection-union test (Berger 1982). Each member is tested at
  alpha, none is adjusted, the family's p is the largest.
- *some* member lies above: family-wise control over members, by Holm, or by the joint sign-flip
  max-T with step-down (Westfall & Young 1993): the same flips for all members, so that their
  dependence is kept and the floor stays 2**-n however many members there are.

``none-of`` is supported by the first and refuted by the second; ``some-of`` the other way round.
``all-of`` is ``none-of`` with every sign turned: supported where all members lie above, refuted
where some lies below.

The max-T statistic is the studentised mean of the margin-shifted values; flips leave its sum of
squares alone, so it is compared as sum / sqrt(n * sum of squares), a monotone function of t.

A member clearly below the margin becomes the largest when every replicate is flipped. Beside one
that is as clearly below as the best is above, the best one's p is 2 / 2**n: at n = 5 one working
member among failing ones seldom reaches .05 by max-T (the lint finds this by simulation).

Not covered: members of unequal replicates, false-discovery control, and members chosen by looking
at the same data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from statsmodels.stats.multitest import multipletests

from harness.stats.attainable import smallest_p
from harness.stats.one_sample import judge_mean, sides, subsets
from harness.stats.records import (
    EVERY,
    FamilyResult,
    Rule,
    TestResult,
    UntestableError,
    checked,
    decision,
    reported,
)
from harness.stats.ties import TIE, apart


def judge_family(
    members: Mapping[str, Sequence[float] | np.ndarray], rule: Rule, where: str = ""
) -> FamilyResult:
    """Test members (name -> one value per replicate, same replicates) with a family's rule.

    Raises :class:`UntestableError` for no members, unequal lengths, NaN or infinite values.
    """
    if not members:
        raise UntestableError(
            "a family without members", where=where, fix="Name at least one member"
        )
    names = tuple(members)
    rows = [checked(members[m], f"{where}: {m}" if where else m) for m in names]
    if len({len(r) for r in rows}) > 1:
        sizes = ", ".join(f"{m} {len(r)}" for m, r in zip(names, rows, strict=True))
        raise UntestableError(
            f"members have different numbers of replicates ({sizes})",
            where=where,
            fix="Measure every member on every replicate",
        )
    values = np.stack(rows)  # [members, n]
    turned, toward = turn(values, rule)
    at = sides(turned, toward.margin, per_member(rule.method), rule.seed)
    some = adjusted(turned, toward, at.above)
    support, refute = (float(at.below.max()), float(some.min()))
    if rule.kind not in EVERY:
        support, refute = refute, support
    p_support, p_refute = reported(support), reported(refute)
    floor = smallest_p(rule.kind, rule.method, values.shape[1], len(names))
    verdicts = {
        name: _member(row, rule, float(at.below[i]), (float(at.above[i]), float(some[i])), floor)
        for i, (name, row) in enumerate(zip(names, rows, strict=True))
    }
    flat = [name for name, one in verdicts.items() if one.constant]
    return FamilyResult(
        kind=rule.kind,
        method=rule.method,
        margin=rule.margin,
        alpha=rule.alpha,
        n=values.shape[1],
        p_support=p_support,
        p_refute=p_refute,
        smallest_p=floor,
        decision=decision(p_support, p_refute, rule.alpha),
        leading=names[int(np.argmin(at.above))],
        members=verdicts,
        reason=f"without spread between replicates: {', '.join(flat)}" if flat else "",
    )


def turn(values: np.ndarray, rule: Rule) -> tuple[np.ndarray, Rule]:
    """Values [..., n] and rule so that "every member lies below, or some lies above" is asked."""
    if rule.kind != "all-of":
        return values, rule
    return -values, replace(rule, margin=-rule.margin)


def per_member(method: str) -> str:
    """The one-sample method behind a family's method."""
    return "t" if method == "t" else "sign-flip"


def adjusted(values: np.ndarray, rule: Rule, above: np.ndarray) -> np.ndarray:
    """Family-wise adjusted p-values [members] of "this member lies above the margin".

    ``values`` [members, n]; ``above`` [members] are the unadjusted ones, which Holm starts from.
    """
    if rule.method == "sign-flip":
        return max_t(apart(values, rule.margin), rule.seed)
    return np.asarray(multipletests(above, method="holm")[1])


def max_t(deviation: np.ndarray, seed: int = 0) -> np.ndarray:
    """Step-down sign-flip max-T adjusted p-values [members], one-sided (mean above 0).

    ``deviation`` [members, n] are values minus the margin.
    """
    flipped = _statistics(deviation, seed)  # [members, F]; column 0 is the data
    observed = flipped[:, 0]
    order = np.argsort(-observed, kind="stable")
    p = np.empty(len(order))
    worst = np.maximum.accumulate(flipped[order][::-1], axis=0)[::-1]  # max over the rest
    p[order] = (worst >= observed[order, None] - TIE).mean(axis=1)
    p[order] = np.maximum.accumulate(p[order])
    return p


def some_above(values: np.ndarray, rule: Rule) -> np.ndarray:
    """The family's p-value of "some member lies above", [sims], of values [sims, members, n].

    The smallest adjusted p of each family, without the step-down the others would need.
    """
    if rule.method != "sign-flip":
        above = sides(values, rule.margin, per_member(rule.method), rule.seed).above
        return np.minimum(1.0, above.min(axis=1) * values.shape[1])
    out = np.empty(len(values))
    step = max(1, 4_000_000 // (values.shape[1] * len(subsets(values.shape[2], rule.seed))))
    for start in range(0, len(values), step):
        largest = _statistics(apart(values[start : start + step], rule.margin), rule.seed).max(1)
        out[start : start + step] = (largest >= largest[:, :1] - TIE).mean(axis=1)
    return out


def two_verdicts(values: np.ndarray, rule: Rule) -> tuple[np.ndarray, np.ndarray]:
    """(p_support, p_refute), arrays [sims], of families of values [sims, members, n]."""
    turned, toward = turn(values, rule)
    every = sides(turned, toward.margin, per_member(rule.method), rule.seed).below.max(axis=1)
    some = some_above(turned, toward)
    return (every, some) if rule.kind in EVERY else (some, every)


def _statistics(deviation: np.ndarray, seed: int) -> np.ndarray:
    """Sum over root of n times the sum of squares, [..., F], under every flip; in [-1, 1]."""
    n = deviation.shape[-1]
    signs = 1.0 - 2.0 * subsets(n, seed)  # [F, n]
    scale = np.sqrt(n * np.square(deviation).sum(axis=-1, keepdims=True))
    return np.asarray((deviation / np.where(scale > 0, scale, 1.0)) @ signs.T)


def _member(
    row: np.ndarray, rule: Rule, every: float, some: tuple[float, float], floor: float
) -> TestResult:
    """A member's own result; the side that asks for "some" carries the adjusted p.

    ``every`` is p of the side that all members have to be on; ``some`` holds p of the other side
    before and after adjustment.
    """
    kind = "below" if rule.kind == "none-of" else "superiority"
    one = judge_mean(row, replace(rule, kind=kind, method=per_member(rule.method)))
    raw, final = (every, some[0]), (every, some[1])
    if rule.kind not in EVERY:
        raw, final = raw[::-1], final[::-1]
    p_support, p_refute = reported(final[0]), reported(final[1])
    return replace(
        one,
        method=rule.method,
        p_support=p_support,
        p_refute=p_refute,
        p_support_raw=reported(raw[0]),
        p_refute_raw=reported(raw[1]),
        smallest_p=floor,
        decision=decision(p_support, p_refute, rule.alpha),
    )
