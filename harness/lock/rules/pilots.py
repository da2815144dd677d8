"""What an exploration of the claim already shows: a metric that cannot move, or no number at all.

A metric is at its floor (ceiling) where every arm that a criterion names reads 0 (1) in every
replicate at every dose; or where the estimand sits at an end of its range in every replicate. For a
null the latter is what is claimed, and whether the readout could show anything else is the positive
control's business; so nulls are asked about the arms only.

Not covered: what an exploration says for or against a claim; nothing here reads its sign.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from harness.claim.schema import Criterion, Expectation
from harness.lock.pilot import Spread
from harness.lock.refusal import Refusal, refusal
from harness.lock.rules.design import NATS, SHARES, Design
from harness.lock.rules.nulls import is_null
from harness.lock.rules.spans import Undefined, span

SAME = 1e-9
UNLIKELY = 0.001
"""Chance of a spread such as the pilot's, under the expected one, below which it is refused."""


def pilots(design: Design, criterion: Criterion) -> Iterator[Refusal]:
    """Floor, ceiling, variation (of a family: of all members), missing numbers, spread."""
    if design.pilot is None or not design.pilot.replicates:
        return
    yield from _readouts(design, criterion)
    where = f"criteria.{criterion.name}"
    if criterion.name in design.pilot.missing:
        reason = f"the exploration has no number: {design.pilot.missing[criterion.name]}"
        yield refusal("pilot", where, reason)
    mine = {
        name: values
        for name, values in design.pilot.values.items()
        if name.split("/", 1)[0] == criterion.name
    }
    for name, values in mine.items():
        bad = [r for r, v in enumerate(values) if not math.isfinite(v)]
        if bad:
            reason = f"the exploration has {values[bad[0]]} in replicate {bad[0]}"
            yield refusal("pilot", f"criteria.{name}", reason)
            return
    reasons = [_stuck(v, _ends(design, criterion)) for v in mine.values()]
    if reasons and all(reasons) and not is_null(design, criterion):
        yield refusal("pilot", where, f"the exploration {reasons[0]}")
        return
    expect, ratio = criterion.expect, criterion.test.kind == "ratio-above"
    for values in mine.values():
        if expect is not None and _wider(values, expect, ratio):
            reason = (
                f"the spread between replicates is {_sd(values, ratio):.3g} in the exploration, "
                f"which an expected sd of {expect.sd:g} does not allow"
            )
            yield refusal("pilot", f"{where}.expect.sd", reason)
            return


def _stuck(values: Sequence[float], ends: tuple[float, ...]) -> str:
    """How the values of all replicates cannot move; empty where they can."""
    for end in ends:
        if all(abs(v - end) < SAME for v in values):
            return f"sits at {end:g}, an end of its range, in every replicate"
    if len(values) > 1 and max(values) - min(values) < SAME:
        return f"has {values[0]:g} in every replicate: it does not vary"
    return ""


def _ends(design: Design, criterion: Criterion) -> tuple[float, ...]:
    try:
        return span(design, criterion)
    except Undefined:
        return ()


def _readouts(design: Design, criterion: Criterion) -> Iterator[Refusal]:
    """Readouts that are at one end in every arm that the criterion names."""
    assert design.pilot is not None
    spec = criterion.estimand
    for readout in dict.fromkeys(str(spec[key]) for key in ("readout", "damage") if key in spec):
        found = [
            design.pilot.readouts[arm.name, readout]
            for arm in design.named(criterion)
            if (arm.name, readout) in design.pilot.readouts and _moves(design, arm.name, readout)
        ]
        for word, end in (("floor", 0.0), ("ceiling", 1.0 if readout in SHARES else NATS)):
            if found and all(_at(one, end) for one in found):
                reason = (
                    f"{readout} is {end:g} in every replicate and at every dose of every arm that "
                    f"is named: at its {word}"
                )
                yield refusal("pilot", f"criteria.{criterion.name}.estimand", reason)
        if any(one.blanks for one in found):
            reason = f"{readout} has no number in some cells of the exploration"
            yield refusal("pilot", f"criteria.{criterion.name}.estimand", reason)


def _moves(design: Design, arm: str, readout: str) -> bool:
    return design.span(arm, readout)[1] > 0


def _at(one: Spread, end: float) -> bool:
    return abs(one.low - end) < SAME and abs(one.high - end) < SAME


def _sd(values: Sequence[float], ratio: bool) -> float:
    numbers = [math.log(v) for v in values] if ratio else list(values)
    mean = sum(numbers) / len(numbers)
    return math.sqrt(sum((v - mean) ** 2 for v in numbers) / (len(numbers) - 1))


def _wider(values: Sequence[float], expect: Expectation, ratio: bool) -> bool:
    """Whether the spread is larger than chance makes it where ``expect.sd`` is true."""
    if len(values) < 2 or not expect.sd > 0 or (ratio and min(values) <= 0):
        return False
    from scipy import stats

    df = len(values) - 1
    statistic = df * (_sd(values, ratio) / expect.sd) ** 2
    return bool(stats.chi2.sf(statistic, df) < UNLIKELY)
