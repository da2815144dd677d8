"""Evidence made from chosen numbers, so that estimands and verdicts have known answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from harness.claim.schema import (
    Arm,
    Claim,
    Criterion,
    Precondition,
    Samples,
    Site,
    Subject,
    Test,
)
from harness.measure.tables import Evidence

STEPS = 1000


def claim(
    arms: Sequence[Arm],
    criteria: Sequence[Criterion] = (),
    preconditions: Sequence[Precondition] = (),
    replicates: int = 5,
    **more: Any,
) -> Claim:
    """A claim of given arms; everything else is filler."""
    return Claim(
        id="synthetic",
        title="t",
        statement="s",
        source=("A05",),
        unit="replicate",
        subject=Subject("models/none.yaml", replicates),
        sites={"onset": Site("blocks.2.hook_resid_post", "step_onset")},
        samples=Samples(),
        directions=(),
        arms=tuple(arms),
        dose_rule=None,
        preconditions=tuple(preconditions),
        criteria=tuple(criteria),
        **more,
    )


def cell(
    arm: str,
    replicate: int,
    *,
    rate: float = 0.0,
    garbage: float = 0.0,
    variant: str = "",
    dose: float = 0.0,
    split: str = "confirm",
    realised: float | None = None,
    **scored: float,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """One generated and one scored row: ``rate`` and ``garbage`` of ``STEPS`` steps."""
    keys = {
        "arm": arm,
        "replicate": replicate,
        "split": split,
        "variant": variant,
        "dose": dose,
        "prompt": 0,
        "stratum": "a",
        "fired": 3 if dose else 0,
        "dose_measured": dose if realised is None else realised,
        "delta_max": dose,
    }
    generated = {
        **keys,
        "steps": STEPS,
        "behaviour": round(STEPS * rate),
        "garbage": round(STEPS * garbage),
        "text": "",
    }
    defaults = {"onset_mass": rate, "elsewhere_mass": 0.0, "ordinary_loss": 1.0, "kl": 0.0}
    return generated, {**keys, **defaults, **scored}


def evidence(
    of: Claim,
    cells: Sequence[tuple[dict[str, Any], dict[str, Any]]],
    judged: float | None = None,
    health: Mapping[int, float] | None = None,
    kind: str = "attempt",
    features: pd.DataFrame | None = None,
) -> Evidence:
    """Evidence of the cells; ``health`` maps replicate to loss above entropy (default 0.05)."""
    replicates = sorted({g["replicate"] for g, _ in cells})
    records = {
        r: {
            "health": {
                "regulation": {
                    "loss_gap": (health or {}).get(r, 0.05),
                    "behaviour_rate": 0.2,
                    "garbage_rate": 0.0,
                }
            },
            "split_half": {"d": 0.99},
            "dose": {"judged": judged, "table": []},
            "dictionaries": {},
        }
        for r in replicates
    }
    return Evidence(
        claim=of,
        kind=kind,
        registration="sha256:00",
        attempt="a1",
        generate=pd.DataFrame([g for g, _ in cells]),
        score=pd.DataFrame([s for _, s in cells]),
        features=pd.DataFrame() if features is None else features,
        records=records,
    )


def superiority(
    name: str, estimand: Mapping[str, Any], margin: float, kind: str = "superiority"
) -> Criterion:
    """A criterion with a t test at .05."""
    return Criterion(name, estimand, Test(kind, margin), "because")
