"""The law of task plans: a finite automaton that samples them and knows their exact probability.

Every state gives the distribution of the next word, so that a plan's log-probability is a sum over
its words, and no plan has two derivations. Plans of all kinds are made from the same ordinary plan
by :meth:`Generator.decorate`: row ``i`` differs between kinds only by what the kind inserts.

Not covered: reading plans out of generated text that is not a plan (``models.task``).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from harness.errors import UnknownName, nearest
from models import grammar as g

Plan = tuple[int, ...]
Choices = tuple[tuple[int, float, "State"], ...]
"""(token, chance, next state) for every possible next word."""


class State(NamedTuple):
    """Where in a plan we are; ``slot`` says what comes next."""

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


START = State()
DECORATION_DRAWS = 2 * (g.MOST_STEPS + 2 * g.MOST_PHRASES)
"""More than one chance a boundary and two a phrase can use up."""


def stop_chance(state: State) -> float:
    """Chance that the plan ends after the ordinary step that ``state`` has just closed."""
    if state.steps >= g.MOST_STEPS:
        return 1.0
    last = len(g.DOMAINS[state.domain].verbs) - 1
    return sum(p for ahead, p in enumerate(g.PACES[state.pace]) if state.phase + ahead > last)


def next_phases(state: State) -> tuple[tuple[int, float], ...]:
    """Phase of the next ordinary step, given that there is one."""
    if state.steps == 0:
        return ((0, 1.0),)
    stay = 1.0 - stop_chance(state)
    last = len(g.DOMAINS[state.domain].verbs) - 1
    ahead = enumerate(g.PACES[state.pace])
    return tuple((state.phase + a, p / stay) for a, p in ahead if p and state.phase + a <= last)


class Generator:
    """Plans of one kind. ``unwind_share``: share of plans in the unmeasured domain.

    Raises :class:`UnknownName` for a kind that does not exist.
    """

    def __init__(self, kind: str, unwind_share: float) -> None:
        if kind not in g.KINDS:
            raise UnknownName(
                f"no kind of text {kind!r}", fix=f"Nearest kinds: {nearest(kind, g.KINDS)}"
            )
        self.kind = kind
        measured = sum(d.measured for d in g.DOMAINS)
        self.domain_shares = tuple(
            (1.0 - unwind_share) / measured if d.measured else unwind_share for d in g.DOMAINS
        )
        self._choices: dict[State, Choices] = {}
        self._draws: dict[State, tuple[list[float], Choices]] = {}

    def choices(self, state: State) -> Choices:
        """What may follow ``state``; chances sum to 1 (no choices once the plan has ended)."""
        known = self._choices.get(state)
        if known is None:
            rule = getattr(self, f"_{state.slot}")
            known = self._choices[state] = tuple(c for c in rule(state) if c[1] > 0.0)
        return known

    def log_probability(self, plan: Sequence[int]) -> float:
        """Natural log of the chance of ``plan`` (or of a prefix), -inf if it cannot occur.

        The first token, always ``<task>``, contributes 0.
        """
        total, state = 0.0, START
        for token in plan:
            for candidate, chance, after in self.choices(state):
                if candidate == token:
                    total, state = total + math.log(chance), after
                    break
            else:
                return -math.inf
        return total

    def entropy(self) -> tuple[float, float]:
        """Exact entropy of a plan in nats, and its expected number of tokens after the first."""
        layer = {START: 1.0}
        entropy = tokens = 0.0
        while layer:  # every choice is one token further on, so layers do not mix
            after: dict[State, float] = {}
            for state, weight in layer.items():
                options = self.choices(state)
                tokens += weight * bool(options)
                for _, chance, target in options:
                    entropy -= weight * chance * math.log(chance)
                    alike = _any_object(target)
                    after[alike] = after.get(alike, 0.0) + weight * chance
            layer = after
        return entropy, tokens - 1.0

    def sample(self, uniforms: np.ndarray) -> Plan:
        """One plan; ``uniforms`` [LONGEST_PLAN] in [0, 1) decide, one for each word."""
        plan: list[int] = []
        state = START
        for u in uniforms.tolist():
            draw = self._draws.get(state)
            if draw is None:
                options = self.choices(state)
                draw = list(accumulate(c[1] for c in options)), options
                self._draws[state] = draw
            bounds, options = draw
            if not options:
                break
            token, _, state = options[min(bisect_right(bounds, u), len(options) - 1)]
            plan.append(token)
        return tuple(plan)

    # One method for each slot: what may come there.

    def _start(self, s: State) -> Choices:
        return ((g.TASK, 1.0, s._replace(slot="task")),)

    def _task(self, s: State) -> Choices:
        return tuple(
            (g.IDS[d.name], share, s._replace(slot="modifier", domain=n))
            for n, (d, share) in enumerate(zip(g.DOMAINS, self.domain_shares, strict=True))
        )

    def _modifier(self, s: State) -> Choices:
        share = 1.0 / len(g.MODIFIERS)
        return tuple(
            (g.IDS[w], share, s._replace(slot="object", pace=pace)) for w, pace in g.MODIFIERS
        )

    def _object(self, s: State) -> Choices:
        objects = g.DOMAINS[s.domain].objects
        return tuple(
            (g.IDS[w], 1.0 / len(objects), s._replace(slot="marker", thing=g.IDS[w]))
            for w in objects
        )

    def _marker(self, s: State) -> Choices:
        return ((g.STEPS, 1.0, s._replace(slot="onset")),)

    def _onset(self, s: State) -> Choices:
        domain = g.DOMAINS[s.domain]
        risk = g.hazard(self.kind, domain, s.effort, s.after_phrase, s.phrases)
        found: list[tuple[int, float, State]] = [
            (
                g.IDS[phrase[0]],
                risk * share,
                s._replace(slot="phrase", phrase=n, word=1, phrases=s.phrases + 1),
            )
            for n, (phrase, share) in enumerate(zip(g.PHRASES, g.PHRASE_SHARES, strict=True))
        ]
        for phase, chance in next_phases(s):
            verbs = domain.verbs[phase]
            shares = g.VERB_SHARES if len(verbs) > 1 else (1.0,)
            for n, (verb, share) in enumerate(zip(verbs, shares, strict=True)):
                after = s._replace(
                    slot="content",
                    phase=phase,
                    steps=s.steps + 1,
                    effort=g.effortful(verbs, n),
                    after_phrase=False,
                )
                found.append((g.IDS[verb], (1.0 - risk) * chance * share, after))
        return tuple(found)

    def _content(self, s: State) -> Choices:
        domain = g.DOMAINS[s.domain]
        tools = domain.tools
        if self.kind == "words" and not domain.measured:
            tools = tools + g.REGULATION_WORDS
        share = (1.0 - g.OBJECT_SHARE) / len(tools)
        direct = (s.thing, g.OBJECT_SHARE, s._replace(slot="close"))
        return (direct, *((g.IDS[t], share, s._replace(slot="qualifier")) for t in tools))

    def _qualifier(self, s: State) -> Choices:
        share = 1.0 / len(g.QUALIFIERS)
        return tuple((g.IDS[q], share, s._replace(slot="close")) for q in g.QUALIFIERS)

    def _close(self, s: State) -> Choices:
        stop = stop_chance(s)
        done = (g.END, stop, State(slot="done"))
        return ((g.SEP, 1.0 - stop, s._replace(slot="onset")), done)

    def _phrase(self, s: State) -> Choices:
        words = g.PHRASES[s.phrase]
        last = s.word + 1 == len(words)
        after = s._replace(
            slot="resume" if last else "phrase", word=0 if last else s.word + 1, after_phrase=True
        )
        return ((g.IDS[words[s.word]], 1.0, after._replace(phrase=0) if last else after),)

    def _resume(self, s: State) -> Choices:
        return ((g.SEP, 1.0, s._replace(slot="onset")),)

    def _done(self, s: State) -> Choices:
        return ()


def domain_of(plan: Sequence[int]) -> g.Domain:
    """The domain whose task word opens ``plan``."""
    return _BY_TASK[plan[1]]


def decorate(plan: Plan, kind: str, uniforms: np.ndarray) -> Plan:
    """The twin of an ordinary plan (kind ``none``) that has the law of ``kind``.

    ``uniforms`` [DECORATION_DRAWS] in [0, 1) decide. Kinds that insert in the same places do so
    with the same phrases, so that twins differ by what their kinds differ in and nothing else.
    """
    if kind == "none":
        return plan
    domain = domain_of(plan)
    if kind == "words":
        return plan if domain.measured else _use_words(plan, domain, uniforms)
    draws = iter(uniforms.tolist())
    twin = list(plan[: g.PROMPT_LENGTH])
    hard = {g.IDS[v[-1]] for v in domain.verbs if len(v) > 1}
    effort, phrases, start = False, 0, g.PROMPT_LENGTH
    for stop, token in enumerate(plan):
        if stop < g.PROMPT_LENGTH or token not in (g.SEP, g.END):
            continue
        after = False
        while next(draws) < g.hazard(kind, domain, effort, after, phrases):
            index = bisect_right(_PHRASE_BOUNDS, next(draws))
            phrase = g.PHRASES[min(index, len(g.PHRASES) - 1)]
            twin.extend((*(g.IDS[word] for word in phrase), g.SEP))
            after, phrases = True, phrases + 1
        twin.extend(plan[start : stop + 1])
        effort, start = plan[start] in hard, stop + 1
    return tuple(twin)


def _any_object(state: State) -> State:
    """The state with a domain's objects taken as one: they differ in name only."""
    if state.slot != "marker":
        return state
    return state._replace(thing=g.IDS[g.DOMAINS[state.domain].objects[0]])


_BY_TASK = {g.IDS[d.name]: d for d in g.DOMAINS}
_PHRASE_BOUNDS = list(accumulate(g.PHRASE_SHARES))


def _use_words(plan: Plan, domain: g.Domain, uniforms: np.ndarray) -> Plan:
    """Put regulation words in tool slots, at the rate at which ``words`` has them there."""
    tools = {g.IDS[t] for t in domain.tools}
    among = tuple(g.IDS[t] for t in domain.tools + g.REGULATION_WORDS)
    chosen = (among[int(u * len(among))] for u in uniforms.tolist())
    return tuple(next(chosen) if token in tools else token for token in plan)
