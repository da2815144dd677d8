"""Defects of preconditions, exclusion and controls; see ``tests/lock/test_refusals.py``."""

from __future__ import annotations

from typing import Any

from tests.lock.designs import DROP, Edit
from tests.lock.refused import Row

PRE = "preconditions"
EXCLUDE: Edit = {"exclusion": {"at_most": 1, "why": "one may fail to train"}}


def level(readout: str, **bound: float) -> dict[str, Any]:
    """A level of the model as it is."""
    return {"kind": "level", "arm": "baseline", "readout": readout, "why": "w", **bound}


def of_treatment(kind: str, **more: Any) -> dict[str, Any]:
    """A precondition on the arm that decides."""
    return {"kind": kind, "arm": "treatment", "readout": "rate", "why": "w", **more}


def rise(readout: str, at_most: float, relative: bool = False) -> dict[str, Any]:
    """A limit on what the intervention raises."""
    return {
        **of_treatment("rise"),
        "baseline": "baseline",
        "readout": readout,
        "at": "judged",
        "relative": relative,
        "at_most": at_most,
    }


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
    bound(
        "a hundred nats are healthy",
        "is broken",
        "healthy",
        "loss_gap_at_most",
        "100 1.9",
        "vacuous",
    ),
    bound("all garbage is healthy", "is broken", "healthy", "garbage_at_most", "1 0.4", "vacuous"),
    bound("any two halves agree", "unrelated", "halves", "at_least", "1e-9 0.5", "vacuous"),
    bound("no two halves agree", "exactly", "halves", "at_least", "1.0 0.99", "unreachable"),
    bound("any dose is below", "planned dose", "band", "low", "0.0001 0.5", "vacuous"),
    bound("any dose is above", "another dose", "band", "high", "1e9 2.0", "vacuous"),
    bound("any push covers", "not acting", "covered", "closes", "1e-9 0.25", "vacuous coverage"),
    bound("no push covers", "more than the whole", "covered", "closes", "1.1 1.0", "unreachable"),
    bound(
        "any control controls",
        "next to nothing",
        "control",
        "at_least",
        "1e-9 0.5",
        "vacuous positive-control",
    ),
    bound("any loss may rise", "bounds nothing", "coherent", "at_most", "1e9 0.9", "vacuous"),
    bound(
        "any dictionary explains",
        "next to none",
        "dictionaries",
        "explained_variance_at_least",
        "0.0 0.2",
        "vacuous",
    ),
    bound(
        "any dictionary lives",
        "dead",
        "dictionaries",
        "dead_at_most",
        "1.0 0.9",
        "vacuous",
    ),
    Row(
        "a band that no dose meets",
        "removal",
        {f"{PRE}.band.low": 1.0, f"{PRE}.band.high": 1.0},
        "unreachable",
        "exactly the planned one",
        {f"{PRE}.band.low": 0.95, f"{PRE}.band.high": 1.05},
    ),
    Row(
        "any behaviour is present",
        "removal",
        {f"{PRE}.present.at_least": 1e-9, f"{PRE}.present.floor": 0.0},
        "vacuous",
        "next to nothing",
        {f"{PRE}.present.at_least": 2.0, f"{PRE}.present.floor": 0.0},
    ),
    Row(
        "no behaviour is present",
        "removal",
        {f"{PRE}.present.floor": 1.5},
        "unreachable",
        "never above 1",
        {f"{PRE}.present.floor": 0.9},
    ),
    added(
        "any share is a share",
        "next to nothing",
        {**of_treatment("share", over="own-mean", at_least=1e-9), "readout": "onset_mass"},
        {**of_treatment("share", over="own-mean", at_least=0.5), "readout": "onset_mass"},
        "vacuous",
    ),
    added(
        "a share of nothing",
        "always 0",
        {**of_treatment("share", over="baseline", at_least=0.5), "readout": "kl"},
        {**of_treatment("share", over="own-mean", at_least=0.5), "readout": "kl"},
        "unreachable",
    ),
    added(
        "a level at its floor",
        "excludes nothing",
        level("garbage_rate", at_least=0.0),
        level("garbage_rate", at_least=0.01),
        "vacuous",
    ),
    added(
        "a level at its ceiling",
        "excludes nothing",
        level("garbage_rate", at_most=1.0),
        level("garbage_rate", at_most=0.2),
        "vacuous",
    ),
    added(
        "a level beyond its range",
        "excludes everything",
        level("garbage_rate", at_most=-0.1),
        level("garbage_rate", at_most=0.1),
        "unreachable",
    ),
    added(
        "a loss below any loss",
        "excludes nothing",
        level("ordinary_loss", at_most=1e6),
        level("ordinary_loss", at_most=3.0),
        "vacuous",
    ),
    added(
        "a level without a bound",
        "one bound",
        level("garbage_rate"),
        level("garbage_rate", at_most=0.1),
        "parse",
    ),
    added(
        "all steps may become garbage",
        "bounds nothing",
        rise("garbage_rate", 1e9),
        rise("garbage_rate", 0.4),
        "vacuous",
    ),
    added(
        "a loss may rise by any number of nats",
        "bounds nothing",
        rise("ordinary_loss", 1e9),
        rise("ordinary_loss", 1.0),
        "vacuous",
    ),
    added(
        "nothing rises at dose 0",
        "nothing rises",
        {**rise("ordinary_loss", 0.1), "at": 0.0},
        {**rise("ordinary_loss", 0.1), "at": 0.5},
        "same",
    ),
    Row(
        "a dose rule without a bound on damage",
        "removal",
        {"dose_rule.bounds.ordinary_loss": 1e9},
        "vacuous",
        "bounds no damage",
        {"dose_rule.bounds.ordinary_loss": 0.9},
    ),
    Row(
        "a model that is ten times itself",
        "level",
        {
            f"{PRE}.x": {
                "kind": "ratio",
                "arm": "baseline",
                "over": "copy",
                "readout": "rate",
                "at_least": 1,
                "why": "w",
            }
        },
        "same",
        "are the same",
        {
            f"{PRE}.x": {
                "kind": "ratio",
                "arm": "baseline",
                "over": "reference",
                "readout": "rate",
                "at_least": 1,
                "why": "w",
            }
        },
    ),
    added(
        "INVALID unless the behaviour is gone",
        "criterion closes judges",
        of_treatment("level", at="judged", at_most=0.05),
        {**of_treatment("level", at="judged", at_most=0.05), "readout": "garbage_rate"},
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
        {f"{PRE}.x": level("ordinary_loss", at_least=1.0)},
        "outcome",
        "criterion surprised judges",
        {f"{PRE}.x": level("rate", at_least=0.1)},
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
)
