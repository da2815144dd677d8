"""Misfits of probes: numbers that a probe does not give, dictionaries and roles that are not there.

Not covered: items that do not exist (only the model knows; judging names the nearest).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.claim.kinds import Kind
from harness.claim.probes import PROBES
from harness.claim.schema import Probe
from harness.claim.sound import Check
from harness.subject.interface import Recipe

ROLES = ("on", "minus_on", "over_on")
READS = ("read", "minus_read", "over_read")


def probe_roles(probe: Probe) -> tuple[str, ...]:
    """Roles whose models a probe looks at."""
    if "on" in probe.params:
        return tuple(probe.params["on"])
    return str(probe.params["trained"]), str(probe.params["standard"])


def sound_probes(check: Check) -> Iterator[Probe]:
    """Probes that were read without a problem."""
    return (p for p in check.claim.probes if check.sound("probes", p.name))


def check_probes(check: Check) -> None:
    """Note misfits within the claim with the check's reader."""
    problem = check.reader.problem
    known = {p.name: p for p in sound_probes(check)}
    used = set()
    for path, _, _, params in check.specs():
        probe = known.get(str(params.get("probe")))
        if probe is None:
            continue
        used.add(probe.name)
        for key in READS:
            if key in params and params[key] not in PROBES[probe.kind].quantities:
                has = ", ".join(PROBES[probe.kind].quantities)
                what = f"a {probe.kind} probe has no number {params[key]!r}"
                problem(f"{path}.{key}", what, f"It has {has}")
        roles = probe_roles(probe)
        for key in ROLES:
            if key in params and params[key] not in roles:
                what = f"the probe {probe.name!r} does not look at {params[key]!r}"
                problem(f"{path}.{key}", what, f"It looks at {', '.join(roles)}")
    for probe in known.values():
        if probe.name not in used and not check.faulty:
            what = "no criterion, precondition or shown estimand reads it"
            problem(f"probes.{probe.name}", what, "Read it, or remove it")
        roles = probe_roles(probe)
        if "trained" in probe.params and roles[0] == roles[1]:
            what = f"trained and standard are both {roles[0]}"
            problem(f"probes.{probe.name}.standard", what, "Name two roles")


def check_offered(check: Check, recipe: Recipe) -> None:
    """Note what probes need and the recipe does not offer."""
    caps = {role.name: role.replicates for role in recipe.roles}
    for probe in sound_probes(check):
        path = f"probes.{probe.name}"
        for role in probe_roles(probe):
            last = caps.get(role)
            if last is not None and last < check.claim.subject.replicates:
                what = f"role {role!r} stops at {last} of {check.claim.subject.replicates}"
                check.reader.problem(path, f"{what} replicates", "Lift that in the recipe")
        if PROBES[probe.kind].features:
            dictionary_offered(check, path, PROBES[probe.kind], probe.params, recipe)


def dictionary_offered(
    check: Check, path: str, kind: Kind, params: Mapping[str, Any], recipe: Recipe
) -> None:
    """Note a hook or a role of which the recipe trains no dictionary."""
    spec = recipe.dictionaries
    if spec is None:
        check.reader.problem(
            path, f"the recipe {recipe.id} trains no dictionaries", "Add dictionaries: to it"
        )
        return
    if params["hook"] not in spec.hooks:
        check.reader.problem(
            f"{path}.hook",
            f"the recipe has no dictionaries at {params['hook']}",
            f"It has them at {', '.join(spec.hooks) or 'no hook'}",
        )
    for key in ("trained", "standard") if kind.features else ():
        if params[key] not in spec.roles:
            check.reader.problem(
                f"{path}.{key}",
                f"the recipe has no dictionaries of {params[key]!r}",
                f"It has them of {', '.join(spec.roles) or 'no role'}",
            )
