"""The entries: a rule and one number per replicate go in, a result comes out.

Not covered: where the numbers come from and what a decision means for a claim.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from harness.stats.family import judge_family
from harness.stats.fieller import judge_means
from harness.stats.one_sample import judge_mean
from harness.stats.ratio import judge_ratio
from harness.stats.records import (
    FAMILY_KINDS,
    MEANS_KINDS,
    FamilyResult,
    Rule,
    TestResult,
    UntestableError,
)


def decide(values: Sequence[float] | np.ndarray, rule: Rule, where: str = "") -> TestResult:
    """Apply a rule to one value per replicate [n].

    ``where`` (a criterion's name) goes into errors. Raises :class:`UntestableError` for NaN,
    infinite or fewer than two values, non-positive ratios, or a family's rule.
    """
    if rule.kind in FAMILY_KINDS:
        raise UntestableError(
            f"{rule.kind} is about a family", where=where, fix="Use decide_family"
        )
    if rule.kind in MEANS_KINDS:
        raise UntestableError(
            f"{rule.kind} is about two numbers", where=where, fix="Use decide_means"
        )
    if rule.kind == "ratio-above":
        return judge_ratio(values, rule, where)
    return judge_mean(values, rule, where)


def decide_means(
    numerator: Sequence[float] | np.ndarray,
    denominator: Sequence[float] | np.ndarray,
    rule: Rule,
    where: str = "",
) -> TestResult:
    """Apply a mean-ratio-above rule to two paired numbers per replicate, [n] each.

    Raises :class:`UntestableError` as :func:`decide` does, and for unequal lengths.
    """
    if rule.kind not in MEANS_KINDS:
        raise UntestableError(f"{rule.kind} is about one number", where=where, fix="Use decide")
    return judge_means(numerator, denominator, rule, where)


def decide_family(
    members: Mapping[str, Sequence[float] | np.ndarray], rule: Rule, where: str = ""
) -> FamilyResult:
    """Apply a none-of, some-of or all-of rule to members, name -> one value per replicate [n].

    Raises :class:`UntestableError` as :func:`decide` does, and for members of unequal length.
    """
    if rule.kind not in FAMILY_KINDS:
        raise UntestableError(f"{rule.kind} is about one number", where=where, fix="Use decide")
    return judge_family(members, rule, where)
