"""What the statistics accept as a rule and as data, and what they report."""

from __future__ import annotations

import json
import math

import pytest

from harness.stats.records import P_FLOOR, Rule, UntestableError, checked, decision, reported
from harness.stats.rules import decide, decide_family


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_bad_value_is_refused_with_its_replicate(bad: float) -> None:
    """A NaN or infinite value is refused, naming the replicate and the criterion."""
    with pytest.raises(UntestableError, match=r"closes: replicate 2 has the value"):
        decide([0.1, 0.2, bad, 0.4], Rule("superiority", 0.0), "closes")


def test_a_bad_member_is_refused_with_its_name() -> None:
    """In a family the error names the member as well."""
    with pytest.raises(UntestableError, match=r"gate: pca: replicate 1"):
        decide_family({"mean": [0.1, 0.2], "pca": [0.1, math.nan]}, Rule("none-of", 0.5), "gate")


@pytest.mark.parametrize("values", [[], [0.3]])
def test_fewer_than_two_replicates_are_refused(values: list[float]) -> None:
    """One replicate has no spread, so there is nothing to test with."""
    with pytest.raises(UntestableError, match="at least two"):
        checked(values)


@pytest.mark.parametrize(
    ("kind", "margin", "alpha", "method"),
    [
        ("better", 0.0, 0.05, "t"),
        ("superiority", math.nan, 0.05, "t"),
        ("superiority", 0.0, 0.0, "t"),
        ("superiority", 0.0, 0.5, "t"),
        ("superiority", 0.0, 0.05, "bootstrap"),
        ("superiority", 0.0, 0.05, "sign-flip-holm"),
        ("equivalence", 0.0, 0.05, "t"),
        ("ratio-above", 0.0, 0.05, "t"),
    ],
)
def test_a_rule_without_meaning_is_refused(
    kind: str, margin: float, alpha: float, method: str
) -> None:
    """A rule cannot be made with an unknown kind or method, or a margin or alpha out of range."""
    with pytest.raises(UntestableError):
        Rule(kind, margin, alpha, method)


def test_p_is_never_reported_as_zero() -> None:
    """However strong the evidence, p stays at or above the floor."""
    result = decide([1e6 + i * 1e-6 for i in range(8)], Rule("superiority", 0.0))
    assert result.p_support == P_FLOOR
    assert reported(0.0) == P_FLOOR


def test_each_side_has_its_own_alpha() -> None:
    """Support and refutation are decided apart, and neither is a possible answer."""
    assert decision(0.05, 0.95, 0.05) == "support"
    assert decision(0.95, 0.05, 0.05) == "refute"
    assert decision(0.3, 0.7, 0.05) == "neither"


def test_results_are_json() -> None:
    """Results become strict JSON, also where precision is unknown."""
    flat = decide([0.2] * 5, Rule("superiority", 0.0))
    family = decide_family({"a": [0.0, 0.1, 0.2], "b": [0.0] * 3}, Rule("none-of", 0.5))
    for value in (flat.as_json(), family.as_json()):
        assert json.loads(json.dumps(value, allow_nan=False)) == value
