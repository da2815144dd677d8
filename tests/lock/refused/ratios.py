"""Ratios of means, stratified odds and bets on signs that must not lock."""

from __future__ import annotations

from tests.lock.refused.families import family
from tests.lock.refused.row import Row

MEANS = {"kind": "mean-ratio", "arm": "pushed", "over": "baseline", "readout": "rate", "at": 1.0}
ODDS = {"kind": "stratified-odds", "arm": "pushed", "over": "baseline", "stratified": True,
        "at": 1.0}  # fmt: skip
LEVEL = {"kind": "contrast", "arm": "pushed", "minus": "baseline", "readout": "rate", "at": 1.0}
BET = {"method": "sign-bet"}
MEANT, ABOVE = "mean-ratio-above", "ratio-above"

ROWS = (
    Row(
        "a ratio of means that doing nothing exceeds",
        "contrast",
        family(MEANS, MEANT, 0.8, 1.0, sd=0.05) | {"preconditions.control.at_least": 1.1},
        "positive-control",
        "does nothing would meet it",
        family(MEANS, MEANT, 1.2, 1.5, sd=0.05) | {"preconditions.control.at_least": 1.1},
    ),
    Row(
        "odds that doing nothing exceeds",
        "contrast",
        family(ODDS, ABOVE, 0.8, 1.0, sd=0.05) | {"preconditions.control.at_least": 1.1},
        "positive-control",
        "does nothing would meet it",
        family(ODDS, ABOVE, 1.2, 1.5, sd=0.05) | {"preconditions.control.at_least": 1.1},
    ),
    Row(
        "a ratio over what is always 0",
        "contrast",
        family({**MEANS, "readout": "kl"}, MEANT, 1.2, 1.5, sd=0.05),
        "unreachable",
        "the arm that it is divided by, is always 0",
        family({**MEANS, "readout": "ordinary_loss"}, MEANT, 1.2, 1.5, sd=0.05),
    ),
    Row(
        "a ratio of means whose denominator drowns",
        "contrast",
        family(MEANS, MEANT, 1.2, 2.0, sd=1.0),
        "power",
        "simulated power",
        family(MEANS, MEANT, 1.2, 2.0, sd=0.3),
    ),
    Row(
        "a precondition on the odds that are judged",
        "contrast",
        family(ODDS, ABOVE, 1.2, 1.5, sd=0.05) | {
            "preconditions.loud":
                {"kind": "level", "arm": "pushed", "readout": "rate", "at": 1.0, "at_least": 0.2,
                 "why": "w"}
        },
        "outcome",
        "reads rate of pushed",
        family(ODDS, ABOVE, 1.2, 1.5, sd=0.05),
    ),
    Row(
        "a bet that so few replicates cannot end",
        "contrast",
        {"subject.replicates": 4, **family(LEVEL, "superiority", 0.05, 0.2, **BET)},
        "smallest-p",
        "plan at least 5",
        {"subject.replicates": 5, **family(LEVEL, "superiority", 0.05, 0.2, **BET)},
    ),
    Row(
        "a stake that never makes enough",
        "contrast",
        family(LEVEL, "superiority", 0.05, 0.2, **BET, stake=0.01),
        "smallest-p",
        "write a larger stake",
        family(LEVEL, "superiority", 0.05, 0.2, **BET, stake=0.5),
    ),
    Row(
        "a bet without power",
        "contrast",
        family(LEVEL, "superiority", 0.05, 0.1, sd=0.05, **BET),
        "power",
        "simulated power",
        family(LEVEL, "superiority", 0.05, 0.15, sd=0.05, **BET),
    ),
)  # fmt: skip
