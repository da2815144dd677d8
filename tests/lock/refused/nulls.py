"""Nulls under other names, and what they need."""

from __future__ import annotations

from tests.lock.designs import DROP, Edit
from tests.lock.refused.edits import PRE, SMALL, TRAINED_RATE, control, small
from tests.lock.refused.row import Row

NO_CONTROL: Edit = {f"{PRE}.control": DROP}
NO_COVERAGE: Edit = {f"{PRE}.covered": DROP}
BARE: Edit = {**NO_CONTROL, **NO_COVERAGE}


def hidden(name: str, null: Edit, effect: Edit) -> Row:
    """A null under another name: it needs both; the same number as an effect needs neither."""
    rules = "positive-control coverage"
    words = "an intervention that does nothing would meet it"
    return Row(name, "contrast", {**BARE, **null}, rules, words, {**BARE, **effect})


PUSHED = {"kind": "contrast", "arm": "pushed", "minus": "baseline"}
REVERSED = {"kind": "contrast", "arm": "baseline", "minus": "pushed"}
RATIO = {"kind": "log-ratio", "arm": "pushed", "over": "baseline"}
UPSIDE = {"kind": "log-ratio", "arm": "baseline", "over": "pushed"}
LEVEL = {"kind": "level", "arm": "pushed"}
AGAINST = {"kind": "contrast", "arm": "pushed", "minus": "trained"}
GAP = {"kind": "closed-gap", "arm": "pushed", "baseline": "baseline", "reference": "trained"}
DAMAGE = {"kind": "contrast", "arm": "pushed", "minus": "nudged", "readout": "ordinary_loss"}
SECOND = {
    "estimand": {**PUSHED, "readout": "rate", "at": 1.0},
    "test": {"kind": "superiority", "margin": 0.1},
    "expect": {"effect": 0.2, "sd": 0.02},
    "why": "w",
}

LOW: Edit = {
    **small({**LEVEL, "arm": "removal"}, "below", 0.05, 0.01),
    f"{PRE}.band-r": {"kind": "dose-band", "arm": "removal", "low": 0.8, "high": 1.2, "why": "w"},
}
NO_WORSE: Edit = {
    "criteria.spares.test.margin": -0.05,
    "arms.untuned": {"on": "untuned"},
    "arms.zeroed": {
        "on": "regulation",
        "site": "onset",
        "operation": "replace-zero",
        "doses": [0.0, 1.0],
    },
    f"{PRE}.control": {
        "kind": "ratio",
        "arm": "untuned",
        "over": "baseline",
        "readout": "ordinary_loss",
        "at_least": 1.5,
        "why": "w",
    },
}
LESS: Edit = {
    "criteria.closes": DROP,
    "criteria.spares": DROP,
    "criteria.beats.test": {"kind": "below", "margin": 0.0},
    "criteria.beats.expect.effect": -0.3,
}
ZEROED = {
    "kind": "coverage",
    "arm": "zeroed",
    "baseline": "baseline",
    "reference": "reference",
    "readout": "rate",
    "closes": 0.5,
    "arms": ["own-mean"],
    "why": "w",
}

ROWS = (
    Row("a null without control", "null", NO_CONTROL, "positive-control", "unable to see", {}),
    Row("a null without coverage", "null", NO_COVERAGE, "coverage", "may be underdosed", {}),
    hidden(
        "a difference below a margin",
        small(PUSHED, "below", 0.05, 0.0),
        small(PUSHED, "below", -0.05, -0.1),
    ),
    hidden(
        "a difference above a negative margin",
        small(PUSHED, "superiority", -0.05, 0.0),
        small(PUSHED, "superiority", 0.05, 0.1),
    ),
    hidden(
        "the tested arm as the subtracted one",
        small(REVERSED, "superiority", -0.05, 0.0),
        small(REVERSED, "superiority", 0.05, 0.1),
    ),
    hidden(
        "a ratio above less than one",
        small(RATIO, "ratio-above", 0.8, 1.0),
        small(RATIO, "ratio-above", 1.2, 1.5),
    ),
    hidden(
        "a ratio of the model over the tested arm",
        small(UPSIDE, "ratio-above", 0.8, 1.0),
        small(UPSIDE, "ratio-above", 1.2, 1.5),
    ),
    hidden(
        "a level that the model may have anyway",
        small(LEVEL, "below", 0.05, 0.0),
        {
            **small(LEVEL, "below", 0.05, 0.0),
            f"{PRE}.loud": {
                "kind": "level",
                "arm": "baseline",
                "readout": "rate",
                "at_least": 0.1,
                "why": "w",
            },
        },
    ),
    hidden(
        "a level that the model may have anyway, from below",
        small(LEVEL, "superiority", 0.05, 0.1),
        {
            **small(LEVEL, "superiority", 0.05, 0.1),
            f"{PRE}.quiet": {
                "kind": "level",
                "arm": "baseline",
                "readout": "rate",
                "at_most": 0.01,
                "why": "w",
            },
        },
    ),
    hidden(
        "a difference to another model, on its side already",
        {**small(AGAINST, "below", -0.05, -0.2), f"{PRE}.present": TRAINED_RATE},
        {**small(AGAINST, "superiority", -0.05, 0.0), f"{PRE}.present": TRAINED_RATE},
    ),
    hidden(
        "a gap that stays open", small(GAP, "below", 0.2, 0.0), small(GAP, "superiority", 0.2, 0.3)
    ),
    hidden(
        "a gap that stays open by equivalence",
        small(GAP, "equivalence", 0.2, 0.0),
        small(GAP, "superiority", 0.0, 0.3),
    ),
    Row(
        "less damage than another arm, by doing nothing",
        "contrast",
        {**BARE, **small(DAMAGE, "below", 0.0, -0.1)},
        "coverage",
        "arm pushed may be underdosed",
        {**BARE, **small(DAMAGE, "below", 0.0, -0.1), "criteria.acts": SECOND},
    ),
    Row(
        "no damage, by an arm that may do nothing",
        "contrast",
        {**BARE, **small({**PUSHED, "readout": "ordinary_loss"}, "below", 0.1, 0.0)},
        "positive-control coverage",
        "does nothing would meet it",
        {
            **NO_COVERAGE,
            **control(readout="ordinary_loss"),
            **small({**PUSHED, "readout": "ordinary_loss"}, "below", 0.1, 0.0),
            "criteria.acts": SECOND,
        },
    ),
    Row(
        "no damage, shown to act at another dose only",
        "contrast",
        {
            **NO_COVERAGE,
            **control(readout="ordinary_loss"),
            **small({**PUSHED, "readout": "ordinary_loss"}, "below", 0.1, 0.0),
            "criteria.acts": {**SECOND, "estimand": {**SECOND["estimand"], "at": 0.5}},
        },
        "coverage",
        "arm pushed may be underdosed",
        {
            **NO_COVERAGE,
            **control(readout="ordinary_loss"),
            **small({**PUSHED, "readout": "ordinary_loss"}, "below", 0.1, 0.0),
            "criteria.acts": SECOND,
        },
    ),
    Row(
        "two models that do not differ",
        "contrast",
        {
            **NO_CONTROL,
            f"{SMALL}.estimand": {
                "kind": "contrast",
                "arm": "trained",
                "minus": "baseline",
                "readout": "garbage_rate",
            },
        },
        "positive-control",
        "two models that do not differ would meet it",
        {
            **control(readout="garbage_rate"),
            f"{SMALL}.estimand": {
                "kind": "contrast",
                "arm": "trained",
                "minus": "baseline",
                "readout": "garbage_rate",
            },
        },
    ),
    hidden(
        "a difference to another model, within a margin",
        small(AGAINST, "equivalence", 0.05, 0.0),
        {**small(AGAINST, "equivalence", 0.05, 0.0), f"{PRE}.present": TRAINED_RATE},
    ),
    Row(
        "a level that may be low already",
        "contrast",
        {**BARE, **LOW, f"{PRE}.present": {**TRAINED_RATE, "floor": 0.0}},
        "positive-control coverage",
        "arm removal may be underdosed",
        {**BARE, **LOW, f"{PRE}.present": TRAINED_RATE},
    ),
    Row(
        "no more damage than an arm that may do nothing",
        "removal",
        NO_WORSE,
        "coverage",
        "arm own-mean may be underdosed",
        {**NO_WORSE, f"{PRE}.covered": ZEROED},
    ),
    Row(
        "less than random directions, by doing nothing",
        "removal",
        LESS,
        "positive-control coverage",
        "an intervention that does nothing would meet it",
        {**LESS, "criteria.beats.test.kind": "superiority", "criteria.beats.expect.effect": 0.3},
    ),
    Row(
        "a level, told how to say that it is an effect",
        "contrast",
        {**BARE, **small(LEVEL, "below", 0.05, 0.0)},
        "positive-control coverage",
        "say so: a precondition level or ratio (with a floor)",
        small(LEVEL, "below", 0.05, 0.0),
    ),
    Row(
        "a gap, where there is nothing to say",
        "contrast",
        {**BARE, **small(GAP, "below", 0.2, 0.0)},
        "positive-control coverage",
        "The measurement may be unable to see an effect",
        small(GAP, "below", 0.2, 0.0),
    ),
)
