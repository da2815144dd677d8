"""Directions of one replicate: fitted on the fit split, per arm's host and donor.

Not covered: the dose (``harness.measure.dose``), the runs (``harness.measure.runner_cells``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from harness.claim.schema import UNITS, Arm, Claim, Direction
from harness.errors import ClaimsError
from harness.intervene.context import Direction as Fitted
from harness.intervene.controls import random_directions
from harness.intervene.edit import Edit, operation
from harness.intervene.fit import FitContext, fit_direction, split_half_cosine
from harness.intervene.gather import gather
from harness.intervene.store import load_direction, save_direction
from harness.measure.artefacts import Workshop
from harness.measure.job import Job
from harness.measure.runner_dose import Host, Planned, by_kl, own
from harness.measure.runner_rows import decoder_row
from harness.measure.store import direction_file
from harness.subject.backend import Model
from harness.subject.interface import Task, Texts

HOST = "host"


@dataclass
class Fitting:
    """Fits and remembers the directions of one replicate.

    ``models`` maps (role, replicate) to the loaded model.
    """

    job: Job
    replicate: int
    task: Task
    models: Mapping[tuple[str, int], Model]
    texts: Mapping[str, Texts]
    workshop: Workshop | None = None
    """Where dictionaries come from; needed for decoder rows only."""
    found: dict[tuple[str, str, int], Fitted] = field(default_factory=dict)
    norms: dict[str, float] = field(default_factory=dict)
    """Natural lengths in the median residual norm of the host, by ``name@role+donor``."""
    lengths: dict[str, float] = field(default_factory=dict)
    """The same in activation units."""
    cosines: dict[str, float] = field(default_factory=dict)
    scales: dict[tuple[str, str], float] = field(default_factory=dict)
    planned: dict[str, Planned] = field(default_factory=dict)
    """By arm, where its doses are in another unit than the residual norm."""
    memory: dict[tuple[Any, ...], Any] = field(default_factory=dict)

    @property
    def claim(self) -> Claim:
        return self.job.claim

    def host(self, arm: Arm) -> Model:
        return self.models[arm.on, self.replicate]

    def scale(self, arm: Arm) -> float:
        """Median residual norm [activation units] of the host at the arm's site, on the fit split:
        the unit of dose."""
        assert arm.site is not None
        key = (arm.on, arm.site)
        if key not in self.scales:
            site = self.claim.sites[arm.site]
            found = gather(self.host(arm), self.task, self.texts, site.hook, site.positions)
            self.scales[key] = found.median_norm()
        return self.scales[key]

    def other(self, arm: Arm) -> int:
        """The replicate that an arm's directions take their other models from."""
        return (self.replicate + arm.donor) % self.claim.subject.replicates

    def context(self, arm: Arm, direction: Direction) -> FitContext:
        """What the direction is fitted on: the host's own model, the other roles from the donor.

        The fit site is the direction's, which may differ from the arm's (off-position controls).
        """
        other = self.other(arm)
        roles = {}
        for name in (direction.positive, direction.negative):
            if name is None or name == HOST:
                continue
            roles[name] = self.models[name, self.replicate if name == arm.on else other]
        roles[arm.on] = self.host(arm)
        site = self.claim.sites[direction.site]
        return FitContext(
            host=self.host(arm),
            roles=roles,
            task=self.task,
            texts=self.texts,
            hook=site.hook,
            positions=site.positions,
            seed=self.job.seeds.seed("directions", self.replicate),
            memory=self.memory,
        )

    def direction(self, arm: Arm, name: str) -> Fitted:
        """A named direction for this arm's host and donor: fitted once, saved, its length noted."""
        key = (name, arm.on, arm.donor)
        if key in self.found:
            return self.found[key]
        label = f"{name}@{arm.on}+{arm.donor}"
        found = self._fit(arm, next(d for d in self.claim.directions if d.name == name))
        folder: Path = self.job.folder / "directions"
        save_direction(folder / direction_file(label, self.replicate), found)
        self.norms[label] = float(found.norm) / self.scale(arm)
        self.lengths[label] = float(found.norm)
        self.found[key] = found
        return found

    def _fit(self, arm: Arm, spec: Direction) -> Fitted:
        if spec.method == "from-file":
            if spec.file is None:
                raise ClaimsError("a direction from a file names no file", where=spec.name)
            return load_direction(self.job.root / spec.file, self.host(arm).d_model)
        if spec.method == "dictionary-row":
            assert self.workshop is not None
            return decoder_row(self.job, self.workshop, spec, self.models, self.other(arm))
        context = self.context(arm, spec)
        positive, negative = (
            arm.on if role == HOST else role for role in (spec.positive, spec.negative)
        )
        found = fit_direction(spec.method, context, positive, negative)
        if self._wants_halves(spec.name) and arm.donor == 0:
            cosine = split_half_cosine(spec.method, context, positive, negative)
            self.cosines[spec.name] = min(cosine, self.cosines.get(spec.name, cosine))
        return found

    def _wants_halves(self, name: str) -> bool:
        return any(
            p.kind == "split-half" and p.params["direction"] == name
            for p in self.claim.preconditions
        )

    def variants(self, arm: Arm) -> dict[str, Tensor]:
        """Variant name -> unit vector: the candidates, or the random controls r00, r01, ..."""
        if arm.control is None:
            return {name: self.direction(arm, name).unit for name in arm.directions}
        assert arm.site is not None
        site = self.claim.sites[arm.site]
        found = gather(self.host(arm), self.task, self.texts, site.hook, site.positions)
        seed = self.job.seeds.seed("controls", arm.control, self.replicate)
        drawn = random_directions(arm.control, found.x, arm.count, seed)
        return {f"r{n:02d}": drawn[n] for n in range(arm.count)}

    def conditions(
        self, arm: Arm, variants: Mapping[str, Tensor], doses: tuple[float, ...]
    ) -> list[tuple[str, float, float]]:
        """(variant, dose as the arm has it, dose in residual norms), variant-major; without those
        that are out of reach, which the record names."""
        if arm.unit == UNITS[0]:
            return [(name, dose, dose) for name in variants for dose in doses]
        if arm.name not in self.planned:
            self.planned[arm.name] = self._in_residual_norms(arm, variants, doses)
        rows = self.planned[arm.name]
        found = [(name, row["dose"], row["residual"]) for name in variants for row in rows[name]]
        return [(n, d, r) for n, d, r in found if d is not None and r is not None]

    def _in_residual_norms(
        self, arm: Arm, variants: Mapping[str, Tensor], doses: tuple[float, ...]
    ) -> Planned:
        assert arm.site is not None
        assert arm.operation is not None
        if arm.unit == "own":
            lengths = {name: self.direction(arm, name).norm for name in variants}
            return own(doses, lengths, self.scale(arm))
        seed, count = self.job.seeds.seed("texts", "select"), self.claim.samples.select
        texts = self.task.texts("select", count, seed, self.task.variants[0])
        site = self.claim.sites[arm.site]
        host = Host(self.host(arm), self.task, texts, site, self.scale(arm))
        return by_kl(doses, variants, arm.operation, host)

    def edit(self, arm: Arm, doses: tuple[float, ...]) -> tuple[Edit, list[tuple[str, float]]]:
        """The arm's conditions, variant-major, and their (variant, dose) labels."""
        assert arm.site is not None
        assert arm.operation is not None
        site = self.claim.sites[arm.site]
        if arm.operation.startswith("replace"):
            variants = {"": torch.zeros(self.host(arm).d_model)}
        else:
            variants = self.variants(arm)
        conditions = self.conditions(arm, variants, doses)
        labels = [(name, dose) for name, dose, _ in conditions]
        units = torch.stack([variants[name] for name, _ in labels])
        grid = torch.tensor([residual for *_, residual in conditions], dtype=units.dtype)
        mean = None
        if arm.operation == "replace-mean":
            found = gather(self.host(arm), self.task, self.texts, site.hook, site.positions)
            mean = found.x.mean(0)
        edit = operation(
            arm.operation, site.hook, site.positions, units, grid, self.scale(arm), mean
        )
        return edit, labels
