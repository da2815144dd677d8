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

SIDES = ("", "minus_", "over_")
"""What a number's keys begin with: its own, and those of what it is compared with."""


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
        for side in SIDES if "probe" in params else ():
            probe = known.get(str(params.get(f"{side}probe", params["probe"])))
            if probe is not None:
                used.add(probe.name)
                _side(check, path, side, params, probe)
    for probe in known.values():
        if probe.name not in used and not check.faulty:
            what = "no criterion, precondition or shown estimand reads it"
            problem(f"probes.{probe.name}", what, "Read it, or remove it")
        roles = probe_roles(probe)
        if "trained" in probe.params and roles[0] == roles[1]:
            what = f"trained and standard are both {roles[0]}"
            problem(f"probes.{probe.name}.standard", what, "Name two roles")


def _side(check: Check, path: str, side: str, params: Mapping[str, Any], probe: Probe) -> None:
    """Whether a probe gives the number that is asked of it; keys left out are those of the first
    number, which was looked at already."""
    key = {k: f"{side}{k}" if f"{side}{k}" in params else k for k in ("probe", "read", "on")}
    if side and all(key[k] == k for k in key):
        return
    if params[key["read"]] not in (gives := PROBES[probe.kind].quantities):
        what = f"a {probe.kind} probe has no number {params[key['read']]!r}"
        check.reader.problem(f"{path}.{key['read']}", what, f"It has {', '.join(gives)}")
    roles = probe_roles(probe)
    if params[key["on"]] not in roles:
        what = f"the probe {probe.name!r} does not look at {params[key['on']]!r}"
        check.reader.problem(f"{path}.{key['on']}", what, f"It looks at {', '.join(roles)}")


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
    hook_offered(check, path, params["hook"], f"{path}.hook", recipe)
    if kind.features:
        roles_offered(check, {f"{path}.{k}": params[k] for k in ("trained", "standard")}, recipe)


def hook_offered(check: Check, path: str, hook: str, at: str, recipe: Recipe) -> None:
    """The recipe has dictionaries at a hook; what is wrong stands at ``path`` or ``at``."""
    spec = recipe.dictionaries
    if spec is None:
        check.reader.problem(
            path, f"the recipe {recipe.id} trains no dictionaries", "Add dictionaries: to it"
        )
    elif hook not in spec.hooks:
        check.reader.problem(
            at,
            f"the recipe has no dictionaries at {hook}",
            f"It has them at {', '.join(spec.hooks) or 'no hook'}",
        )


def roles_offered(check: Check, roles: Mapping[str, str], recipe: Recipe) -> None:
    """The recipe has dictionaries of these roles, by the path at which each is named."""
    spec = recipe.dictionaries
    known = None if spec is None else spec.roles  # none at all is said elsewhere
    for at, role in roles.items():
        if known is not None and role not in known:
            check.reader.problem(
                at,
                f"the recipe has no dictionaries of {role!r}",
                f"It has them of {', '.join(known) or 'no role'}",
            )
