"""What an estimand can be, and what it is where an intervention does nothing.

Both are intervals. What preconditions promise (a level, a ratio with its floor) narrows what doing
nothing can give: with the behaviour present at .1 in the trained model and ten times rarer in the
standard one, an arm that does nothing to the former lies at least .09 above the latter.

Not covered: which margins are refused for it (``margins``, ``nulls``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

from harness.claim.schema import Criterion, Precondition, Test
from harness.lock.rules.design import Design, Source, Span
from harness.lock.rules.pairs import PAIRED, QUOTIENTS, Pair, pairs
from harness.lock.rules.probed import PROBES, probed

RATIOS = (0.01, 1e6)
"""Beyond these a ratio of readouts is a ratio of next to nothing."""
LENGTHS = (1e-6, 1e6)
"""Of two directions: a decoder row may well be a thousandth of a mean difference."""
GAP = (-1000.0, 1.0)
"""Of a gap: nothing closes more than the whole of it; making things worse has no natural end."""
SHARES_OF_TRAINED = (0.0, 1000.0)
GAPS = ("closed-gap", "beyond-controls", "damage-difference", "steering-asymmetry")
FEATURES = ("feature-asymmetry", "marker-ratio")
UPWARD = ("superiority", "ratio-above", "mean-ratio-above", "some-of", "all-of")


class Undefined(Exception):
    """The estimand has no number whatever is measured; says why."""


def span(design: Design, criterion: Criterion, seen: bool = False) -> Span:
    """Least and largest value of an estimand; both the same where it is fixed beforehand.

    With ``seen`` the model that is subtracted reads at most twice what it does in the pilot. Raises
    :class:`Undefined` where the estimand divides by what is always 0.
    """
    spec = criterion.estimand
    kind, at, readout = str(spec.get("kind")), spec.get("at"), str(spec.get("readout"))
    if kind in FEATURES:
        return RATIOS
    if kind == "norm-ratio":
        return LENGTHS
    if kind == "level":
        return design.span(spec["arm"], readout, at)
    if kind in PROBES:
        return probed(design, spec)
    if kind in PAIRED:
        found = [_apart(design, kind, pair, readout, seen) for pair in pairs(spec)]
        fixed = [one for one in found if one[0] == one[1]]
        return fixed[0] if fixed else _hull(found)
    if kind == "best-production":
        _divides(design, str(spec["trained"]), readout, None, "the trained model")
        return SHARES_OF_TRAINED
    if kind not in GAPS:
        return -inf, inf
    if readout == "kl":
        raise Undefined("kl is 0 in baseline and reference: there is no gap to close")
    if at == 0.0:
        return 0.0, 0.0
    if kind == "damage-difference":
        if design.source(spec["arm"], at) == design.source(spec["than"], at):
            return 0.0, 0.0
        low, high = design.span(spec["arm"], str(spec["damage"]), at)
        return low - high, high - low
    if kind == "steering-asymmetry":
        return GAP[0] - GAP[1], GAP[1] - GAP[0]
    return GAP


def _apart(design: Design, kind: str, pair: Pair, readout: str, seen: bool) -> Span:
    """The difference or quotient of two readouts."""
    same = design.source(pair.one, pair.at_one) == design.source(pair.two, pair.at_two)
    if kind in QUOTIENTS:
        _divides(design, pair.two, readout, pair.at_two, "the arm that it is divided by")
        if same:
            return 1.0, 1.0
        return RATIOS if kind != "mean-ratio" else (0.0, RATIOS[1])
    one = design.span(pair.one, readout, pair.at_one)
    two = design.span(pair.two, readout, pair.at_two)
    if seen:
        two = _seen(design, pair.two, readout, pair.at_two, two)
    return (0.0, 0.0) if same else (one[0] - two[1], one[1] - two[0])


def _hull(found: Sequence[Span]) -> Span:
    """From the least of several intervals to the largest."""
    return min(low for low, _ in found), max(high for _, high in found)


def _divides(design: Design, name: str, readout: str, at: str | float | None, what: str) -> None:
    if design.span(name, readout, at)[1] <= 0:
        raise Undefined(f"{readout} of {name}, {what}, is always 0")


def _seen(design: Design, name: str, readout: str, at: str | float | None, natural: Span) -> Span:
    """A still arm's range, up to twice what the pilot showed of it."""
    found = design.pilot.readouts.get((name, readout)) if design.pilot else None
    if found is None or found.blanks or not design.source(name, at).still:
        return natural
    return natural[0], min(natural[1], 2 * found.high)


def met(test: Test, values: Span) -> bool:
    """Whether some value of an interval lies where the test supports."""
    low, high = values
    if test.kind == "equivalence":
        return low < test.margin and high > -test.margin
    return high > test.margin if test.kind in UPWARD else low < test.margin


def by_nothing(design: Design, criterion: Criterion) -> Span | None:
    """What the estimand is where its interventions do nothing, or its models do not differ.

    Of a family of comparisons: from the least member to the largest. None where the question does
    not arise: a level of a model as it is, features, productions.
    """
    spec = criterion.estimand
    kind, at, readout = spec.get("kind"), spec.get("at"), str(spec.get("readout"))
    if kind == "beyond-controls":
        return GAP[0], 0.0  # random directions close some of a gap by chance
    if kind in GAPS:
        return 0.0, 0.0
    if kind == "level":
        source = design.source(spec["arm"], at)
        return None if source.still else _promised(design, source.itself, readout)
    found = [_undone(design, str(kind), pair, readout) for pair in pairs(spec)]
    return _hull(found) if found else None


def _undone(design: Design, kind: str, pair: Pair, readout: str) -> Span:
    """A difference or quotient of two arms that do nothing."""
    one, two = design.source(pair.one, pair.at_one), design.source(pair.two, pair.at_two)
    ratio = kind in QUOTIENTS
    if (one.still and two.still) or one.itself == two.itself:
        return (1.0, 1.0) if ratio else (0.0, 0.0)
    between = _quotient if ratio else _difference
    return between(design, one.itself, two.itself, readout)


def _promised(design: Design, model: Source, readout: str) -> Span:
    """A model's own readout, within what the preconditions promise."""
    low, high = 0.0, 0.0 if readout == "kl" else inf
    for p in _about(design, readout):
        bounds = p.params
        if p.kind == "level" and design.source(bounds["arm"], bounds.get("at")) == model:
            low = max(low, bounds.get("at_least") or low)
            high = min(high, bounds["at_most"]) if bounds.get("at_most") is not None else high
        if p.kind == "ratio" and design.source(bounds["arm"]) == model:
            low = max(low, bounds.get("floor") or 0.0)
    return low, high


def _about(design: Design, readout: str) -> Iterator[Precondition]:
    return (p for p in design.preconditions("level", "ratio") if p.params.get("readout") == readout)


def times(design: Design, one: Source, two: Source, readout: str) -> tuple[float, float]:
    """How many times the second model's readout the first one's is promised to be, and at least
    how much itself; (0, 0) where nothing is promised."""
    found = [
        (float(p.params["at_least"]), float(p.params.get("floor") or 0.0))
        for p in _about(design, readout)
        if p.kind == "ratio"
        and design.source(p.params["arm"]) == one
        and design.source(p.params["over"]) == two
    ]
    return max(found, default=(0.0, 0.0))


def _difference(design: Design, one: Source, two: Source, readout: str) -> Span:
    (a, b), (c, d) = (_promised(design, model, readout) for model in (one, two))
    low, high = a - d, b - c
    for first, second, sign in ((one, two, 1), (two, one, -1)):
        k, floor = times(design, first, second, readout)
        if k >= 1:
            apart = floor * (1 - 1 / k)
            low, high = (max(low, apart), high) if sign > 0 else (low, min(high, -apart))
    return low, high


def _quotient(design: Design, one: Source, two: Source, readout: str) -> Span:
    up, down = (times(design, *pair, readout)[0] for pair in ((one, two), (two, one)))
    return up, 1 / down if down else inf
