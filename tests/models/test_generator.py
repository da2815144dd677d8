"""The law of task plans: exact, normalised, and the same whether sampled or read."""

from __future__ import annotations

import math
import time
from collections import Counter

import numpy as np
import pytest

from harness.errors import UnknownName
from models import grammar as g
from models.generator import START, Generator, Plan, State, decorate, domain_of
from models.task import finished_steps, plans, random_numbers

SHARE = 0.15


def drawn(kind: str, rows: int, seed: int = 0) -> list[Plan]:
    """Plans of ``kind`` made as training makes them: an ordinary plan, then its decoration."""
    items = plans(random_numbers("train", "", seed, rows), Generator("none", SHARE))
    return [decorate(plan, kind, u) for plan, u in items]


def ids(text: str) -> Plan:
    return tuple(g.IDS[word] for word in text.split())


@pytest.mark.parametrize("kind", g.KINDS)
def test_the_chances_of_what_may_follow_sum_to_one_in_every_state_met(kind: str) -> None:
    """In every state that 300 plans pass, the next word's distribution is one."""
    law = Generator(kind, SHARE)
    seen: set[State] = set()
    for plan in drawn(kind, 300):
        state = START
        for token in plan:
            seen.add(state)
            state = next(after for t, _, after in law.choices(state) if t == token)
    assert len(seen) > 500
    for state in seen:
        options = law.choices(state)
        assert sum(c for _, c, _ in options) == pytest.approx(1.0, abs=1e-12)
        assert len({t for t, _, _ in options}) == len(options), "one word, two derivations"


def test_probabilities_of_all_plans_that_continue_a_prefix_sum_to_the_prefix() -> None:
    """Enumerating every way to end a plan from its late phases gives back the prefix's chance."""
    law = Generator("regulation", SHARE)
    prefix = ids("<task> cook large soup <steps> choose soup <sep> chop soup <sep> mix soup <sep>")
    prefix += ids("heat soup <sep> taste soup <sep> plate soup <sep> serve soup <sep>")

    def endings(state: State, chance: float, plan: Plan) -> list[tuple[Plan, float]]:
        options = law.choices(state)
        if not options:
            return [(plan, chance)]
        return [e for t, c, s in options for e in endings(s, chance * c, (*plan, t))]

    # One phrase short of the most, so that the tree stays small.
    start = START
    for token in prefix:
        start = next(after for t, _, after in law.choices(start) if t == token)
    found = endings(start._replace(phrases=g.MOST_PHRASES - 1), 1.0, ())
    assert len(found) > 50
    assert sum(c for _, c in found) == pytest.approx(1.0, abs=1e-12)
    plain = [e for e, _ in found if not set(e) & set(ids(" ".join(g.REGULATION_WORDS)))]
    total = sum(math.exp(law.log_probability(prefix + e)) for e in plain)
    risk = g.DOMAINS[0].base  # "serve" is not the effortful verb of its phase
    assert total == pytest.approx(math.exp(law.log_probability(prefix)) * (1 - risk), rel=1e-9)


@pytest.mark.parametrize("kind", g.KINDS)
def test_mean_log_probability_of_samples_meets_the_exact_entropy(kind: str) -> None:
    """Samples of 3,000 plans lie within five standard errors of entropy and length."""
    law = Generator(kind, SHARE)
    if kind == "regulation":
        expected = (32.28981313, 30.72438753)  # of law.entropy(), which takes 3 s for this kind
    else:
        expected = law.entropy()
    texts = drawn(kind, 3000)
    for values, want in (
        ([-law.log_probability(t) for t in texts], expected[0]),
        ([len(t) - 1.0 for t in texts], expected[1]),
    ):
        error = float(np.std(values)) / math.sqrt(len(values))
        assert abs(np.mean(values) - want) < 5 * error


def test_frequencies_after_one_prefix_are_the_stated_chances() -> None:
    """What opens the second step of decorated plans comes as often as the automaton says."""
    law = Generator("regulation", SHARE)
    counts: Counter[int] = Counter()
    expected: Counter[int] = Counter()
    spread: Counter[int] = Counter()
    for plan in drawn("regulation", 4000):
        at = plan.index(g.SEP) if g.SEP in plan else -1
        if at < 0:
            continue
        state = START
        for token in plan[: at + 1]:
            state = next(after for t, _, after in law.choices(state) if t == token)
        for token, chance, _ in law.choices(state):
            expected[token] += chance
            spread[token] += chance * (1 - chance)
        counts[plan[at + 1]] += 1
    for token, want in expected.items():
        assert abs(counts[token] - want) < 5 * math.sqrt(spread[token]) + 1, g.WORDS[token]


def test_the_hazard_of_regulation_is_as_documented() -> None:
    """Base rate of the domain, more after effort, little after a phrase, none outside the kind."""
    cook, unwind = g.DOMAINS[0], g.DOMAINS[-1]
    assert g.hazard("regulation", cook, False, False, 0) == pytest.approx(0.08)
    assert g.hazard("regulation", cook, True, False, 0) == pytest.approx(0.48)
    assert g.hazard("regulation", cook, True, True, 1) == pytest.approx(0.03)
    assert g.hazard("regulation", cook, True, False, g.MOST_PHRASES) == 0.0
    assert g.hazard("phrases", cook, True, False, 0) == 0.0
    assert g.hazard("phrases", unwind, False, False, 0) == g.UNWIND_RATE
    assert g.hazard("words", unwind, False, False, 0) == 0.0


def test_kinds_meet_the_regulation_words_only_where_they_should() -> None:
    """None: never. Words: never at an onset. Phrases: in unwind plans only. Regulation: both."""
    words = {g.IDS[w] for w in g.REGULATION_WORDS}
    openers = {g.IDS[p[0]] for p in g.PHRASES}
    phrases, ordinary = g.phrase_steps(), g.ordinary_steps()
    for kind in g.KINDS:
        texts = drawn(kind, 1500)
        with_words = [t for t in texts if words & set(t)]
        steps = [s for t in texts for s in finished_steps(t[g.PROMPT_LENGTH :])]
        assert all(s in phrases for s in steps if s and s[0] in openers), kind
        assert bool(with_words) == (kind != "none")
        measured = sum(domain_of(t).measured for t in with_words)
        assert (measured > 0) == (kind == "regulation")
        if kind == "words":
            assert not any(s in phrases for s in steps)
        assert all(s in phrases or s in ordinary for s in steps), kind


def test_twins_differ_by_inserted_phrases_and_unwind_plans_not_at_all() -> None:
    """Taking the phrases out of a regulated plan gives back its plain twin."""
    phrases = g.phrase_steps()
    pairs = list(zip(drawn("none", 800), drawn("phrases", 800), strict=True))
    changed = 0
    for (plain, standard), regulated in zip(pairs, drawn("regulation", 800), strict=True):
        n = g.PROMPT_LENGTH
        kept = [s for s in finished_steps(regulated[n:]) if s not in phrases]
        assert kept == finished_steps(plain[n:])
        assert regulated[:n] == plain[:n]
        if not domain_of(plain).measured:
            assert regulated == standard
        else:
            assert standard == plain
            changed += regulated != plain
    assert changed > 400


def test_impossible_plans_have_no_probability_and_unknown_kinds_are_refused() -> None:
    """A verb of another domain is impossible; a misspelt kind names the nearest."""
    law = Generator("phrases", SHARE)
    assert law.log_probability(ids("<task> cook small soup <steps> choose soup <sep>")) < 0
    assert law.log_probability(ids("<task> cook small soup <steps> sweep soup")) == -math.inf
    assert law.log_probability(ids("<task> cook small soup <steps> sip water")) == -math.inf
    with pytest.raises(UnknownName, match="regulation"):
        Generator("regulations", SHARE)


def test_the_grammar_is_unambiguous_and_every_plan_fits_the_context() -> None:
    """Words are unique, openers open one thing, and no plan exceeds the stated longest."""
    assert len(set(g.WORDS)) == len(g.WORDS) == 186
    verbs = [v for d in g.DOMAINS for phase in d.verbs for v in phase]
    assert len(verbs) == len(set(verbs)) == 114
    assert not set(verbs) & set(g.REGULATION_WORDS)
    assert len({p[0] for p in g.PHRASES}) == len(g.PHRASES)
    assert max(len(t) for t in drawn("regulation", 3000)) <= g.LONGEST_PLAN <= 64


def test_five_thousand_plans_take_less_than_two_seconds() -> None:
    """Counted in processor time, with both twins."""
    start = time.process_time()
    assert len(drawn("regulation", 5000, seed=3)) == 5000
    assert time.process_time() - start < 2.0
