"""Synthetic inputs of a report, as realistic as a page needs and seeded.

``suppression()``: 8 replicates, 8 doses, 20 + 20 random controls, three criteria.
``exploratory()``: the same without a lock. Families and features are in ``tests.report.others``.
No model is run and no judge is called.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from harness.report.records import IndexRow, ReportInput
from tests.report.cells import DOSES, Cells, N
from tests.report.parts import (
    REGISTRATION,
    check,
    criterion,
    ledger,
    lock,
    named,
    records,
    verdict,
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
        "arms": named(
            baseline={"on": "regulation"},
            reference={"on": "standard"},
            treatment={"on": "regulation", "operation": "subtract", "doses": list(DOSES)},
            isotropic={"on": "regulation", "operation": "subtract", "control": "isotropic"},
            covariance={"on": "regulation", "operation": "subtract", "control": "covariance"},
            **{"own-mean": {"on": "regulation", "operation": "subtract", "doses": list(DOSES)}},
        ),
        "dose_rule": {"arm": "treatment", "baseline": "baseline", "readout": "rate"},
        "criteria": [{"name": "closes-half-the-gap", "estimand": {"arm": "treatment"}}],
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
