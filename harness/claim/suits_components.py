"""Components that do not suit their site: heads where no heads are side by side, neurons where
there are none, and directions that are not as wide as the site.

Not covered: how many heads and neurons there are (only the model knows; measuring says so).
"""

from __future__ import annotations

from harness.claim.schema import Arm, Direction
from harness.claim.sound import Check

HEADS, NEURONS = ".attn.hook_z", ".mlp.hook_post"
PARTS = (
    ("heads", HEADS, "their outputs are summed there"),
    ("neurons", NEURONS, "it is not where neurons are"),
)


def check_components(check: Check, arm: Arm) -> None:
    """Note parts of a site that it does not have, and directions of another width."""
    site = check.claim.sites.get(arm.site or "")
    if site is None or not check.sound("sites", str(arm.site)):
        return
    for key, end, why in PARTS:
        if (getattr(arm, key) or (key == "heads" and arm.chosen)) and not site.hook.endswith(end):
            check.reader.problem(
                f"arms.{arm.name}.{key}",
                f"{key} cannot be told apart at {site.hook}: {why}",
                f"Use a site with hook: blocks.N{end}, or remove {key}:",
            )
    if arm.chosen is not None and arm.chosen.other_than is not None:
        _other_than(check, arm, arm.chosen.other_than)
    if arm.partner == arm.on and not arm.donor:
        check.reader.problem(
            f"arms.{arm.name}.with",
            f"an interchange of {arm.on} with itself changes nothing",
            "Name another role, or add donor: for the same role of another replicate",
        )
    for name in arm.directions if arm.of is None else (arm.of,):
        spec = check.directions.get(name)
        if spec is not None and check.sound("directions", name):
            _width(check, arm, spec, site.hook)
            _part(check, arm, spec, site.hook)


def _other_than(check: Check, arm: Arm, name: str) -> None:
    """Heads other than an arm's are of its model and its site, and that arm says by what."""
    of = check.arm(name)
    if of is None:
        return
    if of.chosen is None or of.chosen.attends is None:
        what = f"the arm {name!r} does not choose a head by what it attends to"
    elif (of.on, of.site) != (arm.on, arm.site):
        what = f"the arm {name!r} has another model or another site"
    else:
        return
    check.reader.problem(
        f"arms.{arm.name}.heads.other_than",
        what,
        f"Name an arm on {arm.on} at {arm.site} with heads: {{attends: ...}}",
    )


def _width(check: Check, arm: Arm, spec: Direction, hook: str) -> None:
    """The MLP's neurons are another space than the residual."""
    fitted = check.claim.sites.get(spec.site)
    if fitted is None or not check.sound("sites", spec.site):
        return
    path = f"arms.{arm.name}.site"
    if fitted.hook.endswith(NEURONS) != hook.endswith(NEURONS):
        check.reader.problem(
            path,
            f"{spec.name!r} is a direction at {fitted.hook}, which is not as wide as {hook}",
            "Use a direction that is fitted at a site of the same kind",
        )
    elif hook.endswith(NEURONS) and spec.method.startswith("svd"):
        check.reader.problem(
            path,
            f"{spec.method} gives directions of the residual, not of neurons",
            "Use another method, or a site of the residual's width",
        )


def _part(check: Check, arm: Arm, spec: Direction, hook: str) -> None:
    """A part of a direction is one by the matrix that reads its site, and the arm's."""
    fitted = check.claim.sites.get(spec.site)
    if spec.part is None or fitted is None or not check.sound("sites", spec.site):
        return
    if not fitted.hook.endswith((HEADS, NEURONS)):
        check.reader.problem(
            f"directions.{spec.name}.part",
            f"no single matrix reads {fitted.hook}, so a direction has no {spec.part} part there",
            f"Use a site with hook: blocks.N{HEADS} or blocks.N{NEURONS}, or remove part:",
        )
    elif fitted.hook != hook:
        check.reader.problem(
            f"arms.{arm.name}.site",
            f"{spec.name!r} is the {spec.part} part at {fitted.hook}, and another matrix reads "
            f"{hook}",
            "Use a site with the direction's hook",
        )
