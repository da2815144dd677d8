"""Alphas and expectations."""

from __future__ import annotations

from tests.lock.designs import DROP
from tests.lock.refused.edits import (
    CLOSES,
    MARKS,
    SMALL,
)
from tests.lock.refused.row import Row

ROWS = (
    Row(
        "alpha above a tenth",
        "removal",
        {f"{CLOSES}.test.alpha": 0.1001},
        "alpha",
        "above 0.1",
        {f"{CLOSES}.test.alpha": 0.1},
    ),
    Row(
        "alpha of zero",
        "removal",
        {f"{CLOSES}.test.alpha": 0.0},
        "parse",
        "out of bounds",
        {f"{CLOSES}.test.alpha": 0.01},
    ),
    Row(
        "alpha that nothing reaches",
        "removal",
        {f"{CLOSES}.test.alpha": 1e-9},
        "smallest-p",
        "cannot be reached; plan more replicates, or a larger alpha",
        {f"{CLOSES}.test.alpha": 0.001, f"{CLOSES}.expect.sd": 0.05},
    ),
    Row(
        "alpha that nothing reaches, without an expectation to simulate",
        "removal",
        {
            f"{CLOSES}.test.alpha": 1e-9,
            f"{CLOSES}.expect": DROP,
            "waivers.expect-missing": "Nobody knows what to expect here.",
        },
        "smallest-p waiver",
        "cannot be reached",
        {
            f"{CLOSES}.expect": DROP,
            "waivers.expect-missing": "Nobody knows what to expect here.",
        },
    ),
    Row(
        "an effect on the wrong side",
        "removal",
        {f"{CLOSES}.expect.effect": 0.4},
        "expect-side",
        "does not meet the margin",
        {f"{CLOSES}.expect.effect": 0.7},
    ),
    Row(
        "an effect that cannot come out",
        "removal",
        {f"{CLOSES}.expect.effect": 5.0},
        "expect-side",
        "cannot come out",
        {f"{CLOSES}.expect.effect": 1.0},
    ),
    Row(
        "an effect without spread",
        "removal",
        {f"{CLOSES}.expect.sd": 0.0},
        "parse",
        "out of bounds",
        {f"{CLOSES}.expect.sd": 0.01},
    ),
    Row(
        "no expectation",
        "removal",
        {f"{CLOSES}.expect": DROP},
        "expect-missing",
        "no power to compute",
        {},
    ),
    Row(
        "too noisy",
        "removal",
        {f"{CLOSES}.expect.sd": 0.5},
        "power",
        "simulated power",
        {f"{CLOSES}.expect.sd": 0.2},
    ),
    Row(
        "alpha that ten standard deviations do not reach",
        "removal",
        {f"{CLOSES}.test.alpha": 8e-9},
        "smallest-p",
        "8.875e-09",
        {f"{CLOSES}.test.alpha": 9e-9, f"{CLOSES}.expect.sd": 0.002},
    ),
    Row(
        "an equivalence that no simulation reaches",
        "contrast",
        {f"{SMALL}.expect.sd": 5.0},
        "power unreachable",
        "PASS came up in none of 2000 simulations",
        {f"{SMALL}.expect.sd": 0.03},
    ),
    Row(
        "a ratio that cannot come out",
        "features",
        {f"{MARKS}.test.margin": 2e6, f"{MARKS}.expect.effect": 1e7},
        "unreachable expect-side",
        "no outcome in",
        {f"{MARKS}.test.margin": 2.0, f"{MARKS}.expect.effect": 3.0},
    ),
)
