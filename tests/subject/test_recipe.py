"""Recipes: what is accepted, what is refused, and what a lock keeps of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.digest import canonical, digest
from harness.errors import BadInput, UnknownName
from harness.subject.interface import DictionarySpec, Recipe, RoleSpec
from harness.subject.recipe import load_recipe, recipe_from_json, recipe_to_json

TEXT = """\
schema: causal-claims/recipe/1
id: tiny
builder: models.tiny:Tiny
params: {width: 8, rate: 1e-3, on: yes}
roles:
  standard: {params: {kind: plain}}
  regulation: {}
  words: {params: {kind: words}, replicates: 3}
  tuned: {parent: standard, params: {steps: 4}}
dictionaries:
  roles: [standard, regulation]
  hooks: [blocks.1.hook_resid_post, blocks.0.attn.hook_z]
  params: {width: 16}
"""


def load(root: Path, text: str = TEXT) -> Recipe:
    """The recipe of a text, in a workspace that has its builder."""
    (root / "models").mkdir(exist_ok=True)
    (root / "models" / "tiny.py").write_text('raise RuntimeError("never imported")\n')
    (root / "models" / "tiny.yaml").write_text(text, encoding="utf-8")
    return load_recipe(root, "models/tiny.yaml")


def test_a_recipe_is_read_as_written(tmp_path: Path) -> None:
    """Roles keep their order; parameters keep their types; the builder is not imported."""
    recipe = load(tmp_path)
    assert [r.name for r in recipe.roles] == ["standard", "regulation", "words", "tuned"]
    assert recipe.params == {"width": 8, "rate": 0.001, "on": "yes"}
    assert recipe.role("words").replicates == 3
    assert recipe.role("tuned").parent == "standard"
    assert recipe.dictionaries is not None
    assert recipe.dictionaries.hooks[1] == "blocks.0.attn.hook_z"
    assert recipe.file == "models/tiny.yaml"
    with pytest.raises(UnknownName, match="Nearest roles: standard"):
        recipe.role("standart")


def test_the_recipes_of_the_repository_are_accepted(repository: Path) -> None:
    """Every recipe in ``models/`` can be read and survives JSON."""
    paths = sorted((repository / "models").glob("*.yaml"))
    assert paths
    for path in paths:
        recipe = load_recipe(repository, f"models/{path.name}")
        assert recipe_from_json(json.loads(canonical(recipe_to_json(recipe)))) == recipe


DEFECTS = {
    "schema-of-another-thing": ("recipe/1", "claim/1", "schema", "causal-claims/recipe/1"),
    "unknown-key": ("id: tiny", "id: tiny\nseed: 3", "seed", "unknown key"),
    "no-builder": ("builder: models.tiny:Tiny\n", "", "", "Add builder:"),
    "builder-without-attribute": (":Tiny", "", "builder", "module:attribute"),
    "builder-is-a-path": ("models.tiny:", "models/tiny.py:", "builder", "module:attribute"),
    "builder-climbs": ("models.tiny:", "..tiny:", "builder", "module:attribute"),
    "builder-is-absent": ("models.tiny:", "models.large:", "builder", "models/large.py"),
    "builder-is-installed": ("models.tiny:Tiny", "os.path:join", "builder", "no module os/path.py"),
    "role-in-capitals": ("  regulation: {}", "  Regulation: {}", "roles.Regulation", "lower-case"),
    "role-called-host": ("  regulation: {}", "  host: {}", "roles.host", "cannot be called"),
    "role-with-unknown-key": ("  regulation: {}", "  regulation: {seed: 1}",
                              "roles.regulation.seed", "parent"),
    "role-is-a-list": ("  regulation: {}", "  regulation: []", "roles.regulation", "a mapping"),
    "parent-unknown": ("parent: standard", "parent: standart", "roles.tuned.parent", "standard"),
    "own-parent": ("parent: standard", "parent: tuned", "roles.tuned", "own ancestor"),
    "parents-in-a-circle": ("{params: {kind: plain}}", "{parent: tuned}", "roles.standard",
                            "own ancestor"),
    "parent-stops-early": ("parent: standard", "parent: words", "roles.tuned", "replicates: 3"),
    "replicates-zero": ("replicates: 3", "replicates: 0", "roles.words.replicates", "from 1"),
    "params-are-a-list": ("params: {width: 8, rate: 1e-3, on: yes}", "params: [8]", "params",
                          "a mapping"),
    "dictionary-of-nobody": ("roles: [standard, regulation]", "roles: [standard, nobody]",
                             "dictionaries.roles[1]", "Nearest"),
    "dictionary-twice": ("roles: [standard, regulation]", "roles: [standard, standard]",
                         "dictionaries.roles", "once"),
    "hook-misspelt": ("blocks.1.hook_resid_post", "block.1.resid_post", "dictionaries.hooks[0]",
                      "such as blocks.2.hook_resid_post"),
    "hook-without-layer": ("blocks.1.hook_resid_post", "blocks.hook_resid_post",
                           "dictionaries.hooks[0]", "such as blocks.2.hook_resid_post"),
}  # fmt: skip


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_reported_at_its_place(defect: str, tmp_path: Path) -> None:
    """Each defect is refused where it stands, in words that help."""
    old, new, path, words = DEFECTS[defect]
    assert TEXT.count(old) == 1
    with pytest.raises(BadInput) as caught:
        load(tmp_path, TEXT.replace(old, new))
    found = [(p.path, f"{p.what}. {p.fix}", p.file) for p in caught.value.problems]
    assert any(at == path and words in said for at, said, _ in found), found
    assert {file for _, _, file in found} == {"models/tiny.yaml"}


def test_a_builder_behind_a_link_is_refused(tmp_path: Path) -> None:
    """The file that a lock hashes is the file that is imported."""
    load(tmp_path)
    (tmp_path / "models" / "tiny.py").rename(tmp_path / "tiny.py")
    (tmp_path / "models" / "tiny.py").symlink_to(tmp_path / "tiny.py")
    with pytest.raises(BadInput, match="symbolic link"):
        load_recipe(tmp_path, "models/tiny.yaml")


def test_a_recipe_without_roles_builds_nothing(tmp_path: Path) -> None:
    """An empty family is refused."""
    text = TEXT[: TEXT.index("roles:")] + "roles: {}\n"
    with pytest.raises(BadInput, match="builds nothing"):
        load(tmp_path, text)


names = st.from_regex(r"[a-z][a-z0-9-]{0,6}[a-z0-9]", fullmatch=True).filter(
    lambda n: n not in ("host", "random", "union")
)
params = st.dictionaries(
    st.text("abc_ é", min_size=1, max_size=4),
    st.integers(-9, 9) | st.floats(-1e3, 1e3) | st.text("ab", max_size=3) | st.lists(st.booleans()),
    max_size=3,
)


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    """Any recipe that could have been read from a file."""
    found: list[RoleSpec] = []
    for name in draw(st.lists(names, min_size=1, max_size=4, unique=True)):
        parent = draw(st.sampled_from([None, *(r for r in found if r.replicates is None)]))
        cap = draw(st.sampled_from([None, 1, 8]))
        found.append(RoleSpec(name, draw(params), parent.name if parent else None, cap))
    hooks = draw(st.lists(st.integers(0, 99), min_size=1, max_size=3, unique=True))
    spec = DictionarySpec(
        tuple(draw(st.permutations([r.name for r in found]))),
        tuple(f"blocks.{n}.hook_resid_pre" for n in hooks),
        draw(params),
    )
    return Recipe(
        id=draw(names),
        file="models/any.yaml",
        builder="models.any:Any",
        params=draw(params),
        roles=tuple(found),
        dictionaries=draw(st.sampled_from([None, spec])),
    )


@settings(max_examples=100, deadline=None, derandomize=True)
@given(recipes())
def test_a_recipe_survives_the_way_through_its_digested_bytes(recipe: Recipe) -> None:
    """to JSON, to bytes and back gives an equal recipe with the same digest."""
    value = recipe_to_json(recipe)
    back = recipe_from_json(json.loads(canonical(value)))
    assert back == recipe
    assert digest(recipe_to_json(back)) == digest(value)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(recipes(), recipes())
def test_different_recipes_have_different_digests(one: Recipe, two: Recipe) -> None:
    """The digest forgets nothing, not even the order of roles."""
    assert (digest(recipe_to_json(one)) == digest(recipe_to_json(two))) == (one == two)


@pytest.mark.parametrize(
    ("key", "value"), [("extra", 1), ("roles", []), ("roles", [{"name": "A"}]), ("builder", "x")]
)
def test_a_hand_edited_value_is_refused(key: str, value: Any, tmp_path: Path) -> None:
    """What could not have come from a recipe is refused."""
    with pytest.raises(BadInput):
        recipe_from_json({**recipe_to_json(load(tmp_path)), key: value})
