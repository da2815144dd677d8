"""Heads that an arm chooses in each replicate by what they do, never by number.

```yaml
heads: {attends: step_onset}                    # the head that looks back to this class most
heads: {attends: step_onset, texts: regulated}  # on the texts of this variant
heads: {other_than: brings}                     # another head of the layer, drawn: a control
```

Not covered: choosing (``harness.measure.runner_heads``); whether the class or the variant exists
(only the task knows; measuring says so).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.errors import nearest
from harness.fields import Node
from harness.subject.recipe import POSITIONS

KEYS = ("attends", "texts", "other_than")
VARIANT = re.compile(r"[a-z][a-z0-9_-]{0,63}", re.ASCII)


@dataclass(frozen=True)
class HeadChoice:
    """The head with most attention to the class ``attends`` (on the variant ``texts``, the task's
    first where None), or one drawn among the others of the layer of the arm ``other_than``."""

    attends: str | None = None
    texts: str | None = None
    other_than: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {key: getattr(self, key) for key in KEYS if getattr(self, key) is not None}


def choice(node: Node, arms: Sequence[str]) -> HeadChoice:
    """What ``heads:`` says where it is a mapping; ``arms`` are the claim's."""
    keys = node.fields((), KEYS)
    named = [key for key in ("attends", "other_than") if key in keys]
    if len(named) != 1:
        node.problem(
            "heads are chosen by what they attend to, or as others than an arm's",
            "Write either attends: and a position class, or other_than: and an arm",
        )
    if "texts" in keys and "attends" not in keys:
        keys["texts"].problem("texts belongs to attends", "Remove texts:")
    other = keys["other_than"].value if "other_than" in keys else None
    if "other_than" in keys and other not in arms:
        keys["other_than"].problem(
            f"no arm {other!r}", f"Nearest: {nearest(str(other), tuple(arms))}"
        )
        other = None
    return HeadChoice(
        attends=keys["attends"].pattern(POSITIONS, "a position class, such as step_onset")
        if "attends" in keys
        else None,
        texts=keys["texts"].pattern(VARIANT, "a text variant, such as regulated")
        if "texts" in keys
        else None,
        other_than=other,
    )
