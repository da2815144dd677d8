"""Doses in KL are looked up by reading what the KL is read from, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from harness.claim.schema import Site
from harness.intervene.edit import operation
from harness.measure import runner_dose
from harness.measure.runner_dose import Host, by_kl
from harness.readout.score import ScoreOptions, Scores, score
from harness.subject.native import NativeModel
from tests.hf import seeded
from tests.toy import Toy, tiny

TASK, MODEL = Toy(), NativeModel(tiny())
SITE = Site("blocks.1.hook_resid_post", "step_onset")
TEXTS = TASK.texts("select", 12, 1, "plain")


def test_the_dose_reaches_the_target_and_only_onsets_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The KL at the dose found is the target's, to the percent that is promised."""
    seen: list[ScoreOptions] = []

    def spied(*given: object) -> Scores:
        seen.append(given[-1])  # type: ignore[arg-type]
        return score(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(runner_dose, "score", spied)
    unit = seeded(1, 32) / seeded(1, 32).norm()
    found = by_kl([0.01], {"v": unit}, "add", Host(MODEL, TASK, TEXTS, SITE, 5.0))["v"][0]
    assert seen
    assert {options.body for options in seen} == {None}
    dose = found["residual"]
    assert dose is not None
    edit = operation(
        "add", SITE.hook, SITE.positions, unit[None], torch.tensor([dose]).float(), 5.0
    )
    kl = np.nanmean(score(MODEL, TASK, TEXTS, edit, ScoreOptions()).kl)
    assert 0.0099 < kl < 0.0103
