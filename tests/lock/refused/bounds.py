"""Preconditions that nothing fails or that nothing passes."""

from __future__ import annotations

from typing import Any

from tests.lock.refused.edits import (
    PRE,
    covered,
    level_of_baseline,
    of_treatment,
    rise,
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
    bound("any dictionary lives", "dead", "dictionaries", "dead_at_most", "1.0 0.9", "vacuous"),
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
        {**of_treatment("share", over="own-mean", at_least=1e-9), "readout": "elsewhere_mass"},
        {**of_treatment("share", over="own-mean", at_least=0.5), "readout": "elsewhere_mass"},
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
        level_of_baseline("garbage_rate", at_least=0.0),
        level_of_baseline("garbage_rate", at_least=0.01),
        "vacuous",
    ),
    added(
        "a level at its ceiling",
        "excludes nothing",
        level_of_baseline("garbage_rate", at_most=1.0),
        level_of_baseline("garbage_rate", at_most=0.2),
        "vacuous",
    ),
    added(
        "a level beyond its range",
        "excludes everything",
        level_of_baseline("garbage_rate", at_most=-0.1),
        level_of_baseline("garbage_rate", at_most=0.1),
        "unreachable",
    ),
    added(
        "a loss below any loss",
        "excludes nothing",
        level_of_baseline("ordinary_loss", at_most=1e6),
        level_of_baseline("ordinary_loss", at_most=3.0),
        "vacuous",
    ),
    added(
        "a level without a bound",
        "one bound",
        level_of_baseline("garbage_rate"),
        level_of_baseline("garbage_rate", at_most=0.1),
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
    bound("a broken model is healthy", "2 nats", "healthy", "loss_gap_at_most", "2 1.9", "vacuous"),
    bound(
        "half garbage is healthy", "0.5 garbage", "healthy", "garbage_at_most", ".5 .4", "vacuous"
    ),
    bound("halves by chance", "unrelated", "halves", "at_least", "0.49 0.5", "vacuous"),
    bound("half a dose", "planned dose", "band", "low", "0.49 0.5", "vacuous"),
    bound("two doses", "another dose", "band", "high", "2.01 2.0", "vacuous"),
    bound("a touch covers", "not acting", "covered", "closes", "0.24 0.25", "vacuous coverage"),
    bound("the loss may double", "bounds nothing", "coherent", "at_most", "1.0 0.9", "vacuous"),
    bound(
        "explains everything",
        "no dictionary explains everything",
        "dictionaries",
        "explained_variance_at_least",
        "1.0 0.9",
        "unreachable",
    ),
    added(
        "garbage may be ten times",
        "bounds nothing",
        rise("garbage_rate", 10, True),
        rise("garbage_rate", 9, True),
        "vacuous",
    ),
    added(
        "divergence may be anything", "bounds nothing", rise("kl", 30), rise("kl", 10), "vacuous"
    ),
    added(
        "divergence relative to none",
        "always 0",
        rise("kl", 0.5, True),
        rise("kl", 0.5),
        "unreachable",
    ),
    added(
        "a divergence that is not there",
        "kl of baseline is always 0",
        {**of_treatment("ratio", over="own-mean", at_least=1), "arm": "baseline", "readout": "kl"},
        {**of_treatment("ratio", over="own-mean", at_least=1), "readout": "kl"},
        "unreachable",
    ),
    Row(
        "a tenth of a behaviour",
        "removal",
        {f"{PRE}.present.at_least": 0.09, f"{PRE}.present.floor": 0.0},
        "vacuous",
        "0.1",
        {f"{PRE}.present.at_least": 0.1, f"{PRE}.present.floor": 0.0},
    ),
    Row(
        "coverage by divergence",
        "null",
        covered(readout="kl"),
        "unreachable coverage",
        "there is no gap",
        covered(readout="rate"),
    ),
)
