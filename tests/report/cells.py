"""Synthetic cells: rates, garbage and losses by arm, dose and replicate, with decoded text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

N = 8
DOSES = (0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 1.0)
CANDIDATES = (
    *("mean-difference", "behaviour-contrast", "gradient", "gradient-positive", "logistic"),
    *("logistic-behaviour", "pca-difference", "svd-mlp", "svd-attention"),
)
PLAN = ("open the drawer", "sort letters by date", "label each folder", "file the receipts")
BREAKS = ("pause and breathe", "sip water", "quick stretch")


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
        self.generate: dict[str, list[Any]] = {}
        self.score: dict[str, list[Any]] = {}

    def add(
        self,
        arm: str,
        r: int,
        dose: float,
        rate: float,
        garbage: float,
        loss: float,
        variant: str = "",
        n: int = 12,
    ) -> None:
        rng = self.rng
        rate, garbage = min(1.0, max(0.0, rate)), min(1.0, max(0.0, garbage))
        steps = rng.integers(6, 10, n)
        keys: dict[str, Any] = {
            "arm": [arm] * n,
            "replicate": [r] * n,
            "split": ["confirm"] * n,
            "variant": [variant] * n,
            "dose": [dose] * n,
            "prompt": range(n),
            "stratum": ["garden", "office", "kitchen"] * (n // 3),
            "fired": [7 if dose else 0] * n,
            "dose_measured": [dose or np.nan] * n,
            "delta_max": [dose * 3.1] * n,
        }
        generated = {
            "steps": steps,
            "behaviour": rng.binomial(steps, rate),
            "garbage": rng.binomial(steps, garbage),
            "text": [text(rng, rate, garbage) if p < 6 and r == 0 else "" for p in range(n)],
        }
        scored = {
            "onset_mass": [rate] * n,
            "elsewhere_mass": [0.01 * dose] * n,
            "ordinary_loss": loss + rng.normal(0, 0.01, n),
            "kl": [0.2 * dose] * n,
        }
        for columns, own in ((self.generate, generated), (self.score, scored)):
            for name, values in {**keys, **own}.items():
                columns.setdefault(name, []).extend(values)

    def frames(self) -> dict[str, pd.DataFrame]:
        return {
            "generate": pd.DataFrame(self.generate),
            "score": pd.DataFrame(self.score),
            "features": pd.DataFrame(),
        }
