"""A subject whose replicates are added under a rule: its words, its looks, its canonical form."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.claim.calibrate import calibrate, standard_designs
from harness.claim.canonical import claim_from_json, claim_to_json
from harness.claim.looks import fewest_replicates, looks
from harness.claim.parse import load_claim
from harness.claim.power import power_table
from harness.claim.schema import Claim, Sequential, Subject
from harness.claim.simulate import noise, rates, rates_under
from harness.errors import BadInput
from harness.lock.lint import lint
from harness.measure.exploration import design
from harness.measure.job import exploration_job
from harness.stats.records import Rule
from harness.subject.recipe import load_recipe
from tests.measure.adding import RULE, text
from tests.toy_workspace import make

BET = Rule("superiority", 0.0, 0.05, "sign-bet")
T_TEST = Rule("superiority", 0.0, 0.05, "t")
LOOKS = tuple(range(5, 21))


def claim_of(tmp_path: Path, whole: str) -> Claim:
    return load_claim(make(tmp_path, grows=whole), "grows")


def test_looks_are_after_the_first_then_every_step_and_at_the_most() -> None:
    """The last one also where the step does not lead to it."""
    assert looks(Subject("r", 12)) == (12,)
    assert looks(Subject("r", 8, sequential=Sequential(5))) == (5, 6, 7, 8)
    assert looks(Subject("r", 12, sequential=Sequential(5, 3))) == (5, 8, 11, 12)
    assert fewest_replicates(Subject("r", 12, sequential=Sequential(5, 3))) == 5


def test_the_rule_is_part_of_what_a_lock_binds_and_absent_without_one(tmp_path: Path) -> None:
    """It comes back from the canonical form; claims that were locked before have no such key."""
    claim = claim_of(tmp_path, text("grows"))
    value = claim_to_json(claim)
    assert value["subject"]["sequential"] == {"first": 5, "step": 1}
    assert claim_from_json(value) == claim
    fixed = replace(claim, subject=replace(claim.subject, sequential=None))
    assert sorted(claim_to_json(fixed)["subject"]) == ["backend", "dtype", "recipe", "replicates"]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("{first: 12}", "are all of the 12"),
        ("{first: 1}", "first"),
        ("{first: 5, step: 8}", "leads beyond the 12"),
        ("{first: 5, step: 0}", "step"),
        ("{step: 1}", "first"),
        ("{first: 5, most: 20}", "most"),
    ],
)
def test_a_rule_without_a_meaning_is_refused(tmp_path: Path, rule: str, words: str) -> None:
    """Each says which number is wrong."""
    with pytest.raises(BadInput, match=words):
        claim_of(tmp_path, text("grows", RULE.replace("{first: 5}", rule)))


def test_what_may_be_left_out_must_leave_two_at_the_first_look(tmp_path: Path) -> None:
    """Of five, four cannot be left out, though there may be twelve in the end."""
    more = "exclusion: {at_most: 4, why: a training may fail}\n"
    with pytest.raises(BadInput, match="leaving out 4 of 5"):
        claim_of(tmp_path, text("grows") + more)


def test_only_bets_may_be_looked_at_until_they_say_something(tmp_path: Path) -> None:
    """A t test is refused with a sentence; the same claim with a bet, or with a fixed plan, is
    not."""
    bet = text("grows")
    root = make(tmp_path, grows=bet, peeks=bet.replace("id: grows", "id: peeks").replace(
        "method: sign-bet, stake: 0.85", "method: t"))  # fmt: skip
    recipe = load_recipe(root, "models/toy.yaml")
    found = {one: lint(load_claim(root, one), recipe) for one in ("grows", "peeks")}
    assert found["grows"] == ()
    assert [r.rule for r in found["peeks"]] == ["sequential"]
    assert "write method: sign-bet" in found["peeks"][0].reason
    peeks = load_claim(root, "peeks")
    assert lint(replace(peeks, subject=replace(peeks.subject, sequential=None)), recipe) == ()


def test_an_exploration_takes_the_first_and_is_a_pilot_of_the_claim(tmp_path: Path) -> None:
    """The rule is for attempts; what is measured in a replicate is the same."""
    claim = claim_of(tmp_path, text("grows"))
    job = exploration_job(tmp_path, "grows")
    assert list(job.replicates) == list(range(5))
    assert design(job.claim, job.recipe, {}) == design(claim, job.recipe, {})


def test_the_power_of_a_rule_is_that_of_the_most_and_asks_for_fewer(tmp_path: Path) -> None:
    """Looking on the way changes no verdict, only how many replicates it takes."""
    claim = claim_of(tmp_path, text("grows", margin=1.0))
    (ruled,) = power_table(claim, n_sims=500)
    (fixed,) = power_table(replace(claim, subject=replace(claim.subject, sequential=None)), 500)
    assert (ruled.expected, ruled.at_margin) == (fixed.expected, fixed.at_margin)
    assert (ruled.first, ruled.n) == (5, 12)
    assert ruled.mean_n_expected == 5.0
    assert ruled.mean_n_at_margin is not None
    assert 10 < ruled.mean_n_at_margin < 12
    assert fixed.mean_n_expected is None


def test_stopping_at_a_crossing_is_stopping_where_the_bet_does() -> None:
    """Followed look by look, every simulated study ends as the whole row does."""
    values = noise(4000, 1, 20, seed=3) + 0.3
    for planned in (LOOKS, (5, 8, 11, 14, 17, 20)):
        found, stopped = rates_under(values, BET, planned)
        assert found == rates(values, BET)
        assert set(np.unique(stopped)) <= set(planned)


def test_a_bet_that_may_stop_anywhere_keeps_alpha_and_a_t_test_does_not() -> None:
    """At the boundary, 20,000 studies looked at after 5, 6, ..., 20 replicates: false PASS and
    false FAIL of the bet within the 99.9 % band of .05 or below, of the t test beyond three times
    as often. That is why the lint refuses it."""
    values = noise(20_000, 1, 20, seed=5)
    top = 0.0552  # of the binomial band around .05 at 20,000
    bet, _ = rates_under(values, BET, LOOKS)
    assert bet.support <= top
    assert bet.refute <= top
    assert bet.support > 0.02  # and it is not merely asleep
    peeked, _ = rates_under(values, T_TEST, LOOKS)
    assert peeked.support > 0.12
    once, _ = rates_under(values, T_TEST, (20,))
    assert abs(once.support - 0.05) < 0.006


@pytest.mark.parametrize("shape", ["normal", "heavy"])
def test_the_standard_designs_that_add_replicates_keep_their_promises(shape: str) -> None:
    """Bets over 5 to 20 replicates: false verdicts at the margin, and intervals where they stop."""
    added = [one for one in standard_designs() if one.planned]
    assert [one.rule.kind for one in added] == ["superiority", "below", "ratio-above"]
    for one in added:
        found = calibrate(one, 2_000, shape)
        assert found.broken == ()
