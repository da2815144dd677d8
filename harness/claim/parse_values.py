"""One parameter's value of an estimand, a precondition or a probe, checked by its type.

Not covered: which parameters a kind has (``harness.claim.kinds``, ``harness.claim.probes``).
"""

from __future__ import annotations

import re
from typing import Any

from harness.claim.parse_arms import Names, reference, role
from harness.claim.vocabulary import JUDGED, Param
from harness.fields import Node
from harness.subject.recipe import HOOK, POSITIONS

MOST_COUNT = 1_000_000
NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}", re.ASCII)
ITEM = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}", re.ASCII)


def value(node: Node, param: Param, names: Names) -> Any:
    """One parameter's value, checked by its type."""
    match param.type:
        case "arm":
            return reference(node, "arm", names.arms)
        case "arms":
            return _names(node, "arm", lambda item: reference(item, "arm", names.arms))
        case "role":
            return role(node, names)
        case "roles":
            return _names(node, "role", lambda item: role(item, names))
        case "direction":
            return reference(node, "direction", names.directions)
        case "readout" | "word":
            return node.word(param.choices, param.type if param.type == "readout" else param.name)
        case "dose":
            return _dose(node, names)
        case "doses":
            return _doses(node)
        case "flag":
            return node.flag()
        case "hook":
            return node.pattern(HOOK, "a hook point, such as blocks.2.hook_resid_post")
        case "positions":
            return node.pattern(POSITIONS, "a position class, such as step_onset")
        case "classes":
            return _names(node, "class", lambda item: item.pattern(POSITIONS, "a position class"))
        case "count":
            return node.count(int(param.low or 0), int(param.high or MOST_COUNT))
        case "probe":
            return reference(node, "probe", names.probes)
        case "name":
            return node.pattern(NAME, "a name, such as regulated")
        case "item":
            if type(node.value) is int and node.value >= 0:
                return str(node.value)
            return node.pattern(ITEM, "an item of the probe, such as 2 (a layer) or step_onset")
        case "bounds":
            keys = node.fields(param.keys)
            return {name: entry.number(low=param.low) for name, entry in keys.items()}
    return node.number(param.low, param.high, above=param.above)


def _names(node: Node, what: str, read: Any) -> tuple[str, ...]:
    out = tuple(read(item) for item in node.items(f"a list of {what}s"))
    if isinstance(node.value, list) and not out:
        node.problem(f"no {what} is named", "Name at least one")
    if len(set(out)) < len(out):
        node.problem(f"{what} listed twice", "List each once")
    return out


def _dose(node: Node, names: Names) -> str | float:
    if isinstance(node.value, str):
        if node.word((JUDGED,), "dose") == JUDGED and not names.dose_rule:
            node.problem("judged without a dose rule", "Add dose_rule:, or write a dose")
        return JUDGED
    return node.number(low=0.0)


def _doses(node: Node) -> tuple[float, ...]:
    out = tuple(item.number(low=0.0) for item in node.items("a list of doses"))
    if isinstance(node.value, list) and len(out) < 2:
        node.problem("an order needs two doses at least", "Write the doses to compare, in order")
    if len(set(out)) < len(out):
        node.problem("dose listed twice", "List each once")
    return out
