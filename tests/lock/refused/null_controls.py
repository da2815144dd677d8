"""Positive controls and coverage that are none."""

from __future__ import annotations

from tests.lock.designs import Edit
from tests.lock.refused.edits import PRE, SMALL, TRAINED_RATE, control, covered, small
from tests.lock.refused.row import Row

GAP = {"kind": "closed-gap", "arm": "pushed", "baseline": "baseline", "reference": "trained"}
REMOVED: Edit = {
    f"{SMALL}.estimand": {
        "kind": "contrast",
        "arm": "removal",
        "minus": "trained",
        "readout": "rate",
        "at": 1.0,
    },
    f"{PRE}.band-r": {"kind": "dose-band", "arm": "removal", "low": 0.8, "high": 1.2, "why": "w"},
    f"{PRE}.present": TRAINED_RATE,
    "arms.untuned": {"on": "untuned"},
    "arms.zeroed": {
        "on": "regulation",
        "site": "onset",
        "operation": "replace-zero",
        "doses": [0.0, 1.0],
    },
    **covered(arm="zeroed", arms=["removal"]),
}
JUDGED: Edit = {
    "dose_rule": {
        "arm": "nudged",
        "baseline": "baseline",
        "readout": "rate",
        "bounds": {"garbage_rate": 0.1},
    }
}
TWO: Edit = {
    f"{SMALL}.estimand": {
        "kind": "contrast",
        "arm": "trained",
        "minus": "baseline",
        "readout": "garbage_rate",
    }
}

ROWS = (
    Row(
        "the trained model as its own control",
        "null",
        control(arm="trained", over="baseline", at_least=2),
        "positive-control",
        "in a way that is not tested",
        control(arm="tuned", over="baseline", at_least=2),
    ),
    Row(
        "the trained model as a control under another name",
        "null",
        {"arms.other": {"on": "regulation"}, **control(arm="other", over="baseline", at_least=2)},
        "positive-control",
        "in a way that is not tested",
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
        "in a way that is not tested",
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
        "on rate that the same model",
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
    Row(
        "a control by a hair",
        "contrast",
        {**control(over="trained", at_least=0.24), f"{PRE}.present": TRAINED_RATE},
        "positive-control",
        "a share of at least 0.25",
        {**control(over="trained", at_least=0.25), f"{PRE}.present": TRAINED_RATE},
    ),
    Row(
        "a share of a model that may be no different",
        "contrast",
        control(over="trained", at_least=0.5),
        "positive-control",
        "that a ratio precondition sets apart from it",
        {**control(over="trained", at_least=0.5), f"{PRE}.present": TRAINED_RATE},
    ),
    Row(
        "a share of the low end, which doing nothing has",
        "contrast",
        {**REMOVED, **control(arm="untuned", over="baseline", at_least=2)},
        "positive-control",
        "doing nothing fails",
        {**REMOVED, **control(arm="trained", over="untuned", at_least=2)},
    ),
    Row(
        "a control on another model",
        "contrast",
        {**REMOVED, **control(arm="trained", over="tuned", at_least=2)},
        "positive-control",
        "the same model, changed in a way that is not tested",
        {**REMOVED, **control(arm="trained", over="untuned", at_least=2)},
    ),
    Row(
        "a control by another intervention on another model",
        "contrast",
        {**control(arm="removal"), **JUDGED},
        "positive-control",
        "the same model, changed in a way that is not tested",
        {**control(arm="nudged"), **JUDGED},
    ),
    Row(
        "coverage by an arm at another site",
        "null",
        {"arms.removal.site": "body"},
        "coverage",
        "at another site",
        {"arms.removal.site": "onset"},
    ),
    Row(
        "a control that one of two models meets",
        "contrast",
        {**TWO, **control(readout="garbage_rate", at_least=1.4)},
        "positive-control",
        "1.5 times the model as it is",
        {**TWO, **control(readout="garbage_rate", at_least=1.5)},
    ),
    Row(
        "a control by a lack",
        "contrast",
        {
            **small(GAP, "below", 0.2, 0.0),
            **control(arm="tuned", over="tuned-too", at_least=2),
            "arms.tuned-too": {"on": "tuned"},
        },
        "positive-control same",
        "are the same",
        {**small(GAP, "below", 0.2, 0.0), **control(arm="baseline", over="tuned", at_least=2)},
    ),
)
