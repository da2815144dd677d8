"""Edits that several of the tables here make."""

from __future__ import annotations

from typing import Any

from tests.lock.designs import Edit

CLOSES, BEATS, SPARES = "criteria.closes", "criteria.beats", "criteria.spares"
NONE, SMALL, MARKS = "criteria.none", "criteria.small", "criteria.marks"
SURPRISED = "criteria.surprised"
ESTIMAND = f"{SURPRISED}.estimand"
RATE: Edit = {ESTIMAND: {"kind": "level", "arm": "baseline", "readout": "rate"}}
SOME: Edit = {
    f"{NONE}.test": {"kind": "some-of", "margin": 0.5},
    f"{NONE}.expect": {"effect": 0.9, "sd": 0.15},
}
OF_ITSELF: Edit = {ESTIMAND: {"kind": "level", "arm": "baseline", "readout": "kl"}}
TRAINED_RATE = {
    "kind": "ratio",
    "arm": "trained",
    "over": "baseline",
    "readout": "rate",
    "at_least": 10,
    "floor": 0.1,
    "why": "w",
}


def gate(**changes: float) -> Edit:
    """The null's gate with changes."""
    return {f"{NONE}.estimand.gate.{key}": value for key, value in changes.items()}


def rate(kind: str, margin: float, effect: float) -> Edit:
    """A level of a rate with another test."""
    return {
        **RATE,
        f"{SURPRISED}.test": {"kind": kind, "margin": margin},
        f"{SURPRISED}.expect": {"effect": effect, "sd": 0.0001},
    }


def loss(kind: str, margin: float, effect: float) -> Edit:
    """A difference of losses between two models as they are."""
    return {
        ESTIMAND: {
            "kind": "contrast",
            "arm": "baseline",
            "minus": "reference",
            "readout": "ordinary_loss",
        },
        f"{SURPRISED}.test": {"kind": kind, "margin": margin},
        f"{SURPRISED}.expect": {"effect": effect, "sd": 0.1},
    }


def ratio(margin: float, effect: float) -> Edit:
    """A ratio of rates between two models as they are."""
    return {
        ESTIMAND: {
            "kind": "log-ratio",
            "arm": "baseline",
            "over": "reference",
            "readout": "rate",
        },
        f"{SURPRISED}.test": {"kind": "ratio-above", "margin": margin},
        f"{SURPRISED}.expect": {"effect": effect, "sd": 0.1},
    }


def closes(kind: str, margin: float, effect: float, sd: float = 0.1) -> Edit:
    """The removal's first criterion with another test."""
    return {
        f"{CLOSES}.test": {"kind": kind, "margin": margin},
        f"{CLOSES}.expect": {"effect": effect, "sd": sd},
    }


def kl(margin: float) -> Edit:
    """Divergence of an intervened model, which is never negative."""
    return {
        f"{CLOSES}.estimand": {
            "kind": "level",
            "arm": "treatment",
            "readout": "kl",
            "at": "judged",
        },
        f"{CLOSES}.test": {"kind": "superiority", "margin": margin},
        f"{CLOSES}.expect": {"effect": 0.5, "sd": 0.1},
    }


PRE = "preconditions"
EXCLUDE: Edit = {"exclusion": {"at_most": 1, "why": "one may fail to train"}}


def level_of_baseline(readout: str, **bound: float) -> dict[str, Any]:
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


def small(estimand: dict[str, Any], kind: str, margin: float, effect: float) -> Edit:
    """The one criterion of the contrast design as something else."""
    return {
        f"{SMALL}.estimand": {"readout": "rate", "at": 1.0, **estimand},
        f"{SMALL}.test": {"kind": kind, "margin": margin},
        f"{SMALL}.expect": {"effect": effect, "sd": 0.02},
    }


def control(**changes: Any) -> Edit:
    """The null's positive control with changes."""
    return {f"{PRE}.control.{key}": value for key, value in changes.items()}


def covered(**changes: Any) -> Edit:
    """The null's coverage with changes."""
    return {f"{PRE}.covered.{key}": value for key, value in changes.items()}
