"""No recipe names a seed, under whatever name and however deep."""

from __future__ import annotations

from typing import Any

import pytest

from harness.lock.lint_recipe import seed_rules
from harness.lock.refusal import RULES
from harness.subject.interface import DictionarySpec, Recipe, RoleSpec


def refused(params: Any, where: str = "params") -> list[str]:
    places: dict[str, Any] = {"params": {}, "roles": {}, "dictionaries": {}} | {where: params}
    recipe = Recipe(
        id="r",
        file="models/r.yaml",
        builder="models.r:R",
        params=places["params"],
        roles=(RoleSpec("standard"), RoleSpec("regulation", places["roles"])),
        dictionaries=DictionarySpec(("standard",), (), places["dictionaries"]),
    )
    return [one.where for one in seed_rules(recipe)]


@pytest.mark.parametrize(
    "key",
    ["seed", "seeds", "SEED", "data_seed", "seed_offset", "random_state", "randomState", "rng-seed",
     "seed2", "reseed", "trainSeed", "seedOffset"],
)  # fmt: skip
def test_a_parameter_that_is_called_a_seed_is_refused(key: str) -> None:
    """The harness hands the builder its seed."""
    assert refused({key: 1}) == [f"models/r.yaml: params.{key}"]


@pytest.mark.parametrize(
    "key", ["seeded", "seedlings", "speed", "proceed", "state", "random", "rng"]
)
def test_words_that_only_look_alike_are_free(key: str) -> None:
    """A word list of plants is no seed."""
    assert refused({key: 1}) == []


@pytest.mark.parametrize(
    ("where", "params", "path"),
    [
        ("params", {"a": {"b": [{"c": 1}, {"seed": 2}]}}, "params.a.b[1].seed"),
        ("roles", {"training": {"seed": 2}}, "roles.regulation.params.training.seed"),
        ("dictionaries", {"seed": None}, "dictionaries.params.seed"),
    ],
)
def test_every_depth_of_every_params_is_looked_into(where: str, params: Any, path: str) -> None:
    """Recipe, roles, dictionaries, lists in mappings."""
    assert refused(params, where) == [f"models/r.yaml: {path}"]


def test_no_sentence_waives_it() -> None:
    """There is no reason to choose a seed."""
    assert RULES["recipe-seed"].waivable is False
