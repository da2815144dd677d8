"""Nulls under other names, their controls and their doses; see ``tests/lock/test_refusals.py``."""

from __future__ import annotations

from typing import Any

from tests.lock.designs import DROP, Edit
from tests.lock.refused import Row

PRE, NONE, SMALL = "preconditions", "criteria.none", "criteria.small"
NO_CONTROL: Edit = {f"{PRE}.control": DROP}
NO_COVERAGE: Edit = {f"{PRE}.covered": DROP}
BARE: Edit = {**NO_CONTROL, **NO_COVERAGE}


def small(estimand: dict[str, Any], kind: str, margin: float, effect: float) -> Edit:
    """The one criterion of the contrast design as something else."""
    return {
        f"{SMALL}.estimand": {"readout": "rate", "at": 1.0, **estimand},
        f"{SMALL}.test": {"kind": kind, "margin": margin},
        f"{SMALL}.expect": {"effect": effect, "sd": 0.02},
    }


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
TRAINED_RATE = {
    "kind": "ratio",
    "arm": "trained",
    "over": "baseline",
    "readout": "rate",
    "at_least": 10,
    "floor": 0.1,
    "why": "w",
}
DAMAGE = {"kind": "contrast", "arm": "pushed", "minus": "nudged", "readout": "ordinary_loss"}
SECOND = {
    "estimand": {**PUSHED, "readout": "rate", "at": 1.0},
    "test": {"kind": "superiority", "margin": 0.1},
    "expect": {"effect": 0.2, "sd": 0.02},
    "why": "w",
}


def control(**changes: Any) -> Edit:
    """The null's positive control with changes."""
    return {f"{PRE}.control.{key}": value for key, value in changes.items()}


def covered(**changes: Any) -> Edit:
    """The null's coverage with changes."""
    return {f"{PRE}.covered.{key}": value for key, value in changes.items()}


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
        "a gap that stays open",
        small(GAP, "below", 0.2, 0.0),
        small(GAP, "superiority", 0.2, 0.3),
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
    Row(
        "the trained model as its own control",
        "null",
        control(arm="trained", over="baseline", at_least=2),
        "positive-control",
        "outside the compared ones",
        control(arm="tuned", over="baseline", at_least=2),
    ),
    Row(
        "the trained model as a control under another name",
        "null",
        {"arms.other": {"on": "regulation"}, **control(arm="other", over="baseline", at_least=2)},
        "positive-control",
        "outside the compared ones",
        {"arms.other": {"on": "tuned"}, **control(arm="other", over="baseline", at_least=2)},
    ),
    Row(
        "a tested direction as its own control",
        "contrast",
        {
            "arms.other": {
                "on": "standard",
                "site": "onset",
                "operation": "subtract",
                "direction": "toward",
                "doses": "judged",
            },
            "dose_rule": {
                "arm": "nudged",
                "baseline": "baseline",
                "readout": "rate",
                "bounds": {"garbage_rate": 0.1},
            },
            **control(arm="other"),
        },
        "positive-control outcome",
        "outside the compared ones",
        {
            "arms.other": {
                "on": "standard",
                "site": "onset",
                "operation": "subtract",
                "direction": "push",
                "doses": "judged",
            },
            "dose_rule": {
                "arm": "nudged",
                "baseline": "baseline",
                "readout": "rate",
                "bounds": {"garbage_rate": 0.1},
            },
            **control(arm="other"),
        },
    ),
    Row(
        "a control that reads something else",
        "null",
        control(readout="onset_mass"),
        "positive-control",
        "on rate of an arm",
        control(readout="rate"),
    ),
    Row(
        "a control that does less than the margin",
        "null",
        control(at_least=0.3),
        "positive-control",
        "unable to see",
        control(at_least=0.5),
    ),
    Row(
        "a control that the model as it is meets",
        "contrast",
        control(at_least=1.0),
        "positive-control",
        "1.5 times the model as it is",
        control(at_least=1.5),
    ),
    Row(
        "coverage of another arm",
        "null",
        covered(arms=["stronger"]),
        "coverage",
        "arm candidates may be underdosed",
        covered(arms=["candidates", "stronger"]),
    ),
    Row(
        "coverage that takes the acting dose from the tested arm",
        "contrast",
        covered(arm="pushed", baseline="baseline", reference="trained"),
        "coverage outcome",
        "from a tested arm",
        covered(arm="nudged", baseline="baseline", reference="trained"),
    ),
    Row(
        "coverage about garbage",
        "null",
        covered(readout="garbage_rate"),
        "coverage",
        "is about garbage_rate",
        covered(readout="rate"),
    ),
    Row(
        "a null read below the dose that is covered",
        "contrast",
        {f"{SMALL}.estimand.at": 0.5},
        "coverage",
        "its grid goes on to 1",
        {f"{SMALL}.estimand.at": 0.5, "arms.pushed.doses": [0.0, 0.5]},
    ),
    Row(
        "a null at the judged dose, covered by its grid",
        "contrast",
        {
            f"{SMALL}.estimand.at": "judged",
            "dose_rule": {
                "arm": "pushed",
                "baseline": "baseline",
                "readout": "rate",
                "bounds": {"garbage_rate": 0.1},
            },
        },
        "coverage",
        "read at the judged dose",
        {},
    ),
)
