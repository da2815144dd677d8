"""Numbers that are fixed before anything is measured, and criteria that exclude each other."""

from __future__ import annotations

from tests.lock.refused.edits import (
    CLOSES,
    ESTIMAND,
    NONE,
    OF_ITSELF,
    SMALL,
    SPARES,
    SURPRISED,
    loss,
    rate,
)
from tests.lock.refused.row import Row

TREATMENT = {
    "on": "regulation",
    "site": "onset",
    "operation": "subtract",
    "direction": "difference",
    "doses": [0.0, 0.5, 1.0],
}
HALF = {
    "kind": "closed-gap",
    "arm": "treatment",
    "baseline": "baseline",
    "reference": "reference",
    "readout": "rate",
    "at": "judged",
}

ROWS = (
    Row(
        "divergence of a model from itself",
        "level",
        {**OF_ITSELF, f"{SURPRISED}.test": {"kind": "below", "margin": 0.1}},
        "same expect-side",
        "whatever is measured it is 0",
        rate("below", 0.1, 0.01),
    ),
    Row(
        "a gap in divergence is a gap of nothing",
        "removal",
        {f"{CLOSES}.estimand.readout": "kl"},
        "unreachable",
        "there is no gap to close",
        {f"{CLOSES}.estimand.readout": "onset_mass"},
    ),
    Row(
        "a model compared with itself under another name",
        "level",
        {
            ESTIMAND: {
                "kind": "contrast",
                "arm": "baseline",
                "minus": "copy",
                "readout": "ordinary_loss",
            },
            f"{SURPRISED}.test": {"kind": "below", "margin": 0.1},
            f"{SURPRISED}.expect": {"effect": 0.0, "sd": 0.01},
        },
        "same positive-control",
        "whatever is measured it is 0",
        loss("below", -0.1, -0.5),
    ),
    Row(
        "an intervention at dose 0",
        "contrast",
        {f"{SMALL}.estimand.at": 0.0},
        "same",
        "whatever is measured",
        {f"{SMALL}.estimand.at": 1.0},
    ),
    Row(
        "a level at dose 0",
        "contrast",
        {
            f"{SMALL}.estimand": {"kind": "level", "arm": "pushed", "readout": "rate", "at": 0.0},
            f"{SMALL}.test": {"kind": "below", "margin": 0.1},
        },
        "same",
        "an intervention at dose 0, which is the model as it is",
        {
            f"{SMALL}.estimand": {"kind": "level", "arm": "pushed", "readout": "rate", "at": 1.0},
            f"{SMALL}.test": {"kind": "below", "margin": 0.1},
        },
    ),
    Row(
        "criteria that exclude each other",
        "removal",
        {
            f"{SPARES}.estimand": {
                "kind": "closed-gap",
                "arm": "treatment",
                "baseline": "baseline",
                "reference": "reference",
                "readout": "rate",
                "at": "judged",
            },
            f"{SPARES}.test": {"kind": "below", "margin": -0.1},
            f"{SPARES}.expect": {"effect": -0.5, "sd": 0.1},
        },
        "unreachable",
        "cannot both be supported",
        {
            f"{SPARES}.estimand": {
                "kind": "closed-gap",
                "arm": "treatment",
                "baseline": "baseline",
                "reference": "reference",
                "readout": "rate",
                "at": "judged",
            },
            f"{SPARES}.test": {"kind": "superiority", "margin": 0.4},
            f"{SPARES}.expect": {"effect": 0.75, "sd": 0.1},
        },
    ),
    Row(
        "a gap at dose 0",
        "removal",
        {f"{CLOSES}.estimand.at": 0.0},
        "same",
        "whatever is measured it is 0",
        {f"{CLOSES}.estimand.at": 1.0},
    ),
    Row(
        "damage against the same arm under another name",
        "removal",
        {"arms.twin": TREATMENT, f"{SPARES}.estimand.than": "twin"},
        "same",
        "whatever is measured",
        {"arms.twin": {**TREATMENT, "direction": "push"}, f"{SPARES}.estimand.than": "twin"},
    ),
    Row(
        "a ratio over a divergence that is not there",
        "contrast",
        {
            f"{SMALL}.estimand": {
                "kind": "log-ratio",
                "arm": "pushed",
                "over": "baseline",
                "readout": "kl",
                "at": 1.0,
            },
            f"{SMALL}.test": {"kind": "ratio-above", "margin": 2.0},
            f"{SMALL}.expect": {"effect": 3.0, "sd": 0.1},
        },
        "unreachable",
        "is always 0",
        {
            f"{SMALL}.estimand": {
                "kind": "log-ratio",
                "arm": "pushed",
                "over": "nudged",
                "readout": "onset_mass",
                "at": 1.0,
            },
            f"{SMALL}.test": {"kind": "ratio-above", "margin": 2.0},
            f"{SMALL}.expect": {"effect": 3.0, "sd": 0.1},
        },
    ),
    Row(
        "a production of divergence",
        "null",
        {f"{NONE}.estimand.readout": "kl"},
        "unreachable positive-control",
        "is always 0",
        {},
    ),
    Row(
        "a gap that is half closed and hardly",
        "removal",
        {
            f"{SPARES}.estimand": HALF,
            f"{SPARES}.test": {"kind": "equivalence", "margin": 0.4},
            f"{SPARES}.expect": {"effect": 0.0, "sd": 0.1},
        },
        "unreachable",
        "cannot both be supported",
        {
            f"{SPARES}.estimand": HALF,
            f"{SPARES}.test": {"kind": "equivalence", "margin": 0.9},
            f"{SPARES}.expect": {"effect": 0.6, "sd": 0.1},
        },
    ),
)
