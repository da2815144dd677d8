"""Preconditions that check nothing, that nothing passes, or that look at the outcome.

Where a readout has a natural range, a bound at or beyond its end is refused. Where it has none, the
bound is refused that no sound design needs; the constants say which. Between those and a strict
bound lies taste: it is left to the author, and the report shows every bound.

Not covered: whether the right things are checked; which ones must be is said by ``nulls``
(positive control, coverage), ``controls`` (dose band) and ``harness.lock.lint`` (health).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from harness.claim.schema import Precondition
from harness.lock.refusal import Refusal, refusal
from harness.lock.rules.design import SHARES, Design
from harness.lock.rules.nulls import CLOSES_AT_LEAST

BROKEN_NATS = 2.0
"""A model this far above the entropy, or a loss that rose so much, is not a trained model."""
BROKEN_SHARE = 0.5
"""Garbage in half of all steps, or a share that rose by half of its range."""
DOUBLED = 1.0
"""A relative rise of a loss by as much as the loss itself."""
BROKEN_RISE: Mapping[str, float] = {
    **{"garbage_rate": BROKEN_SHARE, "ordinary_loss": DOUBLED},
    **{"repetition": BROKEN_SHARE, "clean_nats": BROKEN_NATS},
}
"""Readout that a dose rule may bound -> a rise that bounds nothing."""
TENFOLD = 10.0
"""A relative rise of a share."""
NEXT_TO_NOTHING = 0.1
"""Of another arm's readout."""
CHANCE = 0.5
"""A cosine that unrelated directions reach where models are small or activations have a mean."""
HALF, TWICE = 0.5, 2.0
"""Of the planned dose."""
BARELY_EXPLAINS, MOSTLY_DEAD = 0.1, 0.95
"""Of a dictionary: variance explained, features dead."""

THE_BEHAVIOUR = ("rate", "onset_mass")
"""Two readouts of one thing: what bounds one of them bounds the other."""

Params = Mapping[str, Any]
Found = tuple[str, str, str]
"""(parameter, rule, reason)"""


def checks(design: Design) -> Iterator[Refusal]:
    """What is wrong with each precondition by itself, and with the dose rule's bounds."""
    for one in design.claim.preconditions:
        for name, rule, reason in BY_KIND.get(one.kind, _nothing)(design, one.params):
            yield refusal(rule, f"preconditions.{one.name}.{name}", reason)
    if design.claim.dose_rule is not None:
        for name, bound in design.claim.dose_rule.bounds.items():
            most = BROKEN_RISE.get(name)
            if most is not None and bound >= most:
                reason = f"a rise of {bound:g} bounds no damage; write less than {most:g}"
                yield refusal("vacuous", f"dose_rule.bounds.{name}", reason)


def outcomes(design: Design) -> Iterator[Refusal]:
    """Preconditions on a number that a criterion judges."""
    for one in design.claim.preconditions:
        read = _reads(design, one)
        for criterion in design.claim.criteria:
            readout = one.params.get("readout")
            judged = {criterion.estimand.get("readout")}
            if judged & {*THE_BEHAVIOUR}:
                judged |= {*THE_BEHAVIOUR}
            if one.kind != "rise":  # a limit on damage is a condition of many an effect
                judged.add(criterion.estimand.get("damage"))
            mine = design.deciding(criterion)
            hits = [key for key, source in read.items() if any(source.related(m) for m in mine)]
            if len(hits) < len(read) and len(mine) > 1 and all(m.still for m in mine):
                continue  # one of two compared models, beside a third: the comparison is open
            for key in hits if readout in judged else ():
                yield refusal(
                    "outcome",
                    f"preconditions.{one.name}.{key}",
                    f"it reads {readout} of {one.params[key]}, which criterion "
                    f"{criterion.name} judges: an outcome against the claim would be INVALID",
                )


def _reads(design: Design, one: Precondition) -> dict[str, Any]:
    """Parameter -> source, of the arms whose readout a precondition bounds."""
    keys = {
        "level": ("arm",),
        "rise": ("arm",),
        "ratio": ("arm", "over"),
        "share": ("arm", "over"),
        "coverage": ("arm",),
    }.get(one.kind, ())
    return {key: design.source(one.params[key], one.params.get("at")) for key in keys}


def _nothing(design: Design, params: Params) -> Iterator[Found]:
    return iter(())


def _health(design: Design, params: Params) -> Iterator[Found]:
    for name, most, unit in (
        ("loss_gap_at_most", BROKEN_NATS, "nats above the entropy"),
        ("garbage_at_most", BROKEN_SHARE, "garbage"),
    ):
        bound = params.get(name)
        if bound is not None and bound >= most:
            reason = f"a model with {bound:g} {unit} is broken; write less than {most:g}"
            yield name, "vacuous", reason


def _ratio(design: Design, params: Params) -> Iterator[Found]:
    yield from _pair(design, params)
    low, high = design.span(params["arm"], params["readout"])
    floor = params.get("floor") or 0.0
    if floor > high:
        yield "floor", "unreachable", f"{params['readout']} is never above {high:g}"
    if floor <= low and params["at_least"] < NEXT_TO_NOTHING:
        reason = f"{params['at_least']:g} times the other arm is next to nothing"
        yield "at_least", "vacuous", f"{reason}; write at least {NEXT_TO_NOTHING:g}"


def _share(design: Design, params: Params) -> Iterator[Found]:
    yield from _pair(design, params)
    if design.span(params["over"], params["readout"])[1] <= 0:
        reason = f"{params['readout']} of {params['over']} is always 0: there is nothing to share"
        yield "over", "unreachable", reason
    if params["at_least"] < NEXT_TO_NOTHING:
        reason = f"{params['at_least']:g} of the other arm is next to nothing"
        yield "at_least", "vacuous", f"{reason}; write at least {NEXT_TO_NOTHING:g}"


def _pair(design: Design, params: Params) -> Iterator[Found]:
    if design.source(params["arm"]) == design.source(params["over"]):
        yield "over", "same", f"{params['arm']} and {params['over']} are the same"
    elif design.span(params["arm"], params["readout"])[1] <= 0:
        reason = f"{params['readout']} of {params['arm']} is always 0"
        yield "arm", "unreachable", reason


def _level(design: Design, params: Params) -> Iterator[Found]:
    low, high = design.span(params["arm"], params["readout"], params.get("at"))
    for name, sign in (("at_least", 1), ("at_most", -1)):
        bound = params.get(name)
        if bound is None:
            continue
        always = bound <= low if sign > 0 else bound >= high
        never = bound > high if sign > 0 else bound < low
        words = f"{params['readout']} of {params['arm']} lies in [{low:g}, {high:g}]"
        if always:
            yield name, "vacuous", f"{words}: {bound:g} excludes nothing"
        elif never:
            yield name, "unreachable", f"{words}: {bound:g} excludes everything"


def _rise(design: Design, params: Params) -> Iterator[Found]:
    bound, readout = params["at_most"], params["readout"]
    if design.source(params["arm"], params.get("at")).still:
        yield "at", "same", "at dose 0 nothing rises"
        return
    share = readout in SHARES
    if params["relative"]:
        if design.span(params["baseline"], readout)[1] <= 0:
            yield "relative", "unreachable", f"{readout} of the baseline is always 0"
            return
        most = TENFOLD if share else DOUBLED
    elif readout == "kl":
        most = design.span(params["arm"], readout)[1]
    else:
        most = BROKEN_SHARE if share else BROKEN_NATS
    if bound >= most:
        yield "at_most", "vacuous", f"a rise of {bound:g} bounds nothing; write less than {most:g}"


def _split_half(design: Design, params: Params) -> Iterator[Found]:
    bound = params["at_least"]
    if bound < CHANCE:
        reason = f"unrelated directions reach a cosine of {bound:g}; write at least {CHANCE:g}"
        yield "at_least", "vacuous", reason
    elif bound >= 1:
        yield "at_least", "unreachable", "no two halves give exactly the same direction"


def _dose_band(design: Design, params: Params) -> Iterator[Found]:
    low, high = params["low"], params["high"]
    if low < HALF:
        reason = f"{low:g} of the planned dose is not the planned dose; write at least {HALF:g}"
        yield "low", "vacuous", reason
    if high > TWICE:
        reason = f"{high:g} times the planned dose is another dose; write at most {TWICE:g}"
        yield "high", "vacuous", reason
    if high - low < 1e-3:
        yield "high", "unreachable", "no realised dose is exactly the planned one"


def _coverage(design: Design, params: Params) -> Iterator[Found]:
    closes = params["closes"]
    if closes < CLOSES_AT_LEAST:
        reason = f"closing {closes:g} of a gap is not acting; write at least {CLOSES_AT_LEAST:g}"
        yield "closes", "vacuous", reason
    elif closes > 1:
        yield "closes", "unreachable", "nothing closes more than the whole gap"
    if params["readout"] == "kl":
        reason = "kl is 0 in baseline and reference: there is no gap to close"
        yield "readout", "unreachable", reason


def _dictionary(design: Design, params: Params) -> Iterator[Found]:
    explained, dead = params["explained_variance_at_least"], params["dead_at_most"]
    if explained <= BARELY_EXPLAINS:
        reason = f"{explained:g} of the variance is next to none; write above {BARELY_EXPLAINS:g}"
        yield "explained_variance_at_least", "vacuous", reason
    elif explained >= 1:
        yield "explained_variance_at_least", "unreachable", "no dictionary explains everything"
    if dead >= MOSTLY_DEAD:
        reason = f"with {dead:g} of its features dead it is no dictionary"
        yield "dead_at_most", "vacuous", f"{reason}; write less than {MOSTLY_DEAD:g}"


BY_KIND: Mapping[str, Callable[[Design, Params], Iterator[Found]]] = {
    "health": _health,
    "ratio": _ratio,
    "share": _share,
    "level": _level,
    "rise": _rise,
    "split-half": _split_half,
    "dose-chosen": _nothing,
    "dose-band": _dose_band,
    "coverage": _coverage,
    "dictionary": _dictionary,
}
