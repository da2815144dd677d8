"""What a claim needs measured: models per replicate, arms of the select split, dictionaries.

Pure functions of the claim and the recipe.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.claim.probes import PROBES
from harness.claim.schema import Arm, Claim, Direction, Probe
from harness.subject.interface import Recipe

HOST = "host"


def models_needed(claim: Claim, recipe: Recipe, replicate: int) -> tuple[tuple[str, int], ...]:
    """(role, replicate) of every model that measuring this replicate runs, in building order.

    Roles that the recipe caps below this replicate are left out, and so are their arms.
    """
    n = claim.subject.replicates
    directions = {d.name: d for d in claim.directions}
    needed: dict[tuple[str, int], None] = {}
    for arm in claim.arms:
        cap = recipe.role(arm.on).replicates
        if cap is not None and replicate >= cap:
            continue
        needed[arm.on, replicate] = None
        if arm.partner is not None:
            needed[arm.partner, (replicate + arm.donor) % n] = None
        if arm.features is not None:
            for side in (arm.features.positive, arm.features.negative):
                needed[side, replicate] = None
        for name in arm.directions if arm.of is None else (arm.of,):
            spec = directions[name]
            for role in (spec.positive, spec.negative, spec.map_from):
                whose = arm.on if role == HOST else role
                if whose is None or (whose == arm.on and not spec.apart):
                    continue
                needed[whose, (replicate + arm.donor) % n] = None
    for role in _dictionary_roles(claim):
        needed[role, replicate] = None
    for probe in claim.probes:
        for model in probe_models(probe):
            needed[model.role, (replicate + model.donor) % n] = None
    return tuple(needed)


@dataclass(frozen=True)
class ProbedModel:
    """A model that a probe looks at: the role of the replicate ``donor`` further on."""

    role: str
    donor: int = 0


def probe_models(probe: Probe) -> tuple[ProbedModel, ...]:
    """The models that a probe looks at; the donor's is the standard one."""
    if "on" in probe.params:
        return tuple(ProbedModel(str(role)) for role in probe.params["on"])
    donor = int(probe.params.get("donor") == "next")
    return (
        ProbedModel(str(probe.params["trained"])),
        ProbedModel(str(probe.params["standard"]), donor),
    )


def _estimands(claim: Claim) -> Iterable[dict[str, object]]:
    yield from (dict(c.estimand) for c in claim.criteria)
    yield from (dict(s) for s in claim.shown.values())


def reads(claim: Claim, readout: str) -> bool:
    """Whether any rule of the claim names the readout: its own, a damage or a bound."""
    rule = claim.dose_rule
    named: list[Any] = [p.params for p in claim.preconditions]
    named += [*_estimands(claim), () if rule is None else (rule.readout, rule.bounds)]
    return any(_names(part, readout) for part in named)


def _names(part: Any, word: str) -> bool:
    """Whether a word is a value or a key, at any depth."""
    if isinstance(part, Mapping):
        return word in part or any(_names(value, word) for value in part.values())
    if isinstance(part, (list, tuple)):
        return any(_names(value, word) for value in part)
    return bool(part == word)


def select_arms(claim: Claim, arms: Sequence[Arm]) -> tuple[Arm, ...]:
    """Arms of the select split: those of the dose rule, and those whose dose a family chooses."""
    names: set[object] = set()
    if claim.dose_rule is not None:
        names |= {claim.dose_rule.arm, claim.dose_rule.baseline}
    for spec in _estimands(claim):
        if spec["kind"] == "best-production":
            members = spec["arms"]
            assert isinstance(members, list | tuple)
            names |= {*members, spec["baseline"], spec["trained"]}
    return tuple(a for a in arms if a.name in names and not a.at_judged_dose)


FEATURE_KINDS = ("feature-asymmetry", "marker-ratio")


def dictionary_hooks(claim: Claim) -> tuple[str, ...]:
    """Hook points at which the claim counts features, takes a decoder row or edits features, in
    order of first mention."""
    hooks = {str(s["hook"]): None for s in _estimands(claim) if s["kind"] in FEATURE_KINDS}
    hooks |= {claim.sites[d.site].hook: None for d in _rows(claim)}
    hooks |= {claim.sites[str(a.site)].hook: None for a in _edited(claim)}
    return tuple(hooks)


def probe_hooks(claim: Claim) -> tuple[str, ...]:
    """Hook points at which probes and preconditions read dictionaries."""
    hooks = {str(p.params["hook"]): None for p in claim.probes if PROBES[p.kind].features}
    hooks |= {str(p.params["hook"]): None for p in claim.preconditions if p.kind == "dictionary"}
    return tuple(hooks)


def _rows(claim: Claim) -> tuple[Direction, ...]:
    """Directions that are decoder rows, so that what they were chosen by is measured and kept."""
    return tuple(d for d in claim.directions if d.method == "dictionary-row")


def _edited(claim: Claim) -> tuple[Arm, ...]:
    """Arms on features of the recipe's dictionaries, kept for the same reason; what a given
    dictionary's are chosen by is in the replicate's record alone."""
    return tuple(a for a in claim.arms if a.features is not None and a.features.folder is None)


def feature_positions(claim: Claim) -> tuple[str, ...]:
    """Position classes at which features are counted."""
    found = {str(s["positions"]): None for s in _estimands(claim) if s["kind"] in FEATURE_KINDS}
    found |= {claim.sites[d.site].positions: None for d in _rows(claim)}
    found |= {claim.sites[str(a.site)].positions: None for a in _edited(claim)}
    return tuple(found)


def feature_roles(claim: Claim) -> tuple[str, str]:
    """(trained, standard): the two models whose features are compared."""
    for spec in _estimands(claim):
        if spec["kind"] in FEATURE_KINDS:
            return str(spec.get("trained", "regulation")), str(spec.get("standard", "standard"))
    for row in _rows(claim):
        return str(row.positive), str(row.negative)
    for arm in _edited(claim):
        assert arm.features is not None
        return arm.features.positive, arm.features.negative
    return "regulation", "standard"


def _dictionary_roles(claim: Claim) -> tuple[str, ...]:
    return feature_roles(claim) if dictionary_hooks(claim) else ()
