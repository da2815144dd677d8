"""Waivers that waive nothing, and a rule that a sentence elsewhere satisfies."""

from __future__ import annotations

from tests.lock.designs import Edit
from tests.lock.refused.row import Row

REPLICATES, CLOSES, NONE = "subject.replicates", "criteria.closes", "criteria.none"
NOISY: Edit = {f"{CLOSES}.expect.sd": 0.5}
SENTENCE = "Eight pairs are all that the budget allows."
ABLATED: dict[str, object] = {
    **{"on": "regulation", "site": "onset", "operation": "ablate", "doses": [0.0, 0.5, 1.0]},
}
ROWS = (
    Row(
        "an ablation by one way only",
        "removal",
        {"arms.own-mean": ABLATED | {"way": "zero"}},
        "one-way",
        "own-mean ablates by zero alone; add arms with mean and resample",
        {
            "arms.own-mean": ABLATED | {"way": "zero"},
            "does_not_show": ["that the mean would do it", "that resampling would do it"],
        },
    ),
    Row(
        "an ablation by two ways, at another site the third",
        "removal",
        {
            "arms.own-mean": ABLATED | {"way": "zero"},
            "arms.other": ABLATED | {"way": "mean"},
            "arms.third": ABLATED | {"way": "resample", "site": "body"},
        },
        "one-way",
        "add arms with resample",
        {
            "arms.own-mean": ABLATED | {"way": "zero"},
            "arms.other": ABLATED | {"way": "mean"},
            "arms.third": ABLATED | {"way": "resample"},
        },
    ),
    Row(
        "a waiver of nothing",
        "removal",
        {"waivers": {"power": SENTENCE}},
        "waiver",
        "not breached",
        {"waivers": {"power": SENTENCE}, **NOISY},
    ),
    Row(
        "a waiver of what cannot be waived",
        "removal",
        {"waivers": {"alpha": SENTENCE}, f"{CLOSES}.test.alpha": 0.2},
        "waiver alpha",
        "'alpha' cannot be waived",
        {},
    ),
    Row(
        "a waiver of no rule",
        "removal",
        {"waivers": {"powr": SENTENCE}, **NOISY},
        "waiver power",
        "no rule 'powr'",
        {"waivers": {"power": SENTENCE}, **NOISY},
    ),
    Row(
        "an empty waiver",
        "removal",
        {"waivers": {"power": " \t "}, **NOISY},
        "parse",
        "empty",
        {"waivers": {"power": SENTENCE}, **NOISY},
    ),
    Row(
        "a waiver of two words",
        "removal",
        {"waivers": {"power": "why not"}, **NOISY},
        "waiver power",
        "a sentence that says why",
        {"waivers": {"power": "There is no money"}, **NOISY},
    ),
    Row(
        "a waiver of no words",
        "removal",
        {"waivers": {"power": ". . . . x x x x !!"}, **NOISY},
        "waiver power",
        "a sentence that says why",
        {"waivers": {"power": SENTENCE}, **NOISY},
    ),
    Row(
        "a waiver of three words",
        "removal",
        {"waivers": {"power": "because of money"}, **NOISY},
        "waiver power",
        "a sentence that says why",
        {"waivers": {"power": "because of the money"}, **NOISY},
    ),
)
