"""Explorations of metrics that cannot move."""

from __future__ import annotations

import math
from dataclasses import replace

from harness.lock.pilot import Pilot, Spread
from tests.lock.refused.row import Row

REPLICATES, CLOSES, NONE = "subject.replicates", "criteria.closes", "criteria.none"
GOOD = {
    "closes": (0.6, 0.8, 0.7),
    "beats": (0.2, 0.4, 0.3),
    "spares": (0.04, 0.07, 0.05),
}
ARMS = ("baseline", "reference", "treatment", "isotropic", "own-mean")


def pilot(low: float = 0.0, high: float = 0.3, blanks: int = 0, **values: list[float]) -> Pilot:
    """An exploration of the removal; ``low`` and ``high`` are those of its rates in every arm."""
    numbers = {**GOOD, **{name: tuple(v) for name, v in values.items()}}
    readouts = {(arm, "rate"): Spread(low, high, blanks) for arm in ARMS}
    readouts |= {(arm, "ordinary_loss"): Spread(1.0, 1.5) for arm in ARMS}
    return Pilot("sha256:00", 3, numbers, {}, readouts)


def explored(name: str, words: str, one: Pilot) -> Row:
    """A removal whose exploration cannot move; beside it one that can."""
    return Row(name, "removal", {}, "pilot", words, {}, pilot=one, near_pilot=pilot())


STILL = {(arm, "rate"): Spread(0.0, 0.0) for arm in ("pushed", "baseline")}
MOVES = {**STILL, ("baseline", "rate"): Spread(0.1, 0.1)}

ROWS = (
    explored(
        "a rate at its floor",
        "rate is 0 in every replicate and at every dose of every arm",
        pilot(0.0, 0.0),
    ),
    explored("a rate at its ceiling", "at its ceiling", pilot(1.0, 1.0)),
    explored("a rate without steps", "has no number in some cells", pilot(blanks=2)),
    explored("a gap that is always closed", "sits at 1", pilot(closes=[1.0] * 3)),
    explored("a gap that does not vary", "does not vary", pilot(closes=[0.4] * 3)),
    explored("a gap that is no number", "nan in replicate 1", pilot(closes=[0.4, math.nan, 0.5])),
    explored("a spread that was not expected", "does not allow", pilot(closes=[0.1, 0.9, 0.2])),
    Row(
        "a gap that was not there",
        "removal",
        {},
        "pilot",
        "no gap to close",
        {},
        pilot=replace(pilot(), missing={"closes": "there is no gap to close"}),
        near_pilot=pilot(),
    ),
    Row(
        "a margin that the exploration cannot miss",
        "contrast",
        {
            "criteria.small.test": {"kind": "superiority", "margin": -0.5},
            "criteria.small.expect.effect": 0.0,
        },
        "pilot",
        "where the exploration lies, every outcome meets -0.5",
        {
            "criteria.small.test": {"kind": "superiority", "margin": -0.15},
            "criteria.small.expect.effect": 0.0,
        },
        pilot=replace(pilot(), values={}, readouts={("baseline", "rate"): Spread(0.0, 0.1)}),
        near_pilot=replace(pilot(), values={}, readouts={("baseline", "rate"): Spread(0.0, 0.1)}),
    ),
    Row(
        "a null at its floor, the control too",
        "null",
        {},
        "pilot",
        "at its floor",
        {},
        pilot=Pilot(
            "sha256:00",
            2,
            {},
            {},
            {(arm, "rate"): Spread(0.0, 0.0) for arm in ("candidates", "baseline", "trained")},
        ),
        near_pilot=Pilot(
            "sha256:00",
            2,
            {"none/candidates/push": (0.0, 0.0)},
            {},
            {
                ("candidates", "rate"): Spread(0.0, 0.0),
                ("baseline", "rate"): Spread(0.0, 0.0),
                ("trained", "rate"): Spread(0.2, 0.3),
            },
        ),
    ),
    Row(
        "a waived floor that is not there",
        "removal",
        {"waivers": {"pilot": "The metric moves in larger models."}},
        "waiver",
        "not breached",
        {"waivers": {"pilot": "The metric moves in larger models."}},
        pilot=pilot(),
        near_pilot=pilot(0.0, 0.0),
    ),
    Row(
        "a null of one replicate",
        "contrast",
        {},
        "pilot",
        "at its floor",
        {},
        pilot=Pilot("sha256:00", 1, {"small": (0.0,)}, {}, STILL),
        near_pilot=Pilot("sha256:00", 1, {"small": (0.0,)}, {}, MOVES),
    ),
    Row(
        "other explorations than this criterion's",
        "removal",
        {},
        "pilot",
        "sits at 1",
        {},
        pilot=pilot(closes=[1.0]),
        near_pilot=replace(pilot(), replicates=1, values={"another": (1.0, 1.0)}),
    ),
)
