"""Preconditions on the outcome, health, exclusion, dose bands, random controls."""

from __future__ import annotations

from typing import Any

from tests.lock.designs import DROP
from tests.lock.refused.edits import (
    EXCLUDE,
    PRE,
    level_of_baseline,
    of_treatment,
)
from tests.lock.refused.row import Row


def bound(name: str, words: str, precondition: str, parameter: str, values: str, rule: str) -> Row:
    """A bound of the removal's precondition: ``values`` are the refused one and its neighbour."""
    wrong, right = (float(v) for v in values.split())
    path = f"{PRE}.{precondition}.{parameter}"
    base = "null" if precondition in ("covered", "control") else "removal"
    base = "features" if precondition == "dictionaries" else base
    return Row(name, base, {path: wrong}, rule, words, {path: right})


def added(name: str, words: str, one: dict[str, Any], other: dict[str, Any], rule: str) -> Row:
    """A precondition more, and the same with another bound."""
    return Row(name, "removal", {f"{PRE}.x": one}, rule, words, {f"{PRE}.x": other})


ROWS = (
    added(
        "INVALID unless the behaviour is gone",
        "criterion closes judges",
        of_treatment("level", at="judged", at_most=0.05),
        {**of_treatment("level", at="judged", at_most=0.05), "readout": "garbage_rate"},
        "outcome",
    ),
    added(
        "INVALID unless the mass of the behaviour is gone",
        "it reads onset_mass of treatment, which criterion closes judges",
        {**of_treatment("level", at="judged", at_most=0.05), "readout": "onset_mass"},
        {**of_treatment("level", at="judged", at_most=0.05), "readout": "elsewhere_mass"},
        "outcome",
    ),
    added(
        "INVALID unless the behaviour is much rarer",
        "criterion closes judges",
        {**of_treatment("ratio", over="treatment", at_least=5), "arm": "baseline"},
        {**of_treatment("ratio", over="reference", at_least=5), "arm": "baseline"},
        "outcome",
    ),
    Row(
        "INVALID unless some dose of the tested arm closes the gap",
        "removal",
        {
            f"{PRE}.x": {
                **of_treatment("coverage", reference="reference", baseline="baseline"),
                "closes": 0.5,
                "arms": ["treatment"],
            }
        },
        "outcome",
        "criterion closes judges",
        {},
    ),
    Row(
        "INVALID unless the damage of the other arm is large",
        "removal",
        {
            f"{PRE}.x": {
                **of_treatment("level", at=1.0, at_least=3.0),
                "arm": "own-mean",
                "readout": "ordinary_loss",
            }
        },
        "outcome",
        "criterion spares judges",
        {
            f"{PRE}.x": {
                **of_treatment("level", at=1.0, at_least=0.1),
                "arm": "own-mean",
                "readout": "kl",
            }
        },
    ),
    Row(
        "INVALID unless the level is what is claimed",
        "level",
        {f"{PRE}.x": level_of_baseline("ordinary_loss", at_least=1.0)},
        "outcome",
        "criterion surprised judges",
        {f"{PRE}.x": level_of_baseline("rate", at_least=0.1)},
    ),
    Row(
        "no health",
        "removal",
        {f"{PRE}.healthy": DROP},
        "health",
        "no precondition of kind health",
        {},
    ),
    Row(
        "health of another model",
        "removal",
        {f"{PRE}.healthy.roles": ["standard"]},
        "health",
        "criteria read regulation",
        {f"{PRE}.healthy.roles": ["standard", "regulation"]},
    ),
    Row(
        "an exclusion without health",
        "removal",
        {**EXCLUDE, f"{PRE}.healthy": DROP},
        "parse",
        "no precondition of kind health",
        EXCLUDE,
    ),
    Row(
        "an exclusion by the rate of the behaviour",
        "removal",
        {**EXCLUDE, f"{PRE}.healthy.behaviour_at_least": 0.1},
        "parse",
        "unknown key 'behaviour_at_least'",
        EXCLUDE,
    ),
    Row(
        "an exclusion by the loss that is judged",
        "level",
        EXCLUDE,
        "exclusion",
        "criterion surprised judges ordinary_loss",
        {**EXCLUDE, "criteria.surprised.estimand.readout": "onset_mass"}
        | {"criteria.surprised.test.margin": 0.1, "criteria.surprised.expect.effect": 0.5},
    ),
    Row(
        "an exclusion of everything",
        "removal",
        {"exclusion": {"at_most": 8, "why": "w"}},
        "parse",
        "leaves too few",
        EXCLUDE,
    ),
    Row(
        "an exclusion that leaves too few",
        "removal",
        {"exclusion": {"at_most": 6, "why": "w"}},
        "replicates",
        "2 replicate(s) may remain",
        {"exclusion": {"at_most": 2, "why": "w"}},
    ),
    Row(
        "an arm without a dose band",
        "removal",
        {f"{PRE}.band": DROP},
        "dose-band",
        "for arm treatment, which decides",
        {},
    ),
    Row(
        "the subtracted arm without a dose band",
        "contrast",
        {f"{PRE}.band": DROP, "criteria.small.estimand.arm": "baseline"}
        | {"criteria.small.estimand.minus": "pushed"},
        "dose-band",
        "for arm pushed, which decides",
        {"criteria.small.estimand.arm": "baseline", "criteria.small.estimand.minus": "pushed"},
    ),
    Row(
        "nineteen random controls",
        "removal",
        {"arms.isotropic.count": 19},
        "random-controls",
        "19 random controls",
        {"arms.isotropic.count": 20},
    ),
    Row(
        "one random control",
        "removal",
        {"arms.isotropic.count": 1},
        "random-controls",
        "1 random controls",
        {"arms.isotropic.count": 21},
    ),
    Row(
        "no random control",
        "removal",
        {"arms.isotropic.count": 0},
        "parse",
        "out of bounds",
        {"arms.isotropic.count": 20},
    ),
    Row(
        "better than half of the random directions",
        "removal",
        {"criteria.beats.estimand.quantile": 0.5},
        "random-controls",
        "nothing special",
        {"criteria.beats.estimand.quantile": 0.9},
    ),
    Row(
        "random directions elsewhere",
        "removal",
        {"arms.isotropic.site": "body"},
        "unlike-controls",
        "where and as treatment does",
        {"arms.isotropic.site": "onset"},
    ),
    Row(
        "random directions otherwise",
        "removal",
        {"arms.isotropic.operation": "project-out"},
        "unlike-controls",
        "where and as treatment does",
        {"arms.isotropic.operation": "subtract"},
    ),
    Row(
        "nearly the ninth decile",
        "removal",
        {"criteria.beats.estimand.quantile": 0.89},
        "random-controls",
        "at least 0.9",
        {"criteria.beats.estimand.quantile": 0.9},
    ),
    Row(
        "features of a model whose health nobody looked at",
        "features",
        {f"{PRE}.healthy.roles": ["standard"]},
        "health",
        "criteria read regulation",
        {f"{PRE}.healthy.roles": ["standard", "regulation"]},
    ),
)
