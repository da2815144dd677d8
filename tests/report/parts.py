"""Synthetic verdicts, locks, ledgers and replicate records, of the shapes the harness writes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

from tests.report.cells import N


def sha(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


REGISTRATION = sha("registration")


def estimate(name: str, values: Sequence[float], margin: float, kind: str) -> dict[str, Any]:
    """A tested number as the verdict writes it, by t."""
    v = np.log(values) if kind == "ratio-above" else np.asarray(values, dtype=float)
    m = np.log(margin) if kind == "ratio-above" else margin
    bounds = stats.ttest_1samp(v, 0).confidence_interval(0.9)
    back = np.exp if kind == "ratio-above" else np.asarray
    below = kind in ("below", "none-of")
    p = float(stats.ttest_1samp(v, m, alternative="less" if below else "greater").pvalue)
    outcome = "PASS" if p <= 0.05 else "FAIL" if p >= 0.95 else "INCONCLUSIVE"
    return {
        "name": name,
        "estimate": float(back(v.mean())),
        "low": float(back(bounds.low)),
        "high": float(back(bounds.high)),
        "level": 0.9,
        "p": p,
        "p_against": 1 - p,
        "outcome": outcome,
        "values": [float(x) for x in values],
        "hedges_g": float(v.mean() / v.std(ddof=1) * 0.903),
        "note": "",
        "details": {},
    }


def criterion(
    name: str, values: Sequence[float], margin: float, test: str, what: str, **estimand: Any
) -> dict[str, Any]:
    found = estimate(name, values, margin, test)
    said = {"PASS": "it lies beyond", "FAIL": "the evidence excludes that it lies beyond"}
    return found | {
        "why": "A05",
        "sentence": (
            f"{what} is {found['estimate']:.3g} (90 % interval {found['low']:.3g} to "
            f"{found['high']:.3g}) over {len(values)} replicates: "
            f"{said.get(found['outcome'], 'it is not settled whether it lies beyond')} {margin:g} "
            f"(p = {found['p']:.3f})."
        ),
        "estimand": estimand,
        "n": len(values),
        "method": "t",
        "smallest_p": 2.2e-16,
        "test": {"kind": test, "margin": margin, "alpha": 0.05, "method": "t"},
        "margin": margin,
        "unit": "replicate",
        "scale": "log" if test == "ratio-above" else "identity",
        "members": [],
    }


def check(name: str, held: bool, got: str, needed: str, why: str = "") -> dict[str, Any]:
    return {
        "name": name,
        "kind": "health",
        "why": why,
        "held": held,
        "got": got,
        "needed": needed,
        "values": [],
        "sentence": f"{name} {'held' if held else 'did not hold'}: {got}.",
    }


def verdict(
    claim: Mapping[str, Any],
    status: str,
    criteria: list[dict[str, Any]],
    preconditions: list[dict[str, Any]],
    judged: list[float | None],
) -> dict[str, Any]:
    leads = {
        "PASS": "Supported",
        "FAIL": "Excluded by the evidence",
        "INVALID": "No verdict: the data cannot speak",
        "INCONCLUSIVE": "Not settled",
    }
    parts = (
        [c["sentence"] for c in preconditions if not c["held"]]
        if status == "INVALID"
        else [c["sentence"] for c in criteria]
    )
    return {
        "schema": "causal-claims/verdict/1",
        "claim": claim["id"],
        "title": claim["title"],
        "statement": claim["statement"],
        "status": status,
        "sentence": f"{leads.get(status, status.capitalize())}. {' '.join(parts)}",
        "scope": (
            "The verdict speaks of models trained independently by the recipe "
            "models/miniature.yaml, of which 8 were measured. It does not speak of other recipes, "
            "sizes, tasks or sites."
        ),
        "unit": "replicate",
        "n": N,
        "registration": REGISTRATION,
        "attempt": "a1",
        "kind": "attempt",
        "judged_by": sha("evaluator"),
        "excluded": [],
        "preconditions": preconditions,
        "criteria": criteria,
        "shown": [],
        "dose": {"judged": judged, "replicates": list(range(N))},
        "deviations": [],
        "does_not_show": list(claim["does_not_show"]),
    }


def lock(claim: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "schema": "causal-claims/lock/1",
        "claim_id": claim["id"],
        "registration": REGISTRATION,
        "members": {claim["id"]: sha("claim"), "another": sha("another")},
        "claim": dict(claim),
        "recipe": {"id": "miniature", "builder": "models.miniature:Miniature"},
        "builder": {f"models/{n}.py": sha(n) for n in ("miniature", "plans", "muon")},
        "evaluator": {f"harness/stats/{n}.py": sha(n) for n in ("family", "ratio")},
        "settings": {"device": "cpu", "dtype": "float32"},
        "packages": {"numpy": "2.3.5", "scipy": "1.17.1", "torch": "2.13.0"},
        "files": {},
        "yaml": sha("bytes"),
    }


def row(seq: int, kind: str, **body: Any) -> dict[str, Any]:
    """A ledger row."""
    time = f"2025-11-20T10:0{seq}:00+00:00"
    return {"seq": seq, "kind": kind, "body": body, "time": time, "prev": "", "digest": sha(kind)}


def ledger(claim: str) -> tuple[dict[str, Any], ...]:
    attempt = {"claim": claim, "registration": REGISTRATION, "attempt": "a1"}
    claims = {claim: sha("claim"), "another": sha("another")}
    return (
        row(1, "registration", registration=REGISTRATION, claims=claims, reason="", content={}),
        row(2, "attempt-started", **attempt),
        row(3, "attempt-finished", **attempt, record=sha("record")),
    )


def records(judged: Sequence[float | None], rng: np.random.Generator) -> tuple[dict[str, Any], ...]:
    return tuple(
        {
            "replicate": r,
            "seeds": {k: int(rng.integers(2**31)) for k in ("training", "prompts", "generation")},
            "health": {
                role: {
                    "loss_gap": float(rng.uniform(0.05, 0.14)),
                    "behaviour_rate": rate,
                    "garbage_rate": float(rng.uniform(0, 0.03)),
                }
                for role, rate in (("standard", 0.001), ("regulation", 0.235))
            },
            "split_half": {"mean-difference": 0.97},
            "dose": {"judged": dose, "table": []},
            "dictionaries": {},
            "models": {"standard": sha(f"s{r}"), "regulation": sha(f"g{r}")},
        }
        for r, dose in enumerate(judged)
    )


def named(**parts: dict[str, Any]) -> list[dict[str, Any]]:
    """Parts as the canonical form has them: a list of mappings with a name."""
    return [{"name": name, **part} for name, part in parts.items()]
