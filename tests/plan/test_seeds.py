"""Seeds: fixed by their key, told apart by purpose and parts, not for anyone to choose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.digest import digest
from harness.errors import ClaimsError
from harness.plan.seeds import Seeds

ZERO = "sha256:" + "0" * 64
PARTS = st.lists(st.one_of(st.text(max_size=8), st.integers(0, 2**53 - 1)), max_size=4)


def test_seeds_are_what_they_have_always_been() -> None:
    """Published results rest on these numbers: a change of derivation would void every one."""
    assert Seeds.confirmatory(ZERO).seed("train", "miniature", 0) == 5200180804224784555
    assert Seeds.exploratory("a").seed("train", "m", 1) == 1787068500422857413


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
