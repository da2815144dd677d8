"""Rules about recipes that must not lock: a seed among the parameters.

Confirmatory seeds are derived from the registration. A seed that the author wrote could be tried
out first, so none is accepted under any name that says so, at any depth of any ``params``.

Not covered: a seed under a name that does not say so, or written into the builder's code; both are
bound, and can be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from harness.lock.refusal import Refusal, refusal
from harness.subject.interface import Recipe

SEED = re.compile(r"(?i:seeds?)(?![a-z])|(?i:random_?state)")
"""``seed``, ``data_seed``, ``seedOffset``; not ``seeded``, not ``seedling``."""


def seed_rules(recipe: Recipe) -> Iterator[Refusal]:
    """A refusal for each parameter that is called a seed."""
    places: list[tuple[str, Any]] = [("params", recipe.params)]
    places += [(f"roles.{role.name}.params", role.params) for role in recipe.roles]
    if recipe.dictionaries is not None:
        places.append(("dictionaries.params", recipe.dictionaries.params))
    while places:
        path, value = places.pop(0)
        if isinstance(value, list | tuple):
            places += [(f"{path}[{n}]", one) for n, one in enumerate(value)]
        if not isinstance(value, dict):
            continue
        for key, inner in value.items():
            at = f"{path}.{key}"
            if SEED.search(str(key)):
                yield refusal(
                    "recipe-seed",
                    f"{recipe.file}: {at}",
                    "seeds are not the author's to choose: the builder is handed one by the "
                    "harness, derived from the registration",
                )
            else:
                places.append((at, inner))
