"""Differences are named by paths that a person can follow."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harness.lock.leaves import ABSENT, differing, same

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.text(max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from("ab"), inner),
        st.lists(st.fixed_dictionaries({"name": st.sampled_from("xyz"), "v": inner}), max_size=3),
    ),
    max_leaves=10,
)


def paths(first: Any, second: Any) -> list[str]:
    return [path for path, _, _ in differing(first, second, "claim")]


@given(JSON, JSON)
def test_there_is_a_difference_exactly_where_the_values_are_not_the_same(a: Any, b: Any) -> None:
    """Law: no difference means the same value, and the same value means no difference."""
    assert (paths(a, b) == []) == same(a, b)
    assert paths(a, a) == []


def test_named_entries_are_found_by_name() -> None:
    """One margin that changed is one difference, at its place."""
    old = {"criteria": [{"name": "a", "test": {"margin": 0.5}}, {"name": "b", "test": {}}]}
    new = {"criteria": [{"name": "a", "test": {"margin": 0.4}}, {"name": "b", "test": {}}]}
    assert list(differing(old, new, "claim")) == [("claim.criteria.a.test.margin", 0.5, 0.4)]


def test_an_entry_put_in_is_one_difference() -> None:
    """Not a shift of everything that follows."""
    old = {"arms": [{"name": "b"}]}
    new = {"arms": [{"name": "a"}, {"name": "b"}]}
    assert list(differing(old, new, "claim")) == [("claim.arms.a", ABSENT, {"name": "a"})]


def test_the_order_of_named_entries_counts_once() -> None:
    """Arms in another order are batched in another order."""
    old = {"arms": [{"name": "a"}, {"name": "b"}]}
    new = {"arms": [{"name": "b"}, {"name": "a"}]}
    assert paths(old, new) == ["claim.arms (order)"]


def test_a_number_is_the_same_however_it_is_written_and_never_a_flag() -> None:
    """1 is 1.0 in JSON; true is not 1."""
    assert paths({"x": 1}, {"x": 1.0}) == []
    assert paths({"x": 1}, {"x": True}) == ["claim.x"]
    assert paths({"x": [0, 1]}, {"x": [False, 1]}) == ["claim.x"]
