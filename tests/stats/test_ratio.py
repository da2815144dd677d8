"""Ratios over replicates."""

from __future__ import annotations

import numpy as np
import pytest

from harness.stats.records import Rule, UntestableError
from harness.stats.rules import decide

RATIOS = np.exp(np.random.default_rng(8).normal(0.5, 0.2, 5))


@pytest.mark.parametrize("bad", [0.0, -1.0])
def test_a_ratio_that_has_no_logarithm_is_refused_with_its_replicate(bad: float) -> None:
    """Zero and negative ratios are refused, never shifted."""
    with pytest.raises(UntestableError, match=r"replicate 1 has the ratio"):
        decide([2.0, bad, 3.0], Rule("ratio-above", 1.0))


@pytest.mark.parametrize("method", ["t", "sign-flip"])
def test_the_test_is_the_one_on_logarithms(method: str) -> None:
    """Estimate and bounds are exponentials of those on logs; p-values are the same."""
    ratio = decide(RATIOS, Rule("ratio-above", 1.2, method=method))
    log = decide(np.log(RATIOS), Rule("superiority", np.log(1.2), method=method))
    assert log.low is not None
    assert log.high is not None
    assert (ratio.estimate, ratio.low, ratio.high) == pytest.approx(
        (np.exp(log.estimate), np.exp(log.low), np.exp(log.high))
    )
    assert (ratio.p_support, ratio.p_refute) == (log.p_support, log.p_refute)
    assert (ratio.scale, ratio.margin, ratio.values) == ("log", 1.2, tuple(RATIOS))


def test_a_ratio_and_its_inverse_agree() -> None:
    """The inverse ratio against the inverse margin refutes exactly what the ratio supports."""
    a = decide(RATIOS, Rule("ratio-above", 1.2))
    b = decide(1 / RATIOS, Rule("ratio-above", 1 / 1.2))
    assert a.p_support == pytest.approx(b.p_refute)
