"""Two more synthetic inputs: a family of candidates that FAILs, and features without doses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from harness.report.records import ReportInput
from tests.report.cells import CANDIDATES, Cells, N
from tests.report.parts import check, criterion, estimate, ledger, lock, named, records, verdict


def production() -> ReportInput:
    """The second claim, FAIL: two candidates produce in shared initialisation."""
    doses = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5)
    arms: dict[str, Any] = {"trained": {"on": "regulation"}, "baseline": {"on": "standard"}}
    for arm in ("shared", "separate"):
        arms[arm] = {
            "on": "standard",
            "operation": "add",
            "directions": list(CANDIDATES),
            "doses": list(doses),
        }
    claim: dict[str, Any] = {
        "id": "production-fails",
        "title": "No single direction installs the behaviour in a model that did not learn it",
        "statement": "None of nine candidate directions, added at step onsets to the standard "
        "model, makes it produce regulation steps at half the trained model's rate.",
        "source": ["A07", "A08", "A09"],
        "unit": "replicate",
        "arms": named(**arms),
        "criteria": [
            {"name": f"none-of-nine-{a}", "estimand": {"arms": [a]}} for a in ("shared", "separate")
        ],
        "does_not_show": ["that no subspace, no other layer and no weight edit would produce it"],
    }
    cells, rng = Cells(3), np.random.default_rng(4)
    for r in range(N):
        cells.add("trained", r, 0.0, 0.24, 0.01, 1.1)
        cells.add("baseline", r, 0.0, 0.001, 0.01, 1.1)
    criteria = []
    for arm, strength in (("shared", 1.0), ("separate", 0.3)):
        members = []
        for i, name in enumerate(CANDIDATES):
            top = strength * (0.16, 0.1, 0.72, 0.4, 0.12, 0.2, 0.05, 0.03, 0.02)[i]
            values = np.clip(rng.normal(top, 0.05 + 0.15 * top, N), 0, None)
            for r in range(N):
                for dose in doses:
                    cells.add(
                        arm,
                        r,
                        dose,
                        0.24 * values[r] * min(1, dose) ** 1.5,
                        0.02 + 0.1 * dose**2,
                        1.1 + 0.05 * dose,
                        name,
                    )
            members.append(estimate(f"{arm}/{name}", list(values), 0.5, "none-of"))
            members[-1]["details"] = {
                "best_dose": [float(d) for d in rng.choice(doses[1:4], N)],
                "chosen_estimate": float(values.mean() * 0.9),
                "chosen_low": float(values.mean() * 0.7),
                "chosen_high": float(values.mean()),
            }
        lead = max(members, key=lambda m: m["estimate"])
        row = criterion(
            f"none-of-nine-{arm}",
            lead["values"],
            0.5,
            "none-of",
            f"The strongest of 9 candidates, {lead['name']},",
            kind="best-production",
            arms=[arm],
            gate={"garbage_rate": 0.05, "specificity": 0.8},
        )
        criteria.append(row | {"members": members})
    checks = [
        check(
            "positive-control",
            True,
            "smallest share 0.71",
            "at least 0.5",
            "A brief fine-tune shows that this model can produce the behaviour",
        ),
        check(
            "dose-coverage",
            True,
            "largest dose over acting dose: smallest 2.4",
            "every grid reaches the dose at which removal closes 0.5",
        ),
    ]
    return ReportInput(
        verdict=verdict(claim, "FAIL", criteria, checks, [None] * N),
        claim=claim,
        lock=lock(claim),
        ledger=ledger(claim["id"]),
        cells=cells.frames(),
        replicates=records([None] * N, rng),
    )


def asymmetry() -> ReportInput:
    """The third claim: no doses; features, a ratio on the log scale, shown estimands."""
    rng = np.random.default_rng(5)
    claim: dict[str, Any] = {
        "id": "asymmetry-survives",
        "title": "The asymmetry of features survives matching",
        "statement": "More features mark the trained model than the other way round.",
        "source": ["A19"],
        "unit": "replicate",
        "arms": named(trained={"on": "regulation"}, standard={"on": "standard"}),
        "criteria": [],
        "does_not_show": ["that any of these features causes the behaviour"],
    }
    cells = Cells(6)
    rows = []
    for r in range(N):
        cells.add("trained", r, 0.0, 0.24, 0.01, 1.1)
        cells.add("standard", r, 0.0, 0.001, 0.01, 1.1)
        rows += [
            {
                "arm": "features",
                "replicate": r,
                "split": "confirm",
                "dictionary": d,
                "hook": "blocks.2.hook_resid_post",
                "feature": f,
                "text_variant": v,
                "stratum": "office",
                "positions": 400,
                "positions_class": "step_onset",
                "fires_regulation": int(rng.integers(60)),
                "fires_standard": int(rng.integers(30)),
            }
            for d in ("regulation", "standard", "random")
            for v in ("plain", "regulated")
            for f in range(4)
        ]
    made = criterion(
        "matched-ratio",
        list(np.exp(rng.normal(0.2, 0.3, N))),
        1.0,
        "ratio-above",
        "Ratio of marker features, matched by text variant,",
        kind="feature-asymmetry",
        matched=True,
    )
    shown = estimate("pooled-ratio", list(np.exp(rng.normal(0.8, 0.3, N))), 1.0, "ratio-above")
    shown |= {
        "label": "pooled over text variants (inadmissible as a test)",
        "scale": "log",
        "sentence": "Ratio of marker features, pooled over text variants; shown, not tested.",
        "estimand": {"kind": "feature-asymmetry", "matched": False},
        "outcome": "",
    }
    found = verdict(
        claim, made["outcome"], [made], [check("healthy", True, "fine", "fine")], [None] * N
    ) | {"shown": [shown]}
    return ReportInput(
        verdict=found,
        claim=claim,
        lock=lock(claim),
        ledger=ledger(claim["id"]),
        cells=cells.frames() | {"features": pd.DataFrame(rows)},
        replicates=records([None] * N, rng),
    )
