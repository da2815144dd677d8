"""Sites, arms and the dose rule of a claim file.

Not covered: directions (``harness.claim.parse_directions``), preconditions and criteria
(``harness.claim.parse_rules``).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.claim.feature_arms import CLAMP, FEATURE_OPERATIONS
from harness.claim.kinds import READOUTS
from harness.claim.parse_components import COMPONENTS, components
from harness.claim.parse_features import feature_parts
from harness.claim.parse_positions import positions
from harness.claim.schema import Arm, DoseRule, Site
from harness.claim.terms import CONTROLS, LARGEST_DOSE, OPERATIONS, UNITS, WITHOUT_DIRECTION
from harness.claim.vocabulary import FEATURES, HOST, JUDGED
from harness.errors import nearest
from harness.fields import Node
from harness.subject.interface import Recipe
from harness.subject.recipe import HOOK, MOST_REPLICATES

DONORS = {"same": 0, "next": 1}
MOST_CONTROLS = 1000
MOST_DOSES = 64
MOST_CANDIDATES = 64


@dataclass(frozen=True)
class Names:
    """What a claim file names, taken before it is read; values are the raw entries.

    ``roles`` is None where no recipe could be read: roles are then not checked.
    """

    sites: Mapping[str, Any]
    directions: Mapping[str, Any]
    arms: Mapping[str, Any]
    roles: tuple[str, ...] | None
    dose_rule: bool
    rule_arm: str | None
    probes: Mapping[str, Any] = field(default_factory=dict)

    @staticmethod
    def of(keys: Mapping[str, Node], recipe: Recipe | None) -> Names:
        def mapping(key: str) -> Mapping[str, Any]:
            value = keys[key].value if key in keys else None
            return value if isinstance(value, dict) else {}

        rule = mapping("dose_rule").get("arm")
        return Names(
            sites=mapping("sites"),
            directions=mapping("directions"),
            arms=mapping("arms"),
            roles=None if recipe is None else tuple(r.name for r in recipe.roles),
            dose_rule="dose_rule" in keys,
            rule_arm=rule if isinstance(rule, str) else None,
            probes=mapping("probes"),
        )

    def intervenes(self, arm: str) -> bool:
        return "operation" in self._arm(arm)

    def grid(self, arm: str) -> tuple[float, ...] | None:
        """The arm's doses as written; None where it has none or they are not numbers."""
        doses = self._arm(arm).get("doses")
        if isinstance(doses, list) and all(type(d) in (int, float) for d in doses):
            return tuple(float(d) for d in doses)
        return None

    def judged(self, arm: str) -> bool:
        return bool(self._arm(arm).get("doses") == JUDGED)

    def _arm(self, arm: str) -> Mapping[str, Any]:
        value = self.arms.get(arm)
        return value if isinstance(value, dict) else {}


def reference(node: Node, what: str, known: Mapping[str, Any] | tuple[str, ...]) -> str:
    """The name of something that the claim (or its recipe) defines."""
    names = tuple(known)
    if not isinstance(node.value, str):
        node.word(names or ("a name",), what)
        return ""
    if node.value not in names:
        node.problem(f"no {what} {node.value!r}", f"Nearest: {nearest(node.value, names)}")
    return node.value


def role(node: Node, names: Names, host: bool = False) -> str:
    """A role of the recipe; ``host`` too where a direction asks."""
    if names.roles is None:
        return node.identifier("role")
    return reference(node, "role", (*names.roles, HOST) if host else names.roles)


def sites(node: Node, root: Path | None = None) -> dict[str, Site]:
    """Functions that decide positions are looked for where ``root`` is given."""
    out = {}
    for name, entry in node.named("site"):
        keys = entry.fields(("hook", "positions"))
        out[name] = Site(
            hook=keys["hook"].pattern(HOOK, "a hook point, such as blocks.2.hook_resid_post")
            if "hook" in keys
            else "",
            positions=positions(keys["positions"], root) if "positions" in keys else "",
        )
    return out


def arms(node: Node, names: Names) -> tuple[Arm, ...]:
    entries = node.named("arm")
    if not entries and node.value == {}:
        node.problem("a claim without arms measures nothing", "Name at least one arm")
    return tuple(_arm(name, entry, names) for name, entry in entries)


BARE = ("on", "label")
INTERVENING = (
    *("site", "operation", "direction", "directions", "control", "count", "of"),
    *("doses", "unit", "donor", "features"),
    *COMPONENTS,
)


def _arm(name: str, entry: Node, names: Names) -> Arm:
    if name == FEATURES:
        entry.problem(f"an arm cannot be called {name!r}", "Feature counts are stored under it")
    keys = entry.fields(("on",), (*INTERVENING, "label"))
    on = role(keys["on"], names) if "on" in keys else ""
    label = keys["label"].text(200) if "label" in keys else ""
    if "operation" not in keys:
        for key in INTERVENING:
            if key in keys:
                keys[key].problem(f"{key} without an operation", "Add operation:, or remove it")
        return Arm(name=name, on=on, label=label)
    for key in ("site", "doses"):
        if key not in keys and isinstance(entry.value, dict):
            entry.problem(f"an intervention needs {key}", f"Add {key}:")
    operation = keys["operation"].word(OPERATIONS, "operation")
    unit = keys["unit"].word(UNITS, "unit of dose") if "unit" in keys else UNITS[0]
    count = keys["count"].count(1, MOST_CONTROLS) if "count" in keys else 0
    arm = Arm(
        name=name,
        on=on,
        site=reference(keys["site"], "site", names.sites) if "site" in keys else None,
        operation=operation,
        directions=_candidates(keys, names) if operation not in FEATURE_OPERATIONS else (),
        control=keys["control"].word(CONTROLS, "control") if "control" in keys else None,
        count=count,
        # a feature is clamped to multiples of its own activation
        doses=_doses(keys["doses"], names, "own" if operation == CLAMP else unit)
        if "doses" in keys
        else (),
        donor=_donor(keys["donor"]) if "donor" in keys else 0,
        label=label,
        unit=unit,
        of=reference(keys["of"], "direction", names.directions)
        if "of" in keys and operation not in FEATURE_OPERATIONS
        else None,
        partner=role(keys["with"], names) if "with" in keys else None,
        **components(entry, keys, operation, tuple(names.arms)),
        **feature_parts(
            *(entry, keys, operation),
            role=lambda node: role(node, names),
            arm=lambda node: reference(node, "arm", names.arms),
        ),
    )
    _what_moves(entry, keys, operation)
    return arm


def _what_moves(entry: Node, keys: Mapping[str, Node], operation: str) -> None:
    """Exactly one of direction, directions and control, unless the operation needs none."""
    if operation in FEATURE_OPERATIONS:
        return
    given = [key for key in ("direction", "directions", "control") if key in keys]
    if operation in WITHOUT_DIRECTION:
        for key in given:
            keys[key].problem(f"{operation} takes no {key}", f"Remove {key}:")
    elif len(given) != 1:
        entry.problem(
            f"{operation} needs exactly one of direction, directions and control, "
            f"not {' and '.join(given) or 'none'}",
            "Keep one" if given else "Add direction: and the name of a direction",
        )
    if ("control" in keys) != ("count" in keys):
        entry.problem("control and count belong together", "Give both or neither")
    if "of" in keys and "control" not in keys:
        keys["of"].problem("of belongs to a control", "Remove of:")
    elif "of" not in keys and "control" in keys:
        for need, value in (("placebo", keys["control"].value), ("patch", operation)):
            if value == need:
                what = f"{need} needs two models, and no direction says which"
                entry.problem(what, "Add of: and the name of a direction")
        if "donor" in keys:
            keys["donor"].problem("random directions have no donor", "Remove donor:")


def _candidates(keys: Mapping[str, Node], names: Names) -> tuple[str, ...]:
    if "direction" in keys:
        return (reference(keys["direction"], "direction", names.directions),)
    if "directions" not in keys:
        return ()
    items = keys["directions"].items("a list of directions")
    out = tuple(reference(item, "direction", names.directions) for item in items)
    if len(out) > MOST_CANDIDATES:
        what = f"{len(out)} candidates, more than {MOST_CANDIDATES}"
        keys["directions"].problem(what, "Split the arm")
    if isinstance(keys["directions"].value, list) and not out:
        keys["directions"].problem("no direction is named", "Name at least one")
    if len(set(out)) < len(out):
        keys["directions"].problem("a direction is listed twice", "List each once")
    return out


def _doses(node: Node, names: Names, unit: str) -> tuple[float, ...] | None:
    if node.value == JUDGED:
        if not names.dose_rule:
            node.problem("judged without a dose rule", "Add dose_rule:, or write a list of doses")
        return None
    if not isinstance(node.value, list):
        node.problem("doses are neither judged nor a list", "Write judged, or [0.0, 0.5, 1.0]")
        return ()
    out = tuple(item.number(0.0, LARGEST_DOSE[unit]) for item in node.items())
    if not 1 <= len(out) <= MOST_DOSES:
        node.problem(f"{len(out)} doses", f"Write 1 to {MOST_DOSES} doses")
    elif out[0] != 0.0:
        node.problem(f"the doses start at {out[0]:g}", "Start at 0: it reproduces the baseline")
    elif any(b <= a for a, b in itertools.pairwise(out)):
        node.problem("the doses do not increase", "List them in increasing order, each once")
    elif len(out) == 1:
        node.problem("dose 0 alone intervenes nowhere", "Add a dose above 0")
    return out


def _donor(node: Node) -> int:
    if isinstance(node.value, str):
        return DONORS[node.word(tuple(DONORS), "donor")]
    return node.count(0, MOST_REPLICATES)


def dose_rule(node: Node, names: Names) -> DoseRule:
    keys = node.fields(("arm", "baseline", "readout", "bounds"))
    out: dict[str, str] = {}
    for key in ("arm", "baseline"):
        if key in keys:
            out[key] = reference(keys[key], "arm", names.arms)
    arm, baseline = out.get("arm", ""), out.get("baseline", "")
    if arm in names.arms and names.grid(arm) is None:
        keys["arm"].problem(
            f"the arm {arm!r} has no list of doses to choose from",
            "Name an arm with doses: [0.0, ...]",
        )
    if baseline in names.arms and names.intervenes(baseline):
        keys["baseline"].problem(
            f"the baseline {baseline!r} intervenes", "Name an arm without operation"
        )
    bounds = keys["bounds"].fields((), READOUTS) if "bounds" in keys else {}
    if "bounds" in keys and keys["bounds"].value == {}:
        keys["bounds"].problem(
            "no bound on damage", "Bound at least one rise, such as ordinary_loss: 0.10"
        )
    return DoseRule(
        arm=arm,
        baseline=baseline,
        readout=keys["readout"].word(READOUTS, "readout") if "readout" in keys else "",
        bounds={name: entry.number(low=0.0) for name, entry in bounds.items()},
    )
