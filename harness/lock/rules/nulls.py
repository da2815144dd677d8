"""Nulls, whatever they are called: criteria that an intervention meets by doing nothing.

A criterion is a null where its estimand, with the interventions doing nothing, lies where the test
supports. Which kind of test says so does not matter: ``equivalence``, ``below`` a positive margin,
``superiority`` above a negative one, a level that the model has anyway. Such a claim needs

- a *positive control*: a precondition ``share`` or ``ratio`` on the same readout, in which the same
  model, changed in a way that is not tested (another intervention, or a role that the recipe trains
  on from it), moves it by a bound that doing nothing fails;
- *coverage*: the tested arm is read at its largest dose (or at all of them), and a coverage
  precondition says that this reaches the dose at which another arm acts.

A criterion of the same claim that the same arm cannot meet by doing nothing does as well: with
"closes half of the gap" beside it, "raises the loss by less than .05" is about an arm that acts.

Where two arms intervene and the readout is one of damage, the arm that is to be the gentler one may
do nothing at all: it needs coverage, but no positive control, because the other arm is one.

Not covered: whether what the positive control does is like what the tested arms might do.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.claim.schema import Arm, Criterion, Precondition
from harness.lock.refusal import Refusal, refusal
from harness.lock.rules.design import DAMAGE, Design, Source, listed
from harness.lock.rules.pairs import PAIRED, pairs
from harness.lock.rules.spans import by_nothing, met, times

CONTROL_AT_LEAST = 0.25
"""Of a positive control beside an arm with the effect; doing nothing must give less."""
TIMES_AT_LEAST = 1.5
"""Of a positive control beside the model as it is, where doing nothing gives 1."""
CLOSES_AT_LEAST = 0.25
"""Of the gap, for a dose to count as one that acts."""
BEHAVIOUR = "rate"


def is_null(design: Design, criterion: Criterion) -> bool:
    """Whether doing nothing meets a criterion."""
    if criterion.estimand.get("kind") == "best-production":
        return criterion.test.kind == "none-of"
    nothing = by_nothing(design, criterion)
    return nothing is not None and met(criterion.test, nothing)


def nulls(design: Design, criterion: Criterion) -> Iterator[Refusal]:
    """Positive control and coverage of a null."""
    where = f"criteria.{criterion.name}"
    tested = design.tested(criterion)
    if is_null(design, criterion):
        if not _controlled(design, criterion, tested):
            yield refusal("positive-control", where, _control_words(design, criterion, tested))
    else:
        tested = _gentler(design, criterion)
    for arm in tested:
        reason = _uncovered(design, criterion, arm)
        if reason:
            yield refusal("coverage", where, reason)


def _gentler(design: Design, criterion: Criterion) -> tuple[Arm, ...]:
    """The arm that wins a comparison of damage between two interventions by doing nothing."""
    spec, test = criterion.estimand, criterion.test
    compared = {pair.one for pair in pairs(spec)}, {pair.two for pair in pairs(spec)}
    both = [a for a in design.tested(criterion) if a.name in compared[0] | compared[1]]
    if spec.get("readout") not in DAMAGE or not any(
        {p.one, p.two} <= {a.name for a in both} and p.one != p.two for p in pairs(spec)
    ):
        return ()
    below = test.kind in ("below", "equivalence", "none-of")
    return tuple(a for a in both if a.name in compared[0 if below else 1])


def _acts_elsewhere(design: Design, criterion: Criterion, arm: Arm, readout: str = "") -> bool:
    """Whether another criterion asks the same arm, at the same dose, to do something."""
    source = design.source(arm.name, criterion.estimand.get("at"))
    for other in design.claim.criteria:
        if readout and other.estimand.get("readout") != readout:
            continue
        at = other.estimand.get("at")
        same = source in [design.source(a.name, at) for a in design.tested(other)]
        if same and not is_null(design, other) and arm not in _gentler(design, other):
            return True
    return False


def _reads(criterion: Criterion) -> str:
    """The readout in which an effect would show."""
    return str(criterion.estimand.get("damage", criterion.estimand.get("readout")))


def _controlled(design: Design, criterion: Criterion, tested: tuple[Arm, ...]) -> bool:
    readout = _reads(criterion)
    if tested and all(_acts_elsewhere(design, criterion, arm, readout) for arm in tested):
        return True
    return any(
        _is_control(design, criterion, p, tested)
        for p in design.preconditions("share", "ratio")
        if p.params.get("readout") == readout
    )


def _is_control(
    design: Design, criterion: Criterion, p: Precondition, tested: tuple[Arm, ...]
) -> bool:
    """Whether a precondition has an outsider do what the tested arms are said not to do.

    It says that one arm reads at least so many times another. With the outsider replaced by the
    model as it is, it has to fail.
    """
    inside = _inside(design, criterion)
    plain = [design.source(a.name).itself for a in tested or design.named(criterion)]
    one, two = design.source(p.params["arm"]), design.source(p.params["over"])
    bound, readout = p.params["at_least"], p.params["readout"]
    for outsider, other in ((one, two), (two, one)):
        if any(outsider.related(i) for i in inside) or outsider.related(other):
            continue
        if tested and not design.made_of(outsider, plain):
            continue
        if other in plain:
            if bound >= TIMES_AT_LEAST:
                return True
            continue
        least = CONTROL_AT_LEAST
        trained = criterion.estimand.get("trained")
        if trained is not None and other == design.source(trained):
            least = max(least, criterion.test.margin)
        pairs = [(other, m) if outsider == one else (m, other) for m in plain]
        apart = min((times(design, *pair, readout)[0] for pair in pairs), default=0.0)
        if bound >= least and apart > 0 and bound > 1 / apart:
            return True
    return False


def _inside(design: Design, criterion: Criterion) -> tuple[Source, ...]:
    """The arms that a criterion names, the models that they are done to, and the plain models that
    any criterion compares with."""
    names = [arm.name for arm in design.named(criterion)]
    for one in design.claim.criteria:
        for key in ("baseline", "reference", "trained"):
            names += listed(one.estimand.get(key))
    found = [design.source(name) for name in dict.fromkeys(names) if name in design.arms]
    return (*found, *(design.source(arm.name).itself for arm in design.tested(criterion)))


def _control_words(design: Design, criterion: Criterion, tested: tuple[Arm, ...]) -> str:
    what = "an intervention that does nothing" if tested else "two models that do not differ"
    whose = "the same model, changed in a way that is not tested," if tested else "another model"
    words = (
        f"{what} would meet it, so this is a null claim, without a precondition (share or ratio) "
        f"on {_reads(criterion)} that {whose} meets and doing nothing fails: at least "
        f"{TIMES_AT_LEAST:g} times the model as it is, or a share of at least "
        f"{CONTROL_AT_LEAST:g} of a model that a ratio precondition sets apart from it. The "
        "measurement may be unable to see an effect"
    )
    if criterion.estimand.get("kind") in ("level", *PAIRED) and tested:
        words += ". If doing nothing would not meet it, say so: a precondition level or ratio "
        words += "(with a floor) on the model as it is"
    return words


def _uncovered(design: Design, criterion: Criterion, arm: Arm) -> str:
    """Why a tested arm may be underdosed; empty where it may not."""
    if _acts_elsewhere(design, criterion, arm):
        return ""
    at = criterion.estimand.get("at")
    if arm.name in listed(criterion.estimand.get("than")):
        at = None  # read along its whole grid
    lead = f"arm {arm.name} may be underdosed"
    if isinstance(at, float | int) and arm.doses and at < max(arm.doses):
        return f"{lead}: it is read at {at:g}, and its grid goes on to {max(arm.doses):g}"
    if isinstance(at, str):
        return (
            f"{lead}: coverage is about its grid, and it is read at the judged dose; read it at "
            "its largest dose, or add a criterion that it acts there"
        )
    inside = [design.source(a.name) for a in design.tested(criterion)]
    for p in design.preconditions("coverage"):
        if arm.name not in listed(p.params["arms"]):
            continue
        acting = design.source(p.params["arm"])
        if any(acting.related(i) for i in inside):
            lead += f"; precondition {p.name} takes the dose at which it acts from a tested arm"
        elif p.params["readout"] not in (_reads(criterion), BEHAVIOUR):
            lead += f"; precondition {p.name} is about {p.params['readout']}"
        elif acting.kin[:1] != design.source(arm.name).kin[:1]:
            lead += f"; precondition {p.name} is about an arm at another site"
        elif p.params["closes"] < CLOSES_AT_LEAST:
            lead += f"; precondition {p.name} takes closing {p.params['closes']:g} for acting"
        else:
            return ""
    return f"{lead}: a null claim needs a precondition of kind coverage with it under arms"
