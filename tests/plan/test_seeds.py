"""Seeds: fixed by their key, told apart by purpose and parts, not for anyone to choose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.digest import digest
from harness.errors import ClaimsError, OutOfOrder
from harness.plan.seeds import Awaited, Seeds

EXPLORED = 761786918296084619
ZERO = "sha256:" + "0" * 64
PARTS = st.lists(st.one_of(st.text(max_size=8), st.integers(0, 2**53 - 1)), max_size=4)


def test_seeds_are_what_they_have_always_been() -> None:
    """Published results rest on these numbers: a change of derivation would void every one."""
    assert Seeds.confirmatory(ZERO).seed("train", "miniature", 0) == 5200180804224784555
    assert Seeds.exploratory("a").seed("prompts", "m", 1) == EXPLORED


@given(PARTS, PARTS)
def test_a_seed_is_63_bits_and_other_parts_give_another(one: list, two: list) -> None:
    """Every seed fits a signed 64-bit integer; two purposes share one only if they are the same."""
    seeds = Seeds.confirmatory(ZERO)
    a, b = seeds.seed("prompts", *one), seeds.seed("prompts", *two)
    assert 0 <= a < 2**63
    assert (a == b) == (digest(one) == digest(two))


def test_neighbouring_parts_do_not_run_together() -> None:
    """("a", "b") is not ("ab"), and the number 1 is not the text 1."""
    seeds = Seeds.exploratory("c")
    assert seeds.seed("x", "a", "b") != seeds.seed("x", "ab")
    assert seeds.seed("x", 1) != seeds.seed("x", "1")
    assert seeds.seed("x", "y") != seeds.seed("xy")


def test_claims_of_a_registration_share_their_training_seeds() -> None:
    """The training seed depends on registration, recipe and replicate alone."""
    mine, theirs = Seeds.confirmatory(ZERO), Seeds.confirmatory(ZERO)
    assert mine.seed("train", "miniature", 3) == theirs.seed("train", "miniature", 3)
    other = Seeds.confirmatory("sha256:" + "1" * 64)
    assert mine.seed("train", "miniature", 3) != other.seed("train", "miniature", 3)


def test_claims_that_are_explored_share_their_models_and_nothing_else() -> None:
    """Training seeds are the recipe's, in exploration alone; everything else is the claim's."""
    mine, theirs = Seeds.exploratory("a"), Seeds.exploratory("b")
    assert mine.seed("train", "miniature", 3) == theirs.seed("train", "miniature", 3)
    assert mine.seed("train", "miniature", 3) != mine.seed("train", "lagged", 3)
    assert mine.seed("train", "miniature", 3) != mine.seed("train", "miniature", 4)
    assert mine.seed("prompts", "confirm") != theirs.seed("prompts", "confirm")
    confirmed = Seeds.confirmatory(ZERO).seed("train", "miniature", 3)
    assert mine.seed("train", "miniature", 3) != confirmed


@pytest.mark.parametrize("word", ["", "a1", "sha256:", "sha256:" + "0" * 63, ZERO + "\n", "0" * 64])
def test_only_a_registration_gives_confirmatory_seeds(word: str) -> None:
    """A key that somebody made up is refused."""
    with pytest.raises(ClaimsError, match="not the digest of a registration"):
        Seeds.confirmatory(word)


@given(st.text(max_size=80))
def test_an_exploration_key_is_never_a_registration(claim_id: str) -> None:
    """No claim id turns exploring into confirming."""
    with pytest.raises(ClaimsError):
        Seeds.confirmatory(Seeds.exploratory(claim_id).key)


RANDOMNESS = "ab" * 32


def test_public_randomness_is_mixed_into_the_key() -> None:
    """The key is the digest of both; without randomness the seeds are what they were."""
    mixed = Seeds.confirmatory(ZERO, RANDOMNESS)
    assert mixed.key == digest([ZERO, RANDOMNESS])
    assert Seeds.confirmatory(ZERO, None) == Seeds.confirmatory(ZERO)
    assert mixed.seed("train", "m", 0) == Seeds(digest([ZERO, RANDOMNESS])).seed("train", "m", 0)
    others = [Seeds.confirmatory(ZERO), Seeds.confirmatory(ZERO, "cd" * 32)]
    others.append(Seeds.confirmatory("sha256:" + "1" * 64, RANDOMNESS))
    assert len({one.seed("train", "m", 0) for one in (mixed, *others)}) == 4


@pytest.mark.parametrize("word", ["", "ab" * 15, "AB" * 16, "ab" * 16 + "a", "0x" + "ab" * 16])
def test_only_public_randomness_is_mixed_in(word: str) -> None:
    """At least 128 bits, in one spelling."""
    assert Seeds.confirmatory(ZERO, "ab" * 16)
    with pytest.raises(ClaimsError, match="not public randomness"):
        Seeds.confirmatory(ZERO, word)


def test_awaited_seeds_are_none_and_say_what_they_wait_for() -> None:
    """No purpose has a seed before the promised pulse is there."""
    seeds = Awaited(ZERO, "drand quicknet round 30000000")
    for purpose in ("train", "prompts", "resampling"):
        with pytest.raises(
            OutOfOrder, match=r"wait for drand quicknet round 30000000.*claims beacon"
        ):
            seeds.seed(purpose)
    assert seeds != Seeds.confirmatory(ZERO)
