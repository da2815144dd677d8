"""Whatever locks can lose, can win and can stay open: by evidence within the estimand's range."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from harness.claim.power import family_size, rule_of
from harness.claim.schema import Claim, Criterion
from harness.lock.lint import lint
from harness.lock.rules.design import Design
from harness.lock.rules.spans import span
from harness.stats.records import BET, FAMILY_KINDS, methods_of
from harness.stats.rules import decide, decide_family, decide_means
from tests.lock.designs import DROP, RECIPE, claim

WAIVED = {"waivers.expect-missing": "So that no simulation stands in for the rules."}
GAP = {"arm": "treatment", "baseline": "baseline", "reference": "reference", "at": "judged"}
PUSHED = {"arm": "pushed", "at": 1.0}
ONE_NUMBER = ("superiority", "below", "equivalence")
SHARE, WIDE, TIMES = (-1.2, 1.2), (-40.0, 40.0), (1e-3, 20.0)


@dataclass(frozen=True)
class Case:
    """An estimand in a design, the tests that suit it, and a margin that locks."""

    base: str
    criterion: str
    estimand: dict[str, Any]
    kinds: tuple[str, ...]
    margins: tuple[float, float]
    sound: tuple[str, float]


def gap(criterion: str, **more: Any) -> Case:
    """An effect on a gap."""
    return Case("removal", criterion, {**GAP, **more}, ONE_NUMBER, SHARE, ("superiority", 0.4))


CASES = {
    "level-rate": Case(
        "level",
        "surprised",
        {"kind": "level", "arm": "baseline", "readout": "rate"},
        ONE_NUMBER,
        SHARE,
        ("below", 0.3),
    ),
    "level-loss": Case(
        "level",
        "surprised",
        {"kind": "level", "arm": "baseline", "readout": "ordinary_loss"},
        ONE_NUMBER,
        WIDE,
        ("superiority", 20.0),
    ),
    "level-kl": Case(
        "contrast",
        "small",
        {"kind": "level", "readout": "kl", **PUSHED},
        ONE_NUMBER,
        WIDE,
        ("superiority", 0.1),
    ),
    "contrast-rate": Case(
        "contrast",
        "small",
        {"kind": "contrast", "minus": "baseline", "readout": "rate", **PUSHED},
        ONE_NUMBER,
        SHARE,
        ("equivalence", 0.05),
    ),
    "contrast-loss": Case(
        "contrast",
        "small",
        {"kind": "contrast", "minus": "baseline", "readout": "ordinary_loss", **PUSHED},
        ONE_NUMBER,
        WIDE,
        ("superiority", 0.2),
    ),
    "log-ratio": Case(
        "contrast",
        "small",
        {"kind": "log-ratio", "over": "baseline", "readout": "rate", **PUSHED},
        ("ratio-above",),
        TIMES,
        ("ratio-above", 0.8),
    ),
    "stratified-odds": Case(
        "contrast",
        "small",
        {"kind": "stratified-odds", "over": "baseline", "stratified": True, **PUSHED},
        ("ratio-above",),
        TIMES,
        ("ratio-above", 1.2),
    ),
    "closed-gap": gap("closes", kind="closed-gap", readout="rate"),
    "beyond-controls": gap(
        "beats", kind="beyond-controls", readout="rate", controls=["isotropic"], quantile=0.95
    ),
    "damage-difference": gap(
        "spares", kind="damage-difference", readout="rate", damage="kl", than="own-mean"
    ),
    "feature-asymmetry": Case("features", "marks", {}, ("ratio-above",), TIMES, ("ratio-above", 2)),
    "none-of": Case("null", "none", {}, ("none-of",), SHARE, ("none-of", 0.4)),
    "all-of": Case("null", "none", {}, ("all-of",), SHARE, ("all-of", 0.4)),
    "contrasts": Case(
        "contrast",
        "small",
        {"kind": "contrasts", "arms": ["pushed", "nudged"], "minus": "baseline",
         "readout": "rate", "at": 1.0},
        ("some-of", "all-of", "none-of"),
        SHARE,
        ("some-of", 0.4),
    ),
    "ordering": Case(
        "contrast",
        "small",
        {"kind": "ordering", "arms": ["baseline", "nudged", "pushed"], "readout": "rate",
         "at": 1.0},
        ("all-of",),
        SHARE,
        ("all-of", 0.05),
    ),
    "dose-ordering": Case(
        "contrast",
        "small",
        {"kind": "dose-ordering", "arm": "pushed", "readout": "rate", "doses": [0.0, 0.5, 1.0]},
        ("all-of",),
        SHARE,
        ("all-of", 0.05),
    ),
    "some-of": Case("null", "none", {}, ("some-of",), SHARE, ("some-of", 0.4)),
}  # fmt: skip


def edits(case: Case, kind: str, margin: float, **more: Any) -> dict[str, Any]:
    """The case with a test, and nothing that is simulated."""
    one = f"criteria.{case.criterion}"
    test = {"kind": kind, "margin": margin, **more}
    out: dict[str, Any] = {f"{one}.test": test, f"{one}.expect": DROP, **WAIVED}
    if case.estimand:
        out[f"{one}.estimand"] = case.estimand
    return out


def around(center: float, spread: float, n: int) -> np.ndarray:
    """Values [n] of this mean, none alike, by turns low and high: a bet sees their order."""
    rising = np.linspace(-1.0, 1.0, n) + 0.01 * np.sin(np.arange(n))
    pattern = np.stack([rising, rising[::-1]], axis=1).ravel()[:n]
    return center + spread * (pattern - pattern.mean())


def evidence(one: Criterion, ends: tuple[float, float], n: int) -> dict[str, np.ndarray]:
    """Values for support, refutation and neither, within ``ends``; ratios as logarithms."""
    margin, (low, high) = one.test.margin, ends
    over = (margin, max(high, -low)) if one.test.kind == "equivalence" else (margin, high)
    under = (-margin, margin) if one.test.kind == "equivalence" else (low, margin)
    if one.test.kind == "equivalence":
        if high <= margin:
            over = (low, -margin)
        under = (max(low, -margin), min(high, margin))
    sides = [around((a + b) / 2, (b - a) / 1000, n) for a, b in (over, under)]
    if one.test.kind in ("below", "equivalence", "none-of"):
        sides.reverse()
    # as wide as the range allows, so that nothing is settled
    edge = margin if low <= margin <= high else -margin
    open_ = around(edge, min(edge - low, high - edge) * 0.9, n)
    return {"support": sides[0], "refute": sides[1], "neither": open_}


def decisions(one: Claim, criterion: Criterion, n: int) -> dict[str, str]:
    """What the evidence of each kind is decided as."""
    ends = span(Design(one, RECIPE), criterion)
    rule = rule_of(criterion.test)
    if criterion.test.kind == "ratio-above":
        logs = Criterion("x", {}, type(criterion.test)("superiority", math.log(rule.margin)), "w")
        found = evidence(logs, (math.log(ends[0]), math.log(ends[1])), n)
        return {word: decide(np.exp(v), rule).decision for word, v in found.items()}
    found = evidence(criterion, ends, n)
    members = family_size(one, criterion)
    if criterion.test.kind not in FAMILY_KINDS:
        return {word: decide(v, rule).decision for word, v in found.items()}
    every = "refute" if criterion.test.kind == "some-of" else "support"
    return {
        word: decide_family(
            # all on one side takes every member; some on the other takes one beside others at
            # the margin
            {f"m{k}": v if k == 0 or word == every else around(rule.margin, 0.01, n)
             for k in range(members)},
            rule,
        ).decision
        for word, v in found.items()
    }  # fmt: skip


def check(one: Claim, n: int) -> None:
    """Every outcome of the one criterion is reached by some evidence."""
    found = decisions(one, one.criteria[0], n)
    assert found == {word: word for word in found}


@cache
def parsed(name: str, kind: str) -> Claim:
    """The case's claim with its one criterion, tested so."""
    case = CASES[name]
    one = claim(case.base, edits(case, kind, case.sound[1]))
    return replace(one, criteria=tuple(c for c in one.criteria if c.name == case.criterion))


@pytest.mark.parametrize("name", CASES)
def test_a_sound_margin_locks_and_can_be_decided_either_way(name: str) -> None:
    """One margin of every estimand, so that the property below is about something."""
    one = parsed(name, CASES[name].sound[0])
    assert lint(one, RECIPE) == ()
    check(one, 8)


def test_a_ratio_of_means_locks_and_can_be_decided_either_way() -> None:
    """It has two numbers per replicate, so it is no case of those above."""
    spec = {"kind": "mean-ratio", "over": "baseline", "readout": "rate", **PUSHED}
    case = Case("contrast", "small", spec, (), TIMES, ("mean-ratio-above", 1.2))
    one = claim("contrast", edits(case, "mean-ratio-above", 1.2))
    one = replace(one, criteria=tuple(c for c in one.criteria if c.name == "small"))
    assert lint(one, RECIPE) == ()
    assert span(Design(one, RECIPE), one.criteria[0]) == (0.0, 1e6)
    two, rule = around(0.4, 0.02, 8), rule_of(one.criteria[0].test)
    for ratio, word in ((1.8, "support"), (0.0, "refute"), (1.2, "neither")):
        assert decide_means(ratio * two + around(0.0, 0.02, 8)[::-1], two, rule).decision == word


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(
    name=st.sampled_from(sorted(CASES)),
    where=st.floats(0.0, 1.0),
    alpha=st.one_of(st.floats(0.01, 0.11), st.floats(0.01, 0.1), st.floats(1e-12, 0.4)),
    replicates=st.one_of(st.integers(5, 12), st.integers(1, 14)),
    method=st.sampled_from(("t", "sign-flip", BET)),
    kind=st.integers(0, 2),
)
def test_whatever_locks_can_be_decided_either_way(
    name: str, where: float, alpha: float, replicates: int, method: str, kind: int
) -> None:
    """For random margins, alphas, methods and replicates: support, refutation and neither."""
    case = CASES[name]
    low, high = case.margins
    one = parsed(name, case.kinds[kind % len(case.kinds)])
    assume(method in methods_of(one.criteria[0].test.kind))
    test = replace(
        one.criteria[0].test, margin=low + where * (high - low), alpha=alpha, method=method
    )
    one = replace(
        one,
        criteria=(replace(one.criteria[0], test=test),),
        subject=replace(one.subject, replicates=replicates),
    )
    assume(lint(one, RECIPE) == ())
    check(one, replicates)
