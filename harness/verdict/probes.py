"""Estimands of probes: one number of a probe, its difference from another, its ratio to another.

Not covered: how probes are measured (``harness.readout.probes``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.errors import nearest
from harness.verdict.view import MissingNumber, View

Spec = Mapping[str, Any]


def probe_level(view: View, spec: Spec) -> dict[int, float]:
    return {r: reading(view, spec, r) for r in view.replicates}


def probe_contrast(view: View, spec: Spec) -> dict[int, float]:
    changed = {
        "probe": spec.get("minus_probe") or spec["probe"],
        "on": spec.get("minus_on") or spec["on"],
        "item": spec.get("minus_item") or spec["item"],
        "read": spec.get("minus_read") or spec["read"],
    }
    two = {**spec, **changed}
    return {r: reading(view, spec, r) - reading(view, two, r) for r in view.replicates}


def probe_ratio(view: View, spec: Spec) -> dict[int, float]:
    changed = {
        "probe": spec.get("over_probe") or spec["probe"],
        "on": spec.get("over_on") or spec["on"],
        "item": spec.get("over_item") or spec["item"],
        "read": spec.get("over_read") or spec["read"],
    }
    below, out = {**spec, **changed}, {}
    for r in view.replicates:
        one, two = reading(view, spec, r), reading(view, below, r)
        if not (one > 0 and two > 0):
            raise MissingNumber(
                f"{words(spec)} over {words(below)} is {one:g} over {two:g} in replicate {r}, and "
                "a ratio needs two numbers above 0",
                where=view.claim.id,
            )
        out[r] = one / two
    return out


def reading(view: View, spec: Spec, replicate: int) -> float:
    """One number. Raises :class:`MissingNumber` where the probe has none, or none that is
    finite."""
    found = view.probed(replicate, str(spec["probe"]))
    key = (str(spec["on"]), str(spec["item"]), str(spec["read"]))
    if key not in found:
        near = [f"{k[1]}" for k in found if (k[0], k[2]) == (key[0], key[2])]
        raise MissingNumber(
            f"{words(spec)} was not measured in replicate {replicate}",
            where=view.claim.id,
            fix=f"Nearest items: {nearest(key[1], tuple(dict.fromkeys(near)))}",
        )
    value = found[key]
    if not abs(value) < float("inf"):
        raise MissingNumber(
            f"{words(spec)} is not a number in replicate {replicate}", where=view.claim.id
        )
    return value


def words(spec: Spec) -> str:
    """The number in words."""
    return f"{spec['read']} of {spec['item']} in {spec['on']} ({spec['probe']})"
