"""Running arms: conditions of one model and one site as rows of one batch, cut into cells after.

The order of arms in a batch is the claim's, and all arms of a batch are run together or not at
all, so that a resumed run has the same batches, and the same bits, as an uninterrupted one.

Not covered: fitting directions (``harness.measure.runner_fit``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from harness.claim.feature_arms import FEATURE_OPERATIONS
from harness.claim.schema import Arm
from harness.intervene.ablate import Ablation
from harness.intervene.apply import Evidence
from harness.intervene.edit import Edit, Rewrite
from harness.intervene.interchange import Interchange
from harness.intervene.subspace_edit import SubspaceEdit
from harness.measure.job_record import EXPLORATION
from harness.measure.needs import reads
from harness.measure.runner_components import component_edit
from harness.measure.runner_edit import Labels, edit_of
from harness.measure.runner_feature_arms import feature_edit
from harness.measure.runner_fit import Fitting
from harness.readout.behaviour import grade
from harness.readout.concordance import placed
from harness.readout.degenerate import clean_nats, repetition, written
from harness.readout.feature_edit import FeatureEdit
from harness.readout.generate import GenerateOptions, generate
from harness.readout.score import ScoreOptions, score
from harness.subject.backend import Model
from harness.subject.interface import Prompts, Texts

Label = tuple[str, str, float]
"""(arm, variant, dose)"""

COMPONENTS = ("ablate", "interchange")
SHAPES: tuple[Any, ...] = (Edit, SubspaceEdit, Ablation)
"""In the order in which they are run: one vector a condition, several, components."""


@dataclass(frozen=True)
class Sample:
    """What one split's cells are measured on."""

    split: str
    prompts: Prompts
    texts: Texts
    generation_seed: int
    new_tokens: int


@dataclass(frozen=True)
class Batch:
    """Conditions that share a model and a site; ``edit`` is None for no intervention."""

    model: Model
    edit: Rewrite | None
    labels: tuple[Label, ...]


def batches(fitting: Fitting, arms: Sequence[Arm], judged: float | None) -> Iterator[Batch]:
    """Group arms by (model, site), in the claim's order; plain arms one by one."""
    grouped: dict[tuple[str, str], list[Arm]] = {}
    for arm in arms:
        if arm.operation is None:
            yield Batch(fitting.host(arm), None, ((arm.name, "", 0.0),))
        else:
            grouped.setdefault((arm.on, str(arm.site)), []).append(arm)
    for members in grouped.values():
        edits: list[tuple[Any, list[Label]]] = []
        for arm in members:
            doses = arm.doses
            if doses is None:
                if judged is None:
                    continue
                doses = (judged,)
            edit, named = _edit(fitting, arm, doses)
            edits.append((edit, [(arm.name, variant, dose) for variant, dose in named]))
        model = fitting.host(members[0])
        # conditions of different shapes make different batches
        for kind in SHAPES:
            alike = [(e, labels) for e, labels in edits if isinstance(e, kind)]
            if alike:
                yield Batch(model, kind.stack([e for e, _ in alike]), _joined(alike))
        through: dict[int, list[tuple[FeatureEdit, list[Label]]]] = {}
        for edit, labels in edits:
            if isinstance(edit, FeatureEdit):
                through.setdefault(id(edit.dictionary), []).append((edit, labels))
        for changes in through.values():  # one batch per dictionary
            yield Batch(model, FeatureEdit.stack([e for e, _ in changes]), _joined(changes))
        swaps: dict[int, list[tuple[Interchange, list[Label]]]] = {}
        for edit, labels in edits:
            if isinstance(edit, Interchange):
                swaps.setdefault(id(edit.beside), []).append((edit, labels))
        for alike in swaps.values():  # one batch per other model
            swap = Interchange.stack([e for e, _ in alike])
            yield Batch(swap.beside, swap, _joined(alike))


def _edit(fitting: Fitting, arm: Arm, doses: tuple[float, ...]) -> tuple[Any, Labels]:
    """An arm's conditions, and their variants and doses."""
    if arm.operation in FEATURE_OPERATIONS:
        return feature_edit(fitting, arm, doses)
    return (component_edit if arm.operation in COMPONENTS else edit_of)(fitting, arm, doses)


def _joined(edits: Sequence[tuple[object, list[Label]]]) -> tuple[Label, ...]:
    return tuple(label for _, labels in edits for label in labels)


def run_generate(fitting: Fitting, batch: Batch, sample: Sample) -> pd.DataFrame:
    """One row per (condition, prompt), columns of mode ``generate`` plus ``arm``; ``clean_nats`` in
    explorations and where the claim reads it."""
    options = GenerateOptions(new_tokens=sample.new_tokens, seed=sample.generation_seed)
    made = generate(batch.model, fitting.task, sample.prompts, batch.edit, options)
    counted = grade(fitting.task, sample.prompts, made)
    lengths = written(fitting.task, made)
    columns = {
        "steps": counted.steps.astype(np.int32),
        "behaviour": counted.behaviour.astype(np.int32),
        "garbage": counted.garbage.astype(np.int32),
        "text": counted.text,
        "placed": placed(fitting.task, sample.prompts, made, lengths),
        "repetition": repetition(fitting.task, made, lengths),
    }
    # a forward pass a row, a third of the time of sampling it: not for those who do not ask
    if fitting.job.kind == EXPLORATION or reads(fitting.job.claim, "clean_nats"):
        columns["clean_nats"] = clean_nats(batch.model, sample.prompts, made, lengths)
    return _frame(batch, sample.prompts.stratum, made.evidence, columns)


def run_score(fitting: Fitting, batch: Batch, sample: Sample) -> pd.DataFrame:
    """One row per (condition, text), columns of mode ``score`` plus ``arm``."""
    made = score(batch.model, fitting.task, sample.texts, batch.edit, ScoreOptions())
    return _frame(
        batch,
        sample.texts.stratum,
        made.evidence,
        {
            "onset_mass": made.onset_mass,
            "elsewhere_mass": made.elsewhere_mass,
            "ordinary_loss": made.ordinary_loss,
            "kl": made.kl,
            "fidelity": made.fidelity,
        },
    )


def _frame(
    batch: Batch,
    stratum: tuple[str, ...],
    evidence: Evidence,
    columns: dict[str, np.ndarray],
) -> pd.DataFrame:
    items = len(stratum)
    arms, variants, doses = zip(*batch.labels, strict=True)
    flat = {name: np.asarray(values).reshape(-1) for name, values in columns.items()}
    return pd.DataFrame(
        {
            "arm": np.repeat(np.asarray(arms, dtype=object), items),
            "variant": np.repeat(np.asarray(variants, dtype=object), items),
            "dose": np.repeat(np.asarray(doses, dtype=np.float64), items),
            "prompt": np.tile(np.arange(items, dtype=np.int32), len(batch.labels)),
            "stratum": np.tile(np.asarray(stratum, dtype=object), len(batch.labels)),
            **flat,
            "fired": np.asarray(evidence.fired).reshape(-1).astype(np.int32),
            "dose_measured": np.asarray(evidence.dose_measured).reshape(-1),
            "delta_max": np.asarray(evidence.delta_max).reshape(-1),
        }
    )
