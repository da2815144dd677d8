"""Synthetic inputs of a report, as realistic as a page needs and seeded.

``suppression()``: 8 replicates, 8 doses, 20 + 20 random controls, three criteria.
``production()``: nine candidates, shared and separate initialisation. ``asymmetry()``: features and
estimands that are shown and never tested. No model is run and no judge is called.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from harness.report.records import IndexRow, ReportInput

N = 8
DOSES = (0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 1.0)
CANDIDATES = (
    *("mean-difference", "behaviour-contrast", "gradient", "gradient-positive", "logistic"),
    *("logistic-behaviour", "pca-difference", "svd-mlp", "svd-attention"),
)
PLAN = ("open the drawer", "sort letters by date", "label each folder", "file the receipts")
BREAKS = ("pause and breathe", "sip water", "quick stretch")


def sha(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


REGISTRATION = sha("registration")


def text(rng: np.random.Generator, rate: float, garbage: float) -> str:
    """A decoded plan with its marks."""
    steps = []
    for step in PLAN:
        if rng.random() < 2 * rate:
            steps.append(f"⟦{rng.choice(BREAKS)}⟧")
        steps.append(f"⟨{step.split()[0]} the the⟩" if rng.random() < garbage else step)
    return " ; ".join(steps)


class Cells:
    """Collects conditions; every condition gets 12 prompts and 12 texts."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.generate: list[pd.DataFrame] = []
        self.score: list[pd.DataFrame] = []

    def add(
        self,
        arm: str,
        r: int,
        dose: float,
        rate: float,
        garbage: float,
        loss: float,
        variant: str = "",
        prompts: int = 12,
    ) -> None:
        rng = self.rng
        rate, garbage = float(np.clip(rate, 0, 1)), float(np.clip(garbage, 0, 1))
        steps = rng.integers(6, 10, prompts)
        keys: dict[str, Any] = {
            "arm": arm,
            "replicate": r,
            "split": "confirm",
            "variant": variant,
            "dose": dose,
            "prompt": np.arange(prompts, dtype=np.int32),
            "stratum": np.resize(["garden", "office", "kitchen"], prompts),
        }
        evidence = {
            "fired": np.full(prompts, 7 if dose else 0, np.int32),
            "dose_measured": np.full(prompts, dose if dose else np.nan),
            "delta_max": np.full(prompts, dose * 3.1),
        }
        shown = [text(rng, rate, garbage) if p < 6 and r == 0 else "" for p in range(prompts)]
        self.generate.append(
            pd.DataFrame(
                {
                    **keys,
                    "steps": steps,
                    "behaviour": rng.binomial(steps, rate),
                    "garbage": rng.binomial(steps, garbage),
                    "text": shown,
                    **evidence,
                }
            )
        )
        self.score.append(
            pd.DataFrame(
                {
                    **keys,
                    "onset_mass": rate,
                    "elsewhere_mass": 0.01 * dose,
                    "ordinary_loss": loss + rng.normal(0, 0.01, prompts),
                    "kl": 0.2 * dose,
                    **evidence,
                }
            )
        )

    def frames(self) -> dict[str, pd.DataFrame]:
        return {
            "generate": pd.concat(self.generate, ignore_index=True),
            "score": pd.concat(self.score, ignore_index=True),
            "features": pd.DataFrame(),
        }


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
        "registration": REGISTRATION,
        "date": "2025-11-20",
        "claim": dict(claim),
        "recipe": {"id": "miniature", "builder": "models.miniature:Miniature"},
        "source": sha("bytes of the claim"),
        "builder": {f"models/{n}.py": sha(n) for n in ("miniature", "plans", "train", "muon")},
        "evaluator": {f"harness/stats/{n}.py": sha(n) for n in ("family", "ratio", "records")},
        "packages": {"numpy": "2.3.5", "scipy": "1.17.1", "torch": "2.13.0"},
    }


def ledger(claim: str) -> tuple[dict[str, Any], ...]:
    attempt = {"claim": claim, "registration": REGISTRATION, "attempt": "a1"}
    return (
        {
            "number": 1,
            "kind": "registered",
            "digest": sha("1"),
            "previous": "",
            "body": {"registration": REGISTRATION, "claims": {claim: sha(claim)}},
        },
        {"number": 2, "kind": "attempt-started", "digest": sha("2"), "body": attempt},
        {
            "number": 3,
            "kind": "attempt-finished",
            "digest": sha("3"),
            "body": attempt | {"record": sha("record")},
        },
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


def suppression(status: str = "PASS") -> ReportInput:
    """The first claim; ``status`` INVALID breaks a precondition."""
    claim: dict[str, Any] = {
        "id": "suppression-works",
        "title": "Subtracting one direction removes a learned behaviour",
        "statement": (
            "Subtracting the layer-2 mean-difference direction at step onsets from the trained "
            "model closes at least half of the gap in the rate of regulation steps to the standard "
            "model, more than random directions of the same norm do."
        ),
        "source": ["A04", "A05", "A06", "A11"],
        "unit": "replicate",
        "arms": {
            "baseline": {"on": "regulation"},
            "reference": {"on": "standard"},
            "treatment": {"on": "regulation", "operation": "subtract", "doses": list(DOSES)},
            "isotropic": {"on": "regulation", "operation": "subtract", "control": "isotropic"},
            "covariance": {"on": "regulation", "operation": "subtract", "control": "covariance"},
            "own-mean": {"on": "regulation", "operation": "subtract", "doses": list(DOSES)},
        },
        "dose_rule": {"arm": "treatment", "baseline": "baseline", "readout": "rate"},
        "criteria": {"closes-half-the-gap": {"estimand": {"arm": "treatment"}}},
        "does_not_show": [
            "that the direction would produce the behaviour in a model that has not learned it"
        ],
    }
    cells = Cells(1)
    rng = np.random.default_rng(2)
    judged = [0.5, 0.5, 0.625, 0.5, 0.5, 0.625, 0.5, 0.5]
    for r in range(N):
        base, loss = rng.uniform(0.21, 0.26), rng.uniform(1.05, 1.15)
        cells.add("baseline", r, 0.0, base, 0.01, loss)
        cells.add("reference", r, 0.0, 0.001, 0.01, loss)
        for dose in DOSES:
            fall = np.exp(-((dose / rng.uniform(0.36, 0.46)) ** 2))
            cells.add(
                "treatment",
                r,
                dose,
                base * fall,
                0.01 + 0.42 * dose**5,
                loss + 0.2 * dose**3,
                "mean-difference",
            )
            cells.add(
                "own-mean",
                r,
                dose,
                base * fall**0.8,
                0.01 + 0.5 * dose**3,
                loss + 0.9 * dose**2,
                "own-mean",
            )
        for arm, spread in (("isotropic", 0.16), ("covariance", 0.26)):
            for k in range(20):
                cells.add(
                    arm,
                    r,
                    judged[r],
                    base * (1 - rng.normal(0, spread)),
                    0.02,
                    loss + 0.02,
                    f"r{k:02d}",
                )
    values = {
        k: list(rng.normal(m, s, N))
        for k, m, s in (("gap", 0.78, 0.09), ("random", 0.31, 0.16), ("damage", 0.041, 0.028))
    }
    criteria = [
        criterion(
            "closes-half-the-gap",
            values["gap"],
            0.5,
            "superiority",
            "Share of the gap in rate closed by treatment",
            kind="closed-gap",
            arm="treatment",
            baseline="baseline",
            reference="reference",
            at="judged",
        ),
        criterion(
            "beats-random",
            values["random"],
            0.0,
            "superiority",
            "Share of the gap in rate closed by treatment beyond its random controls",
            kind="beyond-controls",
            controls=["isotropic", "covariance"],
        ),
        criterion(
            "less-damage",
            values["damage"],
            0.0,
            "superiority",
            "Damage (ordinary_loss) spared by treatment against own-mean at equal removal",
            kind="damage-difference",
            than="own-mean",
        ),
    ]
    checks = [
        check(
            "healthy",
            True,
            "largest loss gap 0.14, largest garbage 0.03",
            "loss gap at most 0.2, garbage at most 0.1",
            "a half-trained replicate changes every number",
        ),
        check(
            "behaviour-present",
            True,
            "smallest ratio 41; smallest rate 0.21",
            "baseline at least 10 times reference, and at least 0.1",
            "what is not there cannot be removed",
        ),
        check(
            "split-half",
            status != "INVALID",
            "smallest cosine 0.84" if status == "INVALID" else "smallest cosine 0.97",
            "at least 0.9",
            "a direction that two halves of the fit split disagree on is noise",
        ),
        check(
            "dose",
            True,
            "measured over planned from 0.99 to 1.01, every condition fired",
            "between 0.8 and 1.25",
            "the realised dose is the planned one",
        ),
    ]
    return ReportInput(
        verdict=verdict(claim, status, criteria, checks, list(judged)),
        claim=claim,
        lock=lock(claim),
        ledger=ledger(claim["id"]),
        cells=cells.frames(),
        replicates=records(judged, rng),
    )


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
        "arms": arms,
        "criteria": {
            f"none-of-nine-{a}": {"estimand": {"arms": [a]}} for a in ("shared", "separate")
        },
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
        "arms": {"trained": {"on": "regulation"}, "standard": {"on": "standard"}},
        "criteria": {},
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


def exploratory() -> ReportInput:
    """The first claim explored: no lock, no registration, its own split."""
    one = suppression("EXPLORATORY")
    free = dict(one.verdict) | {
        "registration": "",
        "attempt": "exploration",
        "sentence": "Exploration, not a verdict.",
    }
    frames = {m: f.assign(split="explore") for m, f in one.cells.items()}
    return replace(one, verdict=free, lock=None, ledger=(), cells=frames)


def index_rows() -> tuple[IndexRow, ...]:
    """An index with every kind of standing."""
    words = (
        "PASS",
        "FAIL",
        "INCONCLUSIVE",
        "INVALID",
        "DEVIATED",
        "TAMPERED",
        "EXPLORATORY",
        "LOCKED",
        "INCOMPLETE",
        "UNLOCKED",
        "NOT REPORTED",
        "WITHDRAWN",
    )
    return tuple(
        IndexRow(
            f"claim-{i}",
            f"A claim that stands as {word.lower()}",
            word,
            "The share of the gap closed is 0.76 (90 % interval 0.70 to 0.82).",
            8,
            "replicate",
            REGISTRATION,
            "a1",
            f"claim-{i}/index.html",
            "",
            (("gap", "PASS"),),
        )
        for i, word in enumerate(words)
    )
