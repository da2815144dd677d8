"""The lagged law: whether a regulation phrase comes depends on the step before the last one.

Words, plain plans and ``unwind`` plans are those of ``models.grammar``. In a measured domain a
phrase comes at a step onset with chance :data:`HIGH` if the ordinary step *two* steps back had an
effortful verb and with chance :data:`LOW` otherwise; phrases are not counted as steps. Right after
a phrase the chance is that of the grammar. Domains have no base rate of their own, so that neither
the separator nor the step just closed says anything about what follows: a model has to look past
the last separator.

Not covered: another lag than two; the kinds ``none``, ``words`` and ``phrases``, which have the law
of ``models.generator``; reading the chance off generated text (``models.lagged_task``).
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import NamedTuple, cast

import numpy as np

from models import generator as plain
from models import grammar as g
from models.generator import Choices, Generator, Plan, State, domain_of

LOW = 0.02
"""Chance of a phrase at an onset whose step two back had no effortful verb, or does not exist."""
HIGH = 0.85
"""Chance of a phrase at an onset whose step two back had an effortful verb."""


class LaggedState(NamedTuple):
    """The fields of :class:`State`, and ``before``: the step before the last took effort.

    It stands wherever a :class:`State` does: the rules of :class:`Generator` read fields by name
    and replace them, and a named tuple cannot be given a field by inheritance.
    """

    slot: str = "start"
    domain: int = 0
    pace: int = 0
    thing: int = 0
    phase: int = -1
    steps: int = 0
    effort: bool = False
    after_phrase: bool = False
    phrases: int = 0
    phrase: int = 0
    word: int = 0
    before: bool = False


def hazard(kind: str, domain: g.Domain, before: bool, after_phrase: bool, phrases: int) -> float:
    """Chance that a regulation phrase comes at a step boundary.

    ``before``: the ordinary step before the last one had an effortful verb. ``after_phrase``: the
    last step was a phrase. ``phrases``: how many the plan holds already.
    """
    if kind != "regulation" or not domain.measured or after_phrase or phrases >= g.MOST_PHRASES:
        return g.hazard(kind, domain, False, after_phrase, phrases)
    return HIGH if before else LOW


class LaggedGenerator(Generator):
    """Plans of one kind under the lagged law; raises and arguments as :class:`Generator`."""

    def _start(self, s: State) -> Choices:
        return ((g.TASK, 1.0, cast(State, cast(object, LaggedState(slot="task")))),)

    def _onset(self, s: State) -> Choices:
        state = cast(LaggedState, cast(object, s))
        domain = g.DOMAINS[s.domain]
        risk = hazard(self.kind, domain, state.before, s.after_phrase, s.phrases)
        found: list[tuple[int, float, State]] = []
        for n, (phrase, share) in enumerate(zip(g.PHRASES, g.PHRASE_SHARES, strict=True)):
            after = s._replace(slot="phrase", phrase=n, word=1, phrases=s.phrases + 1)
            found.append((g.IDS[phrase[0]], risk * share, after))
        # Of a plan that holds its most phrases, the grammar gives the ordinary steps' own shares.
        for token, share, state_after in super()._onset(s._replace(phrases=g.MOST_PHRASES)):
            if share > 0.0:
                step = cast(LaggedState, cast(object, state_after))
                step = step._replace(before=state.effort, phrases=state.phrases)
                found.append((token, (1.0 - risk) * share, cast(State, cast(object, step))))
        return tuple(found)


def decorate(plan: Plan, kind: str, uniforms: np.ndarray) -> Plan:
    """The twin of an ordinary plan (kind ``none``) that has the lagged law of ``kind``.

    ``uniforms`` [DECORATION_DRAWS] in [0, 1) decide. Kinds that insert in the same places do so
    with the same phrases; plans outside the measured domains have the twins of
    ``models.generator``.
    """
    domain = domain_of(plan)
    if kind != "regulation" or not domain.measured:
        return plain.decorate(plan, kind, uniforms)
    draws = iter(uniforms.tolist())
    twin = list(plan[: g.PROMPT_LENGTH])
    before, last, phrases, start = False, False, 0, g.PROMPT_LENGTH
    for stop, token in enumerate(plan):
        if stop < g.PROMPT_LENGTH or token not in (g.SEP, g.END):
            continue
        after = False
        while next(draws) < hazard(kind, domain, before, after, phrases):
            index = bisect_right(_PHRASE_BOUNDS, next(draws))
            phrase = g.PHRASES[min(index, len(g.PHRASES) - 1)]
            twin.extend((*(g.IDS[word] for word in phrase), g.SEP))
            after, phrases = True, phrases + 1
        twin.extend(plan[start : stop + 1])
        before, last, start = last, plan[start] in EFFORTFUL, stop + 1
    return tuple(twin)


EFFORTFUL = frozenset(
    g.IDS[verb]
    for domain in g.DOMAINS
    for verbs in domain.verbs
    for n, verb in enumerate(verbs)
    if g.effortful(verbs, n)
)
"""Token ids of the effortful verbs of all domains."""
_PHRASE_BOUNDS = list(accumulate(g.PHRASE_SHARES))
