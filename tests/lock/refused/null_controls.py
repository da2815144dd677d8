"""Positive controls and coverage that are none."""

from __future__ import annotations

from tests.lock.designs import Edit
from tests.lock.refused.edits import SMALL, control, covered, small
from tests.lock.refused.row import Row

GAP = {"kind": "closed-gap", "arm": "pushed", "baseline": "baseline", "reference": "trained"}
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
    Row(
        "a control by a hair",
        "contrast",
        control(over="trained", at_least=0.24),
        "positive-control",
        "share at least 0.25",
        control(over="trained", at_least=0.25),
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
