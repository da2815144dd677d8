"""The workspace's code that decides a claim's positions, bound as a builder's code is.

A claim that names functions (``positions: {code: models.positions:early_onset}``) has the import
closure of their modules in its lock under ``code``, and the libraries that they import under
``code_libraries``; a claim that names none has neither. It is the claim's and not the recipe's:
models are not trained anew when it changes.

Not covered: what the functions answer (``harness.subject.coded``).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harness.claim.schema import Claim
from harness.errors import ClaimsError
from harness.lock.closure import Walk, builder_closure
from harness.lock.libraries import libraries
from harness.lock.mentions import refuse_unlisted
from harness.subject.interface import Recipe
from harness.subject.patterns import code_of


def functions(claim: Claim) -> tuple[str, ...]:
    """``module:attribute`` of every function that decides positions, each once, sorted."""
    named = {code_of(site.positions) for site in claim.sites.values()}
    return tuple(sorted(name for name in named if name))


def modules(names: Iterable[str]) -> tuple[str, ...]:
    """The modules of functions, each once, sorted."""
    return tuple(sorted({name.partition(":")[0] for name in names}))


def code_walk(root: Path, claim: Claim) -> tuple[Walk, dict[str, str]]:
    """The closure of the claim's functions, and the walk that found it; empty where there are none.

    Raises :class:`ClaimsError` for code that no lock can bind.
    """
    walk = Walk((root,))
    wanted = modules(functions(claim))
    for module in wanted:
        if walk.find(module) is None:
            raise ClaimsError(
                f"the workspace has no module {module}",
                where=f"claims/{claim.id}.yaml",
                fix="Write code: as module:function of a file of the workspace",
            )
    return walk, walk.run(wanted)


def code_content(root: Path, claim: Claim, recipe: Recipe) -> dict[str, Any]:
    """What a registration binds of the claim's functions: nothing where it names none.

    Raises :class:`ClaimsError` as :func:`code_walk`, and for data that the code names and the
    recipe does not list.
    """
    if not functions(claim):
        return {}
    walk, code = code_walk(root, claim)
    refuse_unlisted(root, recipe, walk)
    found = {"code": code, "code_libraries": libraries(walk.libraries, root)}
    return {name: value for name, value in found.items() if value}


def measuring_closure(root: Path, recipe: Recipe, claim: Claim) -> dict[str, str]:
    """All code of the workspace that measuring the claim rests on: builder's and positions'."""
    return {**builder_closure(root, recipe), **code_walk(root, claim)[1]}
