"""The common odds ratio over strata: known examples, and what no ratio stands for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.stats.odds import common_odds, crude_odds, tables
from harness.stats.records import UntestableError


def test_one_stratum_is_the_plain_odds_ratio() -> None:
    """(30/70) / (10/90)."""
    assert common_odds({"a": (30, 100)}, {"a": (10, 100)}) == pytest.approx(30 * 90 / (70 * 10))


def test_two_strata_by_the_definition() -> None:
    """Sum of a d / n over sum of b c / n."""
    one, two = {"a": (30, 100), "b": (5, 50)}, {"a": (10, 60), "b": (9, 150)}
    up = 30 * 50 / 160 + 5 * 141 / 200
    down = 70 * 10 / 160 + 45 * 9 / 200
    assert common_odds(one, two) == pytest.approx(up / down)


def test_simpsons_paradox_is_why_strata_are_kept_apart() -> None:
    """Within either stratum the odds are equal; thrown together, the arm with more of the prompts
    in which the behaviour is frequent seems to have three times the odds."""
    one, two = {"often": (80, 160), "rarely": (4, 40)}, {"often": (20, 40), "rarely": (16, 160)}
    assert common_odds(one, two) == pytest.approx(1.0)
    assert crude_odds(one, two) == pytest.approx((84 / 116) / (36 / 164))
    assert crude_odds(one, two) > 3


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40),
                          st.integers(1, 40)), min_size=1, max_size=5))  # fmt: skip
def test_neither_order_nor_side_changes_it(rows: list[tuple[int, int, int, int]]) -> None:
    """Strata in another order; the other arm first, or the other steps counted, inverts it; twice
    the counts give the same."""
    one = {str(i): (a, a + b) for i, (a, b, _, _) in enumerate(rows)}
    two = {str(i): (c, c + d) for i, (_, _, c, d) in enumerate(rows)}
    found = common_odds(one, two)
    assert common_odds(dict(reversed(one.items())), two) == pytest.approx(found)
    assert common_odds(two, one) == pytest.approx(1 / found)
    others = [{s: (n - h, n) for s, (h, n) in of.items()} for of in (one, two)]
    assert common_odds(*others) == pytest.approx(1 / found)
    twice = [{s: (2 * h, 2 * n) for s, (h, n) in of.items()} for of in (one, two)]
    assert common_odds(*twice) == pytest.approx(found)


def test_a_stratum_where_both_are_silent_adds_nothing() -> None:
    """Without the behaviour in either arm, or with nothing else."""
    one, two = {"a": (30, 100)}, {"a": (10, 100)}
    alone = common_odds(one, two)
    assert common_odds({**one, "b": (0, 50)}, {**two, "b": (0, 70)}) == pytest.approx(alone)
    assert common_odds({**one, "b": (50, 50)}, {**two, "b": (70, 70)}) == pytest.approx(alone)


@pytest.mark.parametrize(
    ("one", "two", "words"),
    [
        ({"a": (3, 10), "b": (0, 0)}, {"a": (2, 10), "b": (1, 9)}, "first arm has no step in"),
        ({"a": (3, 10)}, {"a": (2, 10), "b": (1, 9)}, "no step in stratum 'b'"),
        ({"a": (0, 10)}, {"a": (2, 10)}, "0 or infinite"),
        ({"a": (2, 10)}, {"a": (0, 10)}, "0 or infinite"),
        ({"a": (0, 10)}, {"a": (0, 10)}, "0 or infinite"),
        ({"a": (10, 10)}, {"a": (3, 10)}, "0 or infinite"),
        ({"a": (11, 10)}, {"a": (3, 10)}, "11 of 10"),
        ({}, {}, "no stratum"),
    ],
)
def test_empty_margins_are_refused_and_never_patched(
    one: dict[str, tuple[int, int]], two: dict[str, tuple[int, int]], words: str
) -> None:
    """No half is added to any count."""
    with pytest.raises(UntestableError, match=words):
        common_odds(one, two)


def test_tables_have_arms_in_rows_and_strata_behind() -> None:
    """The layout that statsmodels reads: [2, 2, strata]."""
    found = tables({"a": (3, 10), "b": (4, 10)}, {"a": (1, 5), "b": (2, 5)})
    assert found.shape == (2, 2, 2)
    assert found[:, :, 0] == pytest.approx(np.array([[3, 7], [1, 4]]))
