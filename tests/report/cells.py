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
