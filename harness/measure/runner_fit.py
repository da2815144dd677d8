"""Directions of one replicate: fitted on the fit split, per arm's host and donor.

Not covered: what an arm does with them (``harness.measure.runner_edit``), the dose
(``harness.measure.dose``), the runs (``harness.measure.runner_cells``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.claim.schema import Arm, Claim, Direction
from harness.errors import ClaimsError
from harness.intervene.context import Direction as Fitted
from harness.intervene.fit import FitContext, fit_direction, split_half_cosine
from harness.intervene.gather import gather
from harness.intervene.mapping import fit_map, mapped
from harness.intervene.store import load_direction, save_direction
from harness.intervene.subspace import fit_subspace
from harness.measure.artefacts import Workshop
from harness.measure.job import Job
from harness.measure.runner_dose import Planned
from harness.measure.runner_rows import decoder_row
from harness.measure.runner_split import split
from harness.measure.store import direction_file
from harness.plan.needs import HOST
from harness.subject.backend import Model, width
from harness.subject.interface import Task, Texts


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
    shares: dict[str, dict[str, float]] = field(default_factory=dict)
    """What the matrix reads of directions before one, by ``name@role+donor``."""
    heads: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By arm, the head that it chose in this replicate."""
    planned: dict[str, Planned] = field(default_factory=dict)
    """By arm, where its doses are in another unit than the residual norm."""
    features: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By arm on dictionary features: which ones, and what they were chosen by."""
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

    def spec(self, name: str) -> Direction:
        return next(d for d in self.claim.directions if d.name == name)

    def role(self, arm: Arm, role: str | None) -> str | None:
        """A direction's role in an arm, ``host`` resolved."""
        return arm.on if role == HOST else role

    def model(self, arm: Arm, spec: Direction, role: str | None) -> Model:
        """A direction's model: the host itself, other roles of the donor's replicate; a direction
        that is fitted ``apart`` takes all of them from there."""
        name = str(self.role(arm, role))
        own = name == arm.on and not spec.apart
        return self.models[name, self.replicate if own else self.other(arm)]

    def sides(self, arm: Arm, spec: Direction) -> tuple[Model, Model]:
        """The positive and the negative model."""
        return self.model(arm, spec, spec.positive), self.model(arm, spec, spec.negative)

    def context(self, arm: Arm, spec: Direction) -> FitContext:
        """What the direction is fitted on: the host's own model, the other roles from the donor;
        for a direction that is to be mapped, the source's replicate, with the source as host.

        The fit site is the direction's, which may differ from the arm's (off-position controls).
        """
        given = (spec.positive, spec.negative, spec.map_from)
        named = {str(self.role(arm, role)) for role in given if role is not None}
        if spec.map is None:
            named.add(arm.on)
        site = self.claim.sites[spec.site]
        roles = {name: self.model(arm, spec, name) for name in sorted(named)}
        return FitContext(
            host=roles[str(self.role(arm, spec.map_from)) if spec.map else arm.on],
            roles=roles,
            task=self.task,
            texts=self.texts,
            hook=site.hook,
            positions=site.positions,
            seed=self.job.seeds.seed("directions", self.replicate),
            memory=self.memory,
            radius=spec.radius or FitContext.radius,
        )

    def direction(self, arm: Arm, name: str) -> Fitted:
        """A named direction for this arm's host and donor: fitted once, saved, its length noted."""
        key = (name, arm.on, arm.donor)
        if key in self.found:
            return self.found[key]
        label = f"{name}@{arm.on}+{arm.donor}"
        spec = self.spec(name)
        found = self._fit(arm, spec)
        if spec.map is not None:
            found = self._mapped(arm, spec, found)
        hook = self.claim.sites[spec.site].hook
        found, shares = split(found, self.host(arm), hook, spec.part, self.memory)
        if shares is not None:
            self.shares[label] = shares
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
            hook = self.claim.sites[spec.site].hook
            return load_direction(self.job.root / spec.file, width(self.host(arm), hook))
        if spec.method == "dictionary-row":
            assert self.workshop is not None
            return decoder_row(self.job, self.workshop, spec, self.models, self.other(arm))
        context = self.context(arm, spec)
        positive, negative = (self.role(arm, role) for role in (spec.positive, spec.negative))
        if spec.rank is not None:
            sides = (positive, negative)
            return fit_subspace(spec.method, context, *sides, spec.rank, spec.lead)
        found = fit_direction(spec.method, context, positive, negative)
        if self._wants_halves(spec.name) and arm.donor == 0:
            cosine = split_half_cosine(spec.method, context, positive, negative)
            self.cosines[spec.name] = min(cosine, self.cosines.get(spec.name, cosine))
        return found

    def _mapped(self, arm: Arm, spec: Direction, found: Fitted) -> Fitted:
        """A direction of the source model at the host's site, by a map between the two."""
        source, host, site = (
            self.model(arm, spec, spec.map_from),
            self.host(arm),
            self.claim.sites[spec.site],
        )
        seen = (
            gather(model, self.task, self.texts, site.hook, site.positions)
            for model in (source, host)
        )
        return mapped(found, fit_map(str(spec.map), *seen), source.name, host.name)

    def _wants_halves(self, name: str) -> bool:
        return any(
            p.kind == "split-half" and p.params["direction"] == name
            for p in self.claim.preconditions
        )
