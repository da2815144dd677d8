"""The lagged law: exact, and the same whether sampled, decorated or read off the automaton."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from scipy import stats

from models import generator as plain
from models import grammar as g
from models.generator import START, Generator, Plan, State, domain_of
from models.lagged import EFFORTFUL, HIGH, LOW, LaggedGenerator, decorate, hazard
from models.task import finished_steps, plans, random_numbers

SHARE = 0.15
PHRASES = g.phrase_steps()
OPENERS = {phrase[0] for phrase in PHRASES}
THIRD_VERBS = {g.IDS[p[2]] for d in g.DOMAINS for p in d.verbs if len(p) == 3}


def drawn(kind: str, rows: int, seed: int = 0, share: float = SHARE) -> list[Plan]:
    """Plans of ``kind`` made as training makes them: an ordinary plan, then its decoration."""
    items = plans(random_numbers("train", "", seed, rows), Generator("none", share))
    return [decorate(plan, kind, u) for plan, u in items]


def ids(text: str) -> Plan:
    return tuple(g.IDS[word] for word in text.split())


def boundaries(plan: Plan) -> Iterator[tuple[float, Plan]]:
    """Chance of a phrase as the law's description has it, and the step that came, in order."""
    history, after, phrases = [False, False], False, 0
    for step in finished_steps(plan[g.PROMPT_LENGTH :]):
        if phrases == g.MOST_PHRASES:
            chance = 0.0
        elif plan[1] == g.IDS["unwind"]:
            chance = g.UNWIND_RATE
        elif after:
            chance = g.AFTER_REGULATION
        else:
            chance = HIGH if history[-2] else LOW
        yield chance, step
        after = step in PHRASES
        phrases += after
        if not after:
            history.append(step[0] in THIRD_VERBS)


def endings(
    law: Generator, state: State, chance: float, plan: Plan
) -> Iterator[tuple[Plan, float]]:
    """Every plan that continues ``plan``, with its chance."""
    options = law.choices(state)
    if not options:
        yield plan, chance
    for token, share, after in options:
        yield from endings(law, after, chance * share, (*plan, token))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A grammar of one domain, three phases and steps of two words: few enough plans to list."""
    cook = g.Domain("cook", g.DOMAINS[0].verbs[:3], ("soup",), ("pan",))
    for name, value in {
        "DOMAINS": (cook,),
        "MODIFIERS": (("usual", 1),),
        "OBJECT_SHARE": 1.0,
        "MOST_STEPS": 3,
        "MOST_PHRASES": 2,
    }.items():
        monkeypatch.setattr(g, name, value)


def test_a_phrase_is_likely_only_where_the_step_two_back_took_effort() -> None:
    """High after effort two back, low otherwise, the grammar's own chances everywhere else."""
    cook, unwind = g.DOMAINS[0], g.DOMAINS[-1]
    assert hazard("regulation", cook, True, False, 0) == HIGH
    assert all(hazard("regulation", d, False, False, 0) == LOW for d in g.DOMAINS[:-1])
    assert hazard("regulation", cook, True, True, 1) == g.AFTER_REGULATION
    assert hazard("regulation", cook, True, False, g.MOST_PHRASES) == 0.0
    assert hazard("regulation", unwind, True, True, 1) == g.UNWIND_RATE
    assert hazard("phrases", cook, True, False, 0) == 0.0
    assert EFFORTFUL == THIRD_VERBS


@pytest.mark.parametrize("kind", g.KINDS)
def test_the_chances_of_what_may_follow_sum_to_one_in_every_state_met(kind: str) -> None:
    """In every state that 300 plans pass, the next word's distribution is one."""
    law = LaggedGenerator(kind, SHARE)
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


@pytest.mark.usefixtures("small")
def test_every_plan_of_a_small_grammar_has_the_chance_that_the_description_gives_it() -> None:
    """All plans listed: chances sum to one, equal plain chance times hazards, give the entropy."""
    law, ordinary = LaggedGenerator("regulation", 0.0), Generator("none", 0.0)
    found = list(endings(law, START, 1.0, ()))
    assert len(found) > 3000
    assert sum(c for _, c in found) == pytest.approx(1.0, abs=1e-9)
    share = dict(zip((ids(" ".join(p)) for p in g.PHRASES), g.PHRASE_SHARES, strict=True))
    for plan, chance in found[::7]:
        kept: list[int] = list(plan[: g.PROMPT_LENGTH])
        want = 1.0
        for risk, step in boundaries(plan):
            want *= risk * share[step] if step in share else 1.0 - risk
            kept.extend((*step, g.SEP) if step not in share else ())
        kept[-1] = g.END
        want *= math.exp(ordinary.log_probability(kept))
        assert chance == pytest.approx(want, rel=1e-9)
        assert math.exp(law.log_probability(plan)) == pytest.approx(want, rel=1e-9)
    entropy, tokens = law.entropy()
    assert entropy == pytest.approx(-sum(c * math.log(c) for _, c in found), rel=1e-9)
    assert tokens == pytest.approx(sum(c * (len(p) - 1) for p, c in found), rel=1e-9)


@pytest.mark.usefixtures("small")
def test_decorated_plans_of_a_small_grammar_come_as_often_as_the_law_says() -> None:
    """Chi-square of 4,000 twins over where effort and phrases stand, against the listed chances."""

    def shape(plan: Plan) -> str:
        steps = finished_steps(plan[g.PROMPT_LENGTH :])
        return "".join("p" if s in PHRASES else "e" if s[0] in THIRD_VERBS else "." for s in steps)

    expected: Counter[str] = Counter()
    for plan, chance in endings(LaggedGenerator("regulation", 0.0), START, 1.0, ()):
        expected[shape(plan)] += 4000 * chance
    counts = Counter(shape(plan) for plan in drawn("regulation", 4000, share=0.0))
    assert set(counts) <= set(expected)
    often = [s for s in expected if expected[s] >= 5]
    assert len(often) > 15
    rest = [4000 - sum(t[s] for s in often) for t in (counts, expected)]
    seen, want = (
        [t[s] for s in often] + [r] for t, r in zip((counts, expected), rest, strict=True)
    )
    assert stats.chisquare(seen, want).pvalue > 1e-4


def test_sampled_and_decorated_plans_have_the_same_law() -> None:
    """Mean log-probability and length of 2,000 plans drawn either way agree within five errors."""
    law = LaggedGenerator("regulation", SHARE)
    numbers = random_numbers("health", "", 1, 2000)
    groups = [law.sample(row[: g.LONGEST_PLAN]) for row in numbers], drawn("regulation", 2000)
    for value in (law.log_probability, len):
        a, b = ([float(value(p)) for p in group] for group in groups)
        error = math.sqrt((np.var(a) + np.var(b)) / 2000)
        assert abs(np.mean(a) - np.mean(b)) < 5 * error


def test_phrases_come_at_the_stated_rate_in_every_context() -> None:
    """Among 4,000 twins each chance of the law is met within five standard errors."""
    counts: dict[float, list[bool]] = {}
    for plan in drawn("regulation", 4000):
        for chance, step in boundaries(plan):
            counts.setdefault(chance, []).append(step in PHRASES)
    assert set(counts) >= {LOW, HIGH, g.AFTER_REGULATION, g.UNWIND_RATE}
    for chance, came in counts.items():
        error = math.sqrt(chance * (1 - chance) / len(came))
        assert abs(np.mean(came) - chance) <= 5 * error, chance


def test_the_last_step_says_nothing_and_the_rate_is_worth_measuring() -> None:
    """After an effortful step the rate is as after any other; of all steps over .12 are phrases."""
    rates: dict[bool, list[bool]] = {True: [], False: []}
    steps = []
    for plan in drawn("regulation", 4000, share=0.0):
        last: tuple[int, ...] | None = None
        ordinary = 0
        for step in finished_steps(plan[g.PROMPT_LENGTH :]):
            steps.append(step in PHRASES)
            if last is not None and last not in PHRASES and ordinary >= 2:
                rates[last[0] in THIRD_VERBS].append(step in PHRASES)
            last = step
            ordinary += step not in PHRASES
    hard, easy = (np.mean(rates[effort]) for effort in (True, False))
    assert abs(hard - easy) < 0.04
    assert max(hard, easy) < HIGH / 2
    assert 0.12 < np.mean(steps) < 0.25


def test_twins_differ_by_inserted_phrases_and_only_where_the_law_is_another() -> None:
    """Phrases out, the plain twin is back; all other texts are those of the grammar's own law."""
    items = plans(random_numbers("train", "", 2, 800), Generator("none", SHARE))
    changed = 0
    for row, u in items:
        twin = decorate(row, "regulation", u)
        n = g.PROMPT_LENGTH
        assert twin[:n] == row[:n]
        kept = [s for s in finished_steps(twin[n:]) if s not in PHRASES]
        assert kept == finished_steps(row[n:])
        for kind in ("none", "words", "phrases"):
            assert decorate(row, kind, u) == plain.decorate(row, kind, u)
        if domain_of(row).measured:
            changed += twin != row
        else:
            assert twin == plain.decorate(row, "regulation", u)
    assert changed > 250


def test_kinds_without_the_hazard_have_the_law_of_the_plain_generator() -> None:
    """For none, words and phrases both generators give every plan the same chance."""
    for kind in ("none", "words", "phrases"):
        ours, theirs = LaggedGenerator(kind, SHARE), Generator(kind, SHARE)
        for plan in drawn(kind, 100):
            assert ours.log_probability(plan) == pytest.approx(theirs.log_probability(plan))


def test_impossible_plans_have_no_probability_and_no_plan_exceeds_the_longest() -> None:
    """A foreign verb is impossible; 3,000 regulated plans stay within the stated length."""
    law = LaggedGenerator("regulation", SHARE)
    assert law.log_probability(ids("<task> cook small soup <steps> sweep soup")) == -math.inf
    assert math.isfinite(law.log_probability(ids("<task> cook small soup <steps> sip water <sep>")))
    assert max(len(t) for t in drawn("regulation", 3000)) <= g.LONGEST_PLAN
