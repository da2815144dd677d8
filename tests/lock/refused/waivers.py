"""Waivers that waive nothing."""

from __future__ import annotations

from tests.lock.designs import Edit
from tests.lock.refused.row import Row

REPLICATES, CLOSES, NONE = "subject.replicates", "criteria.closes", "criteria.none"
NOISY: Edit = {f"{CLOSES}.expect.sd": 0.5}
SENTENCE = "Eight pairs are all that the budget allows."
ROWS = (
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
