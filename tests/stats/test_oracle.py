"""The statistics against R, where base R has the same test or its formula is short.

Skipped where ``Rscript`` is not on the path. Every number is computed by R from the same data, not
read from a table.
"""

from __future__ import annotations

import json
import math
import shutil
import subprocess

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from harness.stats.effect import correction, hedges_g
from harness.stats.family import max_t
from harness.stats.fieller import confidence_set
from harness.stats.odds import common_odds
from harness.stats.records import Rule
from harness.stats.rules import decide, decide_family, decide_means

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.skipif(shutil.which("Rscript") is None, reason="Rscript is not on the path"),
]

VALUES = np.random.default_rng(21).normal(0.4, 0.3, 7)
FAMILY = np.random.default_rng(22).normal([[0.5], [0.2], [0.7]], 0.3, (3, 6))
FLIPS = "s <- as.matrix(expand.grid(rep(list(c(1, -1)), length(x))))"
MAX_T = """
t_ <- function(v) mean(v) / (sd(v) / sqrt(length(v)))
obs <- apply(m, 1, t_); ord <- order(-obs); p <- numeric(nrow(m)); before <- 0
for (k in seq_along(ord)) {
  rest <- m[ord[k:length(ord)], , drop = FALSE]
  top <- apply(s, 1, function(f) max(apply(sweep(rest, 2, f, "*"), 1, t_)))
  before <- max(before, mean(top >= obs[ord[k]] - 1e-9)); p[ord[k]] <- before
}
"""


def r(script: str, result: str, **data: np.ndarray | list[float]) -> list[float]:
    """The numbers that ``result`` is in R after ``script``, with ``data`` as vectors."""
    lines = [
        f"{name} <- c({', '.join(repr(float(v)) for v in np.ravel(values))})"
        for name, values in data.items()
    ]
    lines += [script, f'cat("[", paste(sprintf("%.17g", {result}), collapse = ","), "]")']
    found = subprocess.run(
        ["Rscript", "--vanilla", "-e", "\n".join(lines)],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return list(json.loads(found.stdout))


@pytest.mark.parametrize(("kind", "side"), [("superiority", "greater"), ("below", "less")])
def test_t_and_its_interval(kind: str, side: str) -> None:
    """p-values and the 90 % interval of t.test."""
    found = decide(VALUES, Rule(kind, 0.25))
    script = f't <- t.test(x, mu = 0.25, alternative = "{side}"); b <- t.test(x, conf.level = 0.9)'
    p, low, high = r(script, "c(t$p.value, b$conf.int)", x=VALUES)
    assert (found.p_support, found.low, found.high) == pytest.approx((p, low, high), rel=1e-9)


def test_equivalence_is_two_one_sided_t_tests() -> None:
    """The larger p of t.test against either margin; its refutation the smaller p the other way."""
    found = decide(VALUES, Rule("equivalence", 0.7))
    script = """
    p <- function(mu, side) t.test(x, mu = mu, alternative = side)$p.value
    yes <- max(p(-0.7, "greater"), p(0.7, "less"))
    no <- min(p(-0.7, "less"), p(0.7, "greater"))
    """
    assert r(script, "c(yes, no)", x=VALUES) == pytest.approx([found.p_support, found.p_refute])


def test_a_ratio_is_a_t_test_of_logarithms() -> None:
    """exp of t.test's interval."""
    ratios = np.exp(VALUES)
    found = decide(ratios, Rule("ratio-above", 1.2))
    script = 't <- t.test(log(x), mu = log(1.2), alternative = "greater")'
    script += "; b <- exp(t.test(log(x), conf.level = 0.9)$conf.int)"
    assert r(script, "c(t$p.value, b)", x=ratios) == pytest.approx(
        [found.p_support, found.low, found.high]
    )


def test_sign_flips_by_expand_grid() -> None:
    """All 2**n signs, counted."""
    found = decide(VALUES, Rule("superiority", 0.25, method="sign-flip"))
    script = f"x <- x - 0.25; {FLIPS}; p <- mean(s %*% x >= sum(x) - 1e-12)"
    assert r(script, "p", x=VALUES) == pytest.approx([found.p_support])


def test_values_without_spread_have_the_p_of_a_binomial_test() -> None:
    """Six of six on one side."""
    found = decide([0.7] * 6, Rule("superiority", 0.5))
    p = r('p <- binom.test(6, 6, alternative = "greater")$p.value', "p")
    assert p == pytest.approx([found.p_support])


def test_holm_is_p_adjust() -> None:
    """Of the members' t tests, in a family of which some are to lie above."""
    found = decide_family(dict(zip("abc", FAMILY, strict=True)), Rule("some-of", 0.1))
    script = """m <- matrix(x, 3, byrow = TRUE)
    p <- apply(m, 1, function(v) t.test(v, mu = 0.1, alternative = "greater")$p.value)"""
    theirs = r(script, 'p.adjust(p, "holm")', x=FAMILY)
    assert theirs == pytest.approx([one.p_support for one in found.members.values()])
    raw = [one.p_support_raw for one in found.members.values()]
    assert theirs == pytest.approx(list(multipletests(raw, method="holm")[1]))


def test_all_of_is_the_largest_p() -> None:
    """max over t.test, and p.adjust the other way."""
    found = decide_family(dict(zip("abc", FAMILY, strict=True)), Rule("all-of", 0.1))
    script = """m <- matrix(x, 3, byrow = TRUE)
    p <- function(side) apply(m, 1, function(v) t.test(v, mu = 0.1, alternative = side)$p.value)"""
    theirs = r(script, 'c(max(p("greater")), min(p.adjust(p("less"), "holm")))', x=FAMILY)
    assert theirs == pytest.approx([found.p_support, found.p_refute])


def test_max_t_by_its_definition() -> None:
    """Step-down over all sign flips, written out in R."""
    script = f"m <- matrix(x, 3, byrow = TRUE); x <- m[1, ]; {FLIPS}; {MAX_T}"
    assert r(script, "p", x=FAMILY) == pytest.approx(list(max_t(FAMILY)))


def test_the_common_odds_ratio_is_mantelhaen_tests() -> None:
    """For three strata of unequal size."""
    one = {"a": (30, 100), "b": (5, 50), "c": (12, 31)}
    two = {"a": (10, 60), "b": (9, 150), "c": (7, 40)}
    # R fills columns first: the arms' behaviour, then the arms' other steps
    cells = [v for s in one for v in (one[s][0], two[s][0],
                                      one[s][1] - one[s][0], two[s][1] - two[s][0])]  # fmt: skip
    script = "t <- mantelhaen.test(array(x, c(2, 2, 3)))"
    assert r(script, "t$estimate", x=cells) == pytest.approx([common_odds(one, two)])


def test_hedges_correction_and_its_interval() -> None:
    """lgamma; the noncentrality at which R's pt has the interval's tails."""
    found = hedges_g(VALUES, level=0.9)
    assert found.low is not None
    assert found.high is not None
    script = f"""
    n <- length(x); df <- n - 1; d <- mean(x) / sd(x)
    j <- exp(lgamma(df / 2) - lgamma((df - 1) / 2)) / sqrt(df / 2)
    tails <- pt(d * sqrt(n), df, sqrt(n) * c({found.low!r}, {found.high!r}))
    """
    g, j, upper, lower = r(script, "c(j * d, j, tails)", x=VALUES)
    assert (found.g, correction(6)) == pytest.approx((g, j))
    assert (upper, lower) == pytest.approx((0.95, 0.05), abs=1e-6)


def test_fiellers_set_by_the_quadratic() -> None:
    """Roots found by R's polyroot, p by its t.test."""
    rng = np.random.default_rng(23)
    two = rng.normal(1.0, 0.2, 7)
    one = 1.4 * two + rng.normal(0, 0.2, 7)
    script = """
    n <- length(x); q <- qt(0.95, n - 1)^2 / n
    root <- sort(Re(polyroot(c(mean(x)^2 - q * var(x), -2 * (mean(x) * mean(y) - q * cov(x, y)),
                               mean(y)^2 - q * var(y)))))
    p <- max(t.test(x - 1.1 * y, alternative = "greater")$p.value,
             t.test(y, alternative = "greater")$p.value)
    """
    low, high, p = r(script, "c(root, p)", x=one, y=two)
    assert confidence_set(np.stack([one, two]), 0.05) == pytest.approx((low, high))
    found = decide_means(one, two, Rule("mean-ratio-above", 1.1, method="fieller"))
    assert found.p_support == pytest.approx(p)


def test_the_wealth_of_a_bet_is_a_cumulative_product() -> None:
    """cumprod of 1 + stake * sign."""
    found = decide(VALUES, Rule("superiority", 0.45, method="sign-bet"))
    theirs = r("w <- cumprod(1 + 0.85 * sign(x - 0.45))", "w", x=VALUES)
    assert theirs == pytest.approx(found.details["wealth"])
    assert found.p_support == pytest.approx(1 / max(1.0, *theirs))


def test_the_band_of_the_simulations() -> None:
    """qbinom."""
    from scipy import stats

    ours = stats.binom.ppf([0.0005, 0.9995], 2_000, 0.05)
    assert r("", "qbinom(c(0.0005, 0.9995), 2000, 0.05)") == pytest.approx(list(ours))
    assert math.isfinite(ours.sum())
