"""Defects of margins, alphas and expectations; see ``tests/lock/test_refusals.py``."""

from __future__ import annotations

from tests.lock.designs import DROP, Edit
from tests.lock.refused import Row

CLOSES, BEATS, SPARES = "criteria.closes", "criteria.beats", "criteria.spares"
NONE, SMALL, MARKS = "criteria.none", "criteria.small", "criteria.marks"
SURPRISED = "criteria.surprised"
ESTIMAND = f"{SURPRISED}.estimand"
RATE: Edit = {ESTIMAND: {"kind": "level", "arm": "baseline", "readout": "rate"}}
SOME: Edit = {
    f"{NONE}.test": {"kind": "some-of", "margin": 0.5},
    f"{NONE}.expect": {"effect": 0.9, "sd": 0.15},
}
TRUE_LEVEL: Edit = {ESTIMAND: {"kind": "level", "arm": "baseline", "readout": "kl"}}
CROSS: Edit = {ESTIMAND: {"kind": "contrast", "arm": "baseline", "minus": "reference"}}


def gate(**changes: float) -> Edit:
    """The null's gate with changes."""
    return {f"{NONE}.estimand.gate.{key}": value for key, value in changes.items()}


def rate(kind: str, margin: float, effect: float) -> Edit:
    """A level of a rate with another test."""
    return {
        **RATE,
        f"{SURPRISED}.test": {"kind": kind, "margin": margin},
        f"{SURPRISED}.expect": {"effect": effect, "sd": 0.0001},
    }


def loss(kind: str, margin: float, effect: float) -> Edit:
    """A difference of losses between two models as they are."""
    return {
        ESTIMAND: {
            "kind": "contrast",
            "arm": "baseline",
            "minus": "reference",
            "readout": "ordinary_loss",
        },
        f"{SURPRISED}.test": {"kind": kind, "margin": margin},
        f"{SURPRISED}.expect": {"effect": effect, "sd": 0.1},
    }


def ratio(margin: float, effect: float) -> Edit:
    """A ratio of rates between two models as they are."""
    return {
        ESTIMAND: {
            "kind": "log-ratio",
            "arm": "baseline",
            "over": "reference",
            "readout": "rate",
        },
        f"{SURPRISED}.test": {"kind": "ratio-above", "margin": margin},
        f"{SURPRISED}.expect": {"effect": effect, "sd": 0.1},
    }


def closes(kind: str, margin: float, effect: float, sd: float = 0.1) -> Edit:
    """The removal's first criterion with another test."""
    return {
        f"{CLOSES}.test": {"kind": kind, "margin": margin},
        f"{CLOSES}.expect": {"effect": effect, "sd": sd},
    }


def kl(margin: float) -> Edit:
    """Divergence of an intervened model, which is never negative."""
    return {
        f"{CLOSES}.estimand": {
            "kind": "level",
            "arm": "treatment",
            "readout": "kl",
            "at": "judged",
        },
        f"{CLOSES}.test": {"kind": "superiority", "margin": margin},
        f"{CLOSES}.expect": {"effect": 0.5, "sd": 0.1},
    }


ROWS = (
    Row(
        "a gap that doing nothing closes",
        "removal",
        closes("superiority", -0.5, 0.75),
        "margin",
        "does nothing meets it",
        closes("superiority", 0.0, 0.75),
    ),
    Row(
        "a gap by a hair below nothing",
        "removal",
        closes("superiority", -1e-9, 0.75),
        "margin",
        "does nothing meets it",
        closes("superiority", 1e-9, 0.75),
    ),
    Row(
        "more than the whole gap",
        "removal",
        closes("superiority", 1.0, 1.5),
        "unreachable expect-side",
        "no outcome in",
        closes("superiority", 0.9, 0.99, 0.05),
    ),
    Row(
        "worse than random directions",
        "removal",
        {f"{BEATS}.test.margin": -0.5},
        "margin",
        "does nothing meets it",
        {f"{BEATS}.test.margin": 0.0},
    ),
    Row(
        "a damage that no damage meets",
        "removal",
        {f"{SPARES}.test.margin": -100.0},
        "margin positive-control coverage",
        "every outcome in",
        {f"{SPARES}.test.margin": 0.0},
    ),
    Row(
        "every rate is above zero",
        "level",
        rate("superiority", 0.0, 0.1),
        "margin",
        "every outcome in [0, 1] meets 0",
        rate("superiority", 0.01, 0.1),
    ),
    Row(
        "every rate is above next to zero",
        "level",
        rate("superiority", 1e-9, 0.1),
        "margin",
        "every outcome",
        rate("superiority", 0.002, 0.1),
    ),
    Row(
        "every rate is below one",
        "level",
        rate("below", 1.0, 0.1),
        "margin",
        "every outcome",
        rate("below", 0.5, 0.1),
    ),
    Row(
        "no rate is below zero",
        "level",
        rate("below", 0.0, -0.1),
        "unreachable expect-side",
        "no outcome",
        rate("below", 0.1, 0.01),
    ),
    Row(
        "every rate lies within one of nothing",
        "level",
        rate("equivalence", 1.0, 0.1),
        "margin",
        "every outcome",
        rate("equivalence", 0.5, 0.1),
    ),
    Row(
        "no difference of losses is so large",
        "level",
        loss("superiority", -1000.0, 0.0),
        "margin positive-control",
        "every outcome in [-30, 30]",
        loss("superiority", 0.1, 0.5),
    ),
    Row(
        "every loss is above nothing",
        "level",
        {f"{SURPRISED}.test.margin": -1.0},
        "margin",
        "every outcome in [0, 30]",
        {f"{SURPRISED}.test.margin": 0.1},
    ),
    Row(
        "divergence is never negative",
        "removal",
        kl(-0.1),
        "margin positive-control",
        "every outcome in [0, 30]",
        kl(0.1),
    ),
    Row(
        "divergence of a model from itself",
        "level",
        {**TRUE_LEVEL, f"{SURPRISED}.test": {"kind": "below", "margin": 0.1}},
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
        "a ratio above zero",
        "level",
        ratio(0.0, 10.0),
        "parse",
        "out of bounds",
        ratio(2.0, 10.0),
    ),
    Row(
        "a ratio above next to zero",
        "level",
        ratio(1e-9, 10.0),
        "margin positive-control",
        "every outcome",
        ratio(1.0, 10.0),
    ),
    Row(
        "features that equal models have",
        "features",
        {f"{MARKS}.test.margin": 0.5},
        "margin",
        "two models that do not differ",
        {f"{MARKS}.test.margin": 1.0},
    ),
    Row(
        "features that mark nothing",
        "features",
        {f"{MARKS}.estimand.min_rate": 1.0},
        "unreachable",
        "no feature marks",
        {f"{MARKS}.estimand.min_rate": 0.5},
    ),
    Row(
        "pooled features as a test",
        "features",
        {f"{MARKS}.estimand.matched": False},
        "parse",
        "it never decides",
        {f"{MARKS}.estimand.matched": True},
    ),
    Row(
        "producing as much as the trained model is still none",
        "null",
        {f"{NONE}.test.margin": 1.0},
        "margin positive-control",
        "producing as much as the trained model",
        {f"{NONE}.test.margin": 0.5},
    ),
    Row(
        "a null without a margin",
        "null",
        {f"{NONE}.test.margin": 0.0, f"{NONE}.expect.effect": -0.3},
        "margin unreachable expect-side",
        "smallest effect of interest above 0",
        {f"{NONE}.test.margin": 0.4},
    ),
    Row(
        "some produce what nothing produces",
        "null",
        {**SOME, f"{NONE}.test.margin": 0.05},
        "margin",
        "may reach 0.1 of the trained model",
        {**SOME, f"{NONE}.test.margin": 0.2},
    ),
    Row(
        "a gate that nothing passes",
        "null",
        gate(garbage_rate=0.0, ordinary_loss=0.0, specificity=1.0),
        "gate",
        "a null by construction",
        gate(garbage_rate=0.01, ordinary_loss=0.01, specificity=0.95),
    ),
    Row(
        "a gate that broken models pass",
        "null",
        {**SOME, **gate(garbage_rate=1.0, ordinary_loss=1e9)},
        "gate",
        "a broken model passes",
        {**SOME, **gate(garbage_rate=0.4, ordinary_loss=0.9)},
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
)
