"""Kinds of test: when each supports and when it refutes, and the methods it can use.

Kinds and methods are those of ``harness.stats``, which carries the tests out.

Not covered: whether a rule can be decided with the planned replicates (``harness.lock.lint``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.claim.vocabulary import Scale
from harness.stats.records import FAMILY_KINDS, KINDS, MEANS_KINDS, methods_of


@dataclass(frozen=True)
class TestKind:
    """A decision rule: when it supports, when it refutes, and its ``methods``."""

    __test__ = False

    name: str
    support: str
    refute: str
    methods: tuple[str, ...]
    family: bool = False
    scale: Scale = "identity"
    margin_above_zero: bool = False


_RULES = {
    "superiority": ("the lower bound is above the margin", "the upper bound is below the margin"),
    "below": ("the upper bound is below the margin", "the lower bound is above the margin"),
    "equivalence": (
        "two one-sided tests put the mean within plus or minus the margin",
        "either bound puts the mean outside plus or minus the margin",
    ),
    "ratio-above": (
        "the geometric mean's lower bound is above the margin",
        "the geometric mean's upper bound is below the margin",
    ),
    "mean-ratio-above": (
        "the ratio of means lies above the margin, and its denominator above 0 (Fieller)",
        "the ratio of means lies below the margin, and its denominator above 0 (Fieller)",
    ),
    "none-of": (
        "every member is below the margin, each at alpha (intersection-union)",
        "some member is above the margin, with family-wise control",
    ),
    "some-of": (
        "some member is above the margin, with family-wise control (max-T)",
        "every member is below the margin, each at alpha (intersection-union)",
    ),
    "all-of": (
        "every member is above the margin, each at alpha (intersection-union)",
        "some member is below the margin, with family-wise control",
    ),
}

TESTS: Mapping[str, TestKind] = {
    kind: TestKind(
        kind,
        *_RULES[kind],
        methods=methods_of(kind),
        family=kind in FAMILY_KINDS,
        scale="ratio" if kind == "ratio-above" else "means" if kind in MEANS_KINDS else "identity",
        margin_above_zero=kind in ("ratio-above", "equivalence", *MEANS_KINDS),
    )
    for kind in KINDS
}
