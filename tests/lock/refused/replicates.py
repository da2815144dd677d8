"""Too few replicates, and what a program can say and a file cannot."""

from __future__ import annotations

from dataclasses import replace

from harness.claim.schema import Claim, Exclusion
from harness.claim.schema import Test as Gate
from tests.lock.designs import DROP, Edit
from tests.lock.refused.row import Row

REPLICATES, CLOSES, NONE = "subject.replicates", "criteria.closes", "criteria.none"
FLIP: Edit = {f"{CLOSES}.test.method": "sign-flip", f"{CLOSES}.expect.sd": 0.05}
CLEAR: Edit = {f"criteria.{name}.expect.sd": 0.01 for name in ("closes", "beats", "spares")}
BETS: Edit = {
    **{f"criteria.{name}.test.method": "sign-bet" for name in ("closes", "beats", "spares")},
    **{**CLEAR, "subject.sequential": {"first": 5}},
}
HOLM: Edit = {f"{NONE}.test.method": "sign-flip-holm", f"{NONE}.expect.sd": 0.05}
JOINT: Edit = {
    f"{NONE}.test.method": "sign-flip",
    f"{NONE}.expect.sd": 0.05,
    "arms.candidates.directions": ["toward", "push", "mean", "difference"],
}


def by_behaviour(claim: Claim) -> Claim:
    """Health that looks at the rate of the behaviour."""
    one, *rest = claim.preconditions
    health = replace(one, params={**one.params, "behaviour_rate_at_least": 0.1})
    return replace(claim, preconditions=(health, *rest), exclusion=Exclusion(1, "w"))


def untestable(claim: Claim) -> Claim:
    """A kind of test that there is not."""
    one, *rest = claim.criteria
    return replace(claim, criteria=(replace(one, test=Gate("better", 0.5)), *rest))


def stopping(claim: Claim) -> Claim:
    """An arm that an estimand names on a role that is trained in five of eight replicates."""
    arms = tuple(replace(a, on="few") if a.name == "trained" else a for a in claim.arms)
    return replace(claim, arms=arms)


def less_than_nothing(claim: Claim) -> Claim:
    """A margin that an equivalence cannot have."""
    one, *rest = claim.criteria
    return replace(claim, criteria=(replace(one, test=Gate("equivalence", -0.1)), *rest))


ROWS = (
    Row(
        "a t test that decides whether more replicates are measured",
        "removal",
        {**BETS, "criteria.beats.test.method": "t"},
        "sequential",
        "superiority by t is for a fixed number of replicates",
        BETS,
    ),
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
        {},
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
    Row(
        "a role that stops early, by a program",
        "null",
        {},
        "replicates",
        "trained in 5 of 8 replicates",
        {},
        stopping,
    ),
    Row(
        "an equivalence within less than nothing, by a program",
        "removal",
        {},
        "test",
        "equivalence margin",
        {},
        less_than_nothing,
    ),
)
