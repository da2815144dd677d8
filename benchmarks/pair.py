"""One trained pair of the registered claim, its stored cells, and what running it costs.

The pair is replicate 0 of the registered attempt, from its seeds (trained if it is not in
``.cache``), with the registered direction, doses and prompts. Costs are counted in token passes:
one token through all layers is 1, through the layers above the edited one that share.

Not covered: fitting and the choice of the dose, which every design has to pay alike.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from benchmarks import loop
from benchmarks.prompts_needed import Counts
from harness.intervene.edit import Edit
from harness.measure.artefacts import Silent
from harness.measure.job import Job, lock_of, recorded_job
from harness.measure.run import workshop_of
from harness.measure.runner_edit import edit_of
from harness.measure.runner_fit import Fitting
from harness.measure.store import CellName, read_cell, read_json, record_path
from harness.readout.generate import GenerateOptions, generate
from harness.readout.score import ScoreOptions, score
from harness.subject.backend import Clean, Replay, Watch
from harness.subject.bridge import load_bridge
from harness.subject.interface import Prompts, Task, Texts
from harness.subject.native import NativeModel, load_native

CLAIM, ARM = "suppression-works", "treatment"
ARMS = ("baseline", ARM, "reference")
HOSTS = ("regulation", "standard")
REPLICATE = 0


def job_of(root: Path) -> Job:
    """The registered attempt of the claim."""
    return recorded_job(root, lock_of(root, CLAIM))


class Cells:
    """What the attempt stored: per prompt and text, for every replicate."""

    def __init__(self, job: Job) -> None:
        self.job, self.replicates = job, range(job.claim.subject.replicates)
        self._read: dict[CellName, pd.DataFrame] = {}

    def judged(self, replicate: int) -> float:
        """The dose that the select split gave."""
        return float(read_json(record_path(self.job.folder, replicate))["dose"]["judged"])

    def counts(self, replicate: int, dose: float, mode: str) -> Counts:
        """One seed of what was sampled (``generate``), or the onset mass of texts (``score``)."""
        hits, steps = [], []
        for arm in ARMS:
            cell = self._cell(CellName(arm, replicate, self.job.final_split, mode))
            rows = cell[cell.dose == (dose if arm == ARM else 0.0)].sort_values("prompt")
            hits.append(rows.behaviour if mode == "generate" else rows.onset_mass)
            steps.append(rows.steps if mode == "generate" else np.ones(len(rows)))
            stratum = rows.stratum
        hit, step = (np.asarray(x, np.float64)[:, None] for x in (hits, steps))
        return Counts(hit, step, np.unique(stratum, return_inverse=True)[1])

    def nearest(self, doses: tuple[float, ...], goal: float, mode: str) -> float:
        """The dose at which the pair's closed gap is nearest to ``goal``."""
        return min(doses, key=lambda d: abs(self.counts(REPLICATE, d, mode).closed() - goal))

    def _cell(self, name: CellName) -> pd.DataFrame:
        if name not in self._read:
            self._read[name] = read_cell(self.job.folder / "cells" / name.file)
        return self._read[name]


class Counted:
    """A model that counts the token passes asked of it; otherwise the model itself."""

    def __init__(self, model: NativeModel) -> None:
        self.model, self.passes = model, 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def extend(self, state: Any, tokens: Tensor, watch: Watch | None = None) -> Tensor:
        self.passes += tokens.numel()
        return self.model.extend(state, tokens, watch)

    def clean(self, tokens: Tensor, hook: str, first: int, at: Tensor) -> Clean:
        self.passes += tokens.numel()
        return self.model.clean(tokens, hook, first, at)

    def replay(self, clean: Clean, at: Tensor, changed: Tensor | None = None) -> Replay:
        rows, width = clean.site.shape[:2]
        extent = torch.zeros(rows, dtype=torch.int64)
        extent.scatter_reduce_(0, at // width, at % width + 1, "amax")
        above = self.model.n_layers - int(clean.carry.hook.split(".")[1]) - 1
        share = float(extent.sum()) * above / self.model.n_layers
        run = self.model.replay(clean, at, changed)

        def counted(site: Tensor, shift: Tensor | None = None) -> Any:
            self.passes += share
            return run(site, shift)

        return counted


@dataclass(frozen=True)
class Pair:
    """The two models, both backends, and the treatment at all its doses."""

    job: Job
    task: Task
    native: dict[str, NativeModel]
    bridges: dict[str, Any]
    edit: Edit
    doses: tuple[float, ...]

    @classmethod
    def load(cls, job: Job) -> Pair:
        shop = workshop_of(job, Silent())
        folders = {role: shop.model(role, REPLICATE).folder for role in HOSTS}
        native = {role: load_native(folder) for role, folder in folders.items()}
        task = shop.builder.task
        seed = job.seeds.seed("texts", "fit", REPLICATE)
        texts = {v: task.texts("fit", job.claim.samples.fit, seed, v) for v in task.variants}
        arm = job.claim.arm(ARM)
        assert arm.doses is not None
        with tempfile.TemporaryDirectory() as place:  # where the fit leaves the direction's file
            there = replace(job, folder=Path(place))
            models = {(role, REPLICATE): model for role, model in native.items()}
            fitting = Fitting(there, REPLICATE, task, models, texts)
            edit, labels = edit_of(fitting, arm, arm.doses)
        assert isinstance(edit, Edit)
        bridges = {role: load_bridge(folder).bridge for role, folder in folders.items()}
        return cls(job, task, native, bridges, edit, tuple(dose for _, dose in labels))

    def prompts(self, count: int) -> Prompts:
        """The first prompts of the registered split."""
        split = self.job.final_split
        return self.task.prompts(split, count, self.job.seeds.seed("prompts", split))

    def texts(self, count: int) -> Texts:
        """The first texts of the registered split."""
        split = self.job.final_split
        seed = self.job.seeds.seed("texts", split)
        return self.task.texts(split, count, seed, self.task.variants[0])

    def options(self, again: int = 0) -> GenerateOptions:
        """The registered sampling; ``again``: with other noise."""
        seed = self.job.seeds.seed("generation", self.job.final_split)
        return GenerateOptions(self.job.claim.samples.new_tokens, (seed + again) % 2**63)

    def sample(self, doses: tuple[float, ...], prompts: int, seeds: int) -> dict[float, Counts]:
        """Per dose, counts of ``seeds`` noises by the engine; the first is the registered one."""
        some = self.edit.take(torch.tensor([self.doses.index(d) for d in doses]))
        asked = self.prompts(prompts)
        runs = (("regulation", None), ("standard", None), ("regulation", some))
        found = []
        for again in range(seeds):
            parts = []
            for role, edit in runs:
                made = generate(self.native[role], self.task, asked, edit, self.options(again))
                c, p, n = made.tokens.shape
                grade = self.task.grade(asked.tokens.repeat(c, 1), made.tokens.view(c * p, n))
                parts.append(torch.stack([grade.behaviour, grade.steps]).view(2, c, p))
            found.append(torch.cat(parts, 1))
        every = torch.stack(found, 2).double().numpy()  # [2, conditions, seeds, prompts]
        stratum = np.unique(np.asarray(asked.stratum), return_inverse=True)[1]
        counts = {}
        for n, dose in enumerate(doses):
            hits, steps = every[:, [0, 2 + n, 1]]
            counts[dose] = Counts(hits, steps, stratum)
        return counts

    # ---- what one replicate of a verdict runs: two plain arms, the treatment at every dose ----

    def engine_sampling(self, prompts: int) -> Callable[[], float]:
        """Runs it by the engine; returns token passes."""
        asked = self.prompts(prompts)

        def run(model: Any, edit: Edit | None) -> None:
            generate(model, self.task, asked, edit, self.options())

        return lambda: self._engine(run)

    def engine_scoring(self, texts: int) -> Callable[[], float]:
        """The same with exact expectations over texts in place of samples."""
        asked = self.texts(texts)

        def run(model: Any, edit: Edit | None) -> None:
            score(model, self.task, asked, edit, ScoreOptions())

        return lambda: self._engine(run)

    def _engine(self, run: Callable[[Any, Edit | None], None]) -> float:
        counted = {role: Counted(model) for role, model in self.native.items()}
        run(counted["regulation"], None)
        run(counted["standard"], None)
        run(counted["regulation"], self.edit)
        return sum(model.passes for model in counted.values())

    def naive_sampling(self, prompts: int) -> Callable[[], float]:
        """One condition at a time through the bridge, each under noise of its own."""
        asked = self.prompts(prompts).tokens
        # a loop sees single tokens: those that are onsets once the prompt's last one has stood
        every = torch.arange(self.task.vocab_size)
        after = torch.stack([asked[0, -1].expand_as(every), every], 1)
        member = self.task.positions(self.edit.positions, after)[:, 1]
        new, end = self.job.claim.samples.new_tokens, self.task.end_id

        def run() -> float:
            passes = 0
            for role, vectors in (
                ("regulation", torch.zeros(1, self.edit.add.shape[1])),
                ("standard", torch.zeros(1, self.edit.add.shape[1])),
                ("regulation", self.edit.add),
            ):
                bridge = self.bridges[role]
                ids = loop.Ids(bridge)
                for vector in vectors:
                    added = vector.expand(len(asked), 1, -1)
                    loop.generate(bridge, asked, added, member, new=new, end=end, ids=ids)
                passes += ids.seen
                ids.remove()
            return float(passes)

        return run
