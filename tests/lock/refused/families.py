"""Families of differences that must not lock."""

from __future__ import annotations

from typing import Any

from tests.lock.designs import Edit
from tests.lock.refused.edits import SMALL
from tests.lock.refused.row import Row

ALONG = {"kind": "dose-ordering", "arm": "pushed", "readout": "rate", "doses": [0.0, 0.5, 1.0]}
APART = {"kind": "contrasts", "arms": ["pushed", "nudged"], "minus": "baseline", "at": 1.0,
         "readout": "rate"}  # fmt: skip
ORDER = {"kind": "ordering", "arms": ["baseline", "nudged", "pushed"], "at": 1.0,
         "readout": "rate"}  # fmt: skip


def family(
    estimand: dict[str, Any], kind: str, margin: float, effect: float, sd: float = 0.02, **test: Any
) -> Edit:
    """The contrast's design with a family in place of its number."""
    return {
        f"{SMALL}.estimand": estimand,
        f"{SMALL}.test": {"kind": kind, "margin": margin, **test},
        f"{SMALL}.expect": {"effect": effect, "sd": sd},
    }


ROWS = (
    Row(
        "an order in which doing nothing is enough",
        "contrast",
        {"preconditions.control.at_least": 1.1, **family(ALONG, "all-of", -0.05, 0.0)},
        "positive-control",
        "does nothing would meet it",
        {"preconditions.control.at_least": 1.1, **family(ALONG, "all-of", 0.0, 0.1)},
    ),
    Row(
        "some of several arms, where doing nothing is enough",
        "contrast",
        family(APART, "some-of", -0.05, 0.0),
        "coverage",
        "arm nudged may be underdosed",
        family(APART, "some-of", 0.05, 0.2),
    ),
    Row(
        "an order with the same model twice",
        "contrast",
        {
            "arms.copy": {"on": "standard"},
            **family({**ORDER, "arms": ["copy", "baseline", "pushed"]}, "all-of", 0.0, 0.1),
        },
        "same",
        "the same is compared with itself",
        family({**ORDER, "arms": ["baseline", "pushed"]}, "all-of", 0.0, 0.1),
    ),
    Row(
        "some of several arms by Holm with too few replicates",
        "contrast",
        {"subject.replicates": 5, **family(APART, "some-of", 0.05, 0.2, method="sign-flip-holm")},
        "smallest-p",
        "plan at least 6",
        {"subject.replicates": 6, **family(APART, "some-of", 0.05, 0.2, method="sign-flip-holm")},
    ),
    Row(
        "an order whose smallest step is not expected",
        "contrast",
        family(ORDER, "all-of", 0.1, 0.05),
        "expect-side",
        "does not meet the margin",
        family(ORDER, "all-of", 0.1, 0.15),
    ),
    Row(
        "an order that no study of this size would find",
        "contrast",
        family(ORDER, "all-of", 0.0, 0.1, sd=0.12),
        "power",
        "simulated power",
        family(ORDER, "all-of", 0.0, 0.1, sd=0.06),
    ),
    Row(
        "a step that no rate can make",
        "contrast",
        family(ORDER, "all-of", 1.0, 1.1),
        "unreachable expect-side",
        "no outcome in [-1, 1] meets 1",
        family(ORDER, "all-of", 0.9, 0.99),
    ),
)
