"""Arms on dictionary features: their controls, their doses, their nulls."""

from __future__ import annotations

from tests.lock.designs import Edit
from tests.lock.refused.edits import PRE, SMALL, control, covered
from tests.lock.refused.null_controls import JUDGED
from tests.lock.refused.row import Row

MARKER: dict[str, object] = {"positive": "regulation", "negative": "standard"}
OFF: dict[str, object] = {
    **{"on": "regulation", "site": "onset", "operation": "ablate-feature"},
    **{"features": MARKER, "doses": [0.0, 1.0]},
}
LIKE: dict[str, object] = {
    **{k: v for k, v in OFF.items() if k != "features"},
    **{"control": "matched-rate", "of": "off", "count": 20},
}
BEATS = "criteria.beats.estimand"
REMOVED: Edit = {
    **{"arms.off": OFF, "arms.others": LIKE},
    **{f"{BEATS}.arm": "off", f"{BEATS}.controls": ["others"], f"{BEATS}.at": 1.0},
}
TWO: Edit = {"arms.two": OFF | {"features": MARKER | {"top": 2}}}
STEERED: dict[str, object] = OFF | {"on": "standard", "operation": "steer-feature"}
BAND: Edit = {f"{PRE}.band-s": {"kind": "dose-band", "arm": "steered", "low": 0.8, "high": 1.2,
                                "why": "w"}}  # fmt: skip
PRODUCES: Edit = {"arms.steered": STEERED, f"{SMALL}.estimand.arm": "steered",
                  **covered(arms=["steered"])}  # fmt: skip
NOTHING: Edit = {
    "arms.off": OFF | {"on": "standard"},
    f"{SMALL}.estimand.arm": "off",
}
CLAMPED: Edit = {
    "arms.fixed": OFF | {"on": "standard", "operation": "clamp-feature", "doses": "judged"},
    **JUDGED,
}

ROWS = (
    Row(
        "random features that resemble another arm's",
        "removal",
        {**REMOVED, **TWO, "arms.others": LIKE | {"of": "two"}},
        "unlike-controls",
        "where and as off does",
        REMOVED,
    ),
    Row(
        "too few random features",
        "removal",
        {**REMOVED, "arms.others.count": 19},
        "random-controls",
        "19 random controls",
        REMOVED,
    ),
    Row(
        "a feature that is steered without a dose band",
        "contrast",
        PRODUCES,
        "dose-band",
        "for arm steered",
        {**PRODUCES, **BAND},
    ),
    Row(
        "a null about a feature that may never fire",
        "contrast",
        NOTHING,
        "coverage",
        "off may be underdosed",
        {**NOTHING, **covered(arms=["off"])},
    ),
    Row(
        "a null about a feature, with the same feature clamped as its control",
        "contrast",
        {**NOTHING, **CLAMPED, **covered(arms=["off"]),
         **control(arm="fixed", over="baseline", at_least=2)},
        "positive-control outcome",
        "in a way that is not tested",
        {**NOTHING, **CLAMPED, **covered(arms=["off"])},
    ),
)  # fmt: skip
