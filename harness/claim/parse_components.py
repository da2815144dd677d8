"""What an arm says of components: in which way they are ablated, and which heads or neurons.

The role of ``with`` is read by the caller, who knows the roles.

Not covered: whether the site has them (``suits_components``), how many (only the model knows).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.claim.heads import choice
from harness.claim.terms import WAYS
from harness.fields import Node

COMPONENTS = ("way", "heads", "neurons", "with")
BOTH = ("ablate", "interchange")
BELONGS = {"way": BOTH[:1], "heads": BOTH, "neurons": BOTH, "with": BOTH[1:]}
"""The operations that a key belongs to."""
MOST_PARTS = 4096


def components(
    entry: Node, keys: Mapping[str, Node], operation: str, arms: Sequence[str]
) -> dict[str, Any]:
    """The fields of :class:`harness.claim.schema.Arm` that such keys fill; ``arms``: all names."""
    for key, operations in BELONGS.items():
        if key in keys and operation not in operations:
            what = f"{operation} has no {key}"
            keys[key].problem(what, f"Remove {key}:, or use {' or '.join(operations)}")
    if operation == "ablate" and "way" not in keys:
        entry.problem(
            "an ablation does not say what takes the activation's place",
            f"Add way: and one of {', '.join(WAYS)}",
        )
    if operation == "interchange" and "with" not in keys:
        entry.problem(
            "an interchange does not say with which model", "Add with: and a role of the recipe"
        )
    chosen = "heads" in keys and isinstance(keys["heads"].value, dict)
    listed = [
        key for key in ("heads", "neurons") if key in keys and not (chosen and key == "heads")
    ]
    return {
        "way": keys["way"].word(WAYS, "way to ablate") if "way" in keys else None,
        **{key: parts(keys[key], key) for key in listed},
        **({"chosen": choice(keys["heads"], arms)} if chosen else {}),
    }


def parts(node: Node, what: str) -> tuple[int, ...]:
    """Numbers of heads or neurons, in increasing order: sets that are equal read the same."""
    found = tuple(item.count(0) for item in node.items(f"a list of {what}, such as [3, 5]"))
    if isinstance(node.value, list) and not found:
        node.problem(f"no {what} are named", f"Name some, or remove {what}: for the whole site")
    if len(found) > MOST_PARTS:
        node.problem(f"{len(found)} {what}, more than {MOST_PARTS}", "Ablate the whole site")
    if len(set(found)) < len(found):
        node.problem(f"{what} are listed twice", "List each once")
    return tuple(sorted(found))
