"""Too few replicates, waivers, pilots, and what only a program can say; see
``tests/lock/test_refusals.py``."""

from __future__ import annotations

import math
from dataclasses import replace

from harness.claim.schema import Claim, Exclusion
from harness.claim.schema import Test as Gate
from harness.lock.pilot import Pilot, Spread
from tests.lock.designs import DROP, Edit
from tests.lock.refused import Row

REPLICATES, CLOSES, NONE = "subject.replicates", "criteria.closes", "criteria.none"
FLIP: Edit = {f"{CLOSES}.test.method": "sign-flip", f"{CLOSES}.expect.sd": 0.05}
CLEAR: Edit = {f"criteria.{name}.expect.sd": 0.01 for name in ("closes", "beats", "spares")}
HOLM: Edit = {f"{NONE}.test.method": "sign-flip-holm", f"{NONE}.expect.sd": 0.05}
JOINT: Edit = {
    f"{NONE}.test.method": "sign-flip",
    f"{NONE}.expect.sd": 0.05,
    "arms.candidates.directions": ["toward", "push", "mean", "difference"],
}
NOISY: Edit = {f"{CLOSES}.expect.sd": 0.5}
SENTENCE = "Eight pairs are all that the budget allows."
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


def by_behaviour(claim: Claim) -> Claim:
    """Health that looks at the rate of the behaviour."""
    one, *rest = claim.preconditions
    health = replace(one, params={**one.params, "behaviour_rate_at_least": 0.1})
    return replace(claim, preconditions=(health, *rest), exclusion=Exclusion(1, "w"))


def untestable(claim: Claim) -> Claim:
    """A kind of test that there is not."""
    one, *rest = claim.criteria
    return replace(claim, criteria=(replace(one, test=Gate("better", 0.5)), *rest))


ROWS = (
    Row(
        "one replicate",
        "removal",
        {REPLICATES: 1},
        "replicates",
        "1 replicate(s) may remain",
        {REPLICATES: 4, **CLEAR},
    ),
    Row(
        "two replicates",
        "removal",
        {REPLICATES: 2, **CLEAR},
        "replicates",
        "2 replicate(s) may remain",
        {REPLICATES: 3, **CLEAR},
    ),
    Row(
        "one replicate and sign flips",
        "removal",
        {REPLICATES: 1, **FLIP},
        "replicates",
        "1 replicate(s) may remain",
        {REPLICATES: 5, **CLEAR, **FLIP},
    ),
    Row(
        "four replicates and sign flips",
        "removal",
        {REPLICATES: 4, **CLEAR, **FLIP},
        "smallest-p",
        "no p lies below 0.0625, so alpha 0.05 cannot be reached; plan at least 5",
        {REPLICATES: 4, **CLEAR, **FLIP, f"{CLOSES}.test.alpha": 0.1},
    ),
    Row(
        "sign flips after exclusions",
        "removal",
        {**CLEAR, **FLIP, "exclusion": {"at_most": 4, "why": "w"}},
        "smallest-p",
        "with 4 replicates",
        {**CLEAR, **FLIP, "exclusion": {"at_most": 3, "why": "w"}},
    ),
    Row(
        "Holm over two members with five",
        "null",
        {REPLICATES: 5, **HOLM},
        "smallest-p",
        "plan at least 6",
        {REPLICATES: 6, **HOLM},
    ),
    Row(
        "a joint test that can hardly fail",
        "null",
        {REPLICATES: 5, **JOINT},
        "power",
        "FAIL comes up in only",
        {REPLICATES: 6, **JOINT},
    ),
    Row(
        "power after exclusions",
        "removal",
        {f"{CLOSES}.expect.sd": 0.24, "exclusion": {"at_most": 3, "why": "w"}},
        "power",
        "with 5 replicates",
        {f"{CLOSES}.expect.sd": 0.24},
    ),
    Row(
        "an arm on a role that stops early",
        "null",
        {"criteria.none.estimand.trained": "few"},
        "parse",
        "stops at 5 of 8 replicates",
        {"criteria.none.estimand.trained": "tuned", "preconditions.control.over": "baseline"}
        | {"preconditions.control.arm": "trained", "preconditions.control.at_least": 2},
    ),
    Row(
        "a waiver of nothing",
        "removal",
        {"waivers": {"power": SENTENCE}},
        "waiver",
        "not breached",
        {"waivers": {"power": SENTENCE}, **NOISY},
    ),
    Row(
        "a waiver of what cannot be waived",
        "removal",
        {"waivers": {"alpha": SENTENCE}, f"{CLOSES}.test.alpha": 0.2},
        "waiver alpha",
        "'alpha' cannot be waived",
        {},
    ),
    Row(
        "a waiver of no rule",
        "removal",
        {"waivers": {"powr": SENTENCE}, **NOISY},
        "waiver power",
        "no rule 'powr'",
        {"waivers": {"power": SENTENCE}, **NOISY},
    ),
    Row(
        "an empty waiver",
        "removal",
        {"waivers": {"power": " \t "}, **NOISY},
        "parse",
        "empty",
        {"waivers": {"power": SENTENCE}, **NOISY},
    ),
    Row(
        "a waiver of two words",
        "removal",
        {"waivers": {"power": "why not"}, **NOISY},
        "waiver power",
        "a sentence that says why",
        {"waivers": {"power": "There is no money"}, **NOISY},
    ),
    Row(
        "a waiver of no words",
        "removal",
        {"waivers": {"power": ". . . . x x x x !!"}, **NOISY},
        "waiver power",
        "a sentence that says why",
        {"waivers": {"power": SENTENCE}, **NOISY},
    ),
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
        near_pilot=pilot(0.0, 0.0),
    ),
    Row(
        "nothing decides",
        "removal",
        {},
        "criteria",
        "no criterion",
        {},
        lambda claim: replace(claim, criteria=()),
    ),
    Row(
        "everything is left out",
        "removal",
        {},
        "exclusion replicates",
        "every replicate could be excluded",
        {},
        lambda claim: replace(claim, exclusion=Exclusion(8, "w")),
    ),
    Row(
        "left out by the behaviour",
        "removal",
        {},
        "exclusion",
        "behaviour_rate_at_least, which is not health",
        {"exclusion": {"at_most": 1, "why": "w"}},
        by_behaviour,
    ),
    Row("a test that there is not", "removal", {}, "test", "unknown kind", {}, untestable),
    Row(
        "left out without health",
        "removal",
        {},
        "exclusion health",
        "no health bound",
        {"preconditions.chosen": DROP},
        lambda claim: replace(
            claim, exclusion=Exclusion(1, "w"), preconditions=claim.preconditions[1:]
        ),
    ),
)
