"""Ratios over replicates: tests and intervals on seed-level logarithms.

One ratio per replicate; the test is that of ``one_sample`` on its logarithm, so the estimate is the
geometric mean and the interval is not symmetric about it. Coverage of the t interval at n = 5 is
.948 for log-normal ratios.

A replicate whose ratio is 0, negative or undefined is refused with its index: adding a constant to
counts would change the question in silence. Not covered: ratios that may truly be zero (Fieller).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from harness.stats.one_sample import judge_mean
from harness.stats.records import Rule, TestResult, UntestableError, checked


def logs(values: Sequence[float] | np.ndarray, where: str = "") -> np.ndarray:
    """Logarithms [n] of ratios [n]. Raises :class:`UntestableError` naming the first <= 0."""
    data = checked(values, where)
    bad = np.flatnonzero(data <= 0)
    if bad.size:
        raise UntestableError(
            f"has the ratio {data[bad[0]]:g}, which has no logarithm",
            place=int(bad[0]),
            where=where,
            fix="Use a criterion on differences, or a precondition that keeps both counts above 0",
        )
    return np.log(data)


def judge_ratio(values: Sequence[float] | np.ndarray, rule: Rule, where: str = "") -> TestResult:
    """Test ratios [n] against a rule of kind ratio-above (geometric mean > margin > 0)."""
    on_logs = judge_mean(
        logs(values, where),
        replace(rule, kind="superiority", margin=math.log(rule.margin)),
        where,
        scale="log",
    )
    return replace(
        on_logs,
        kind=rule.kind,
        margin=rule.margin,
        estimate=math.exp(on_logs.estimate),
        low=None if on_logs.low is None else math.exp(on_logs.low),
        high=None if on_logs.high is None else math.exp(on_logs.high),
        values=tuple(float(v) for v in np.asarray(values, dtype=np.float64)),
    )
