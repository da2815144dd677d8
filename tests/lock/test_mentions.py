"""A path that the builder or the recipe names, and that exists, has to be given."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.errors import ClaimsError
from harness.lock.closure import builder_walk
from harness.lock.mentions import refuse_unlisted
from harness.subject.recipe import load_recipe
from tests.lock.workspace import RECIPE, edit, write


def check(root: Path) -> None:
    recipe = load_recipe(root, "models/tiny.yaml")
    refuse_unlisted(root, recipe, builder_walk(root, recipe)[0])


@pytest.fixture
def base(root: Path) -> Path:
    """A workspace with weights and a folder of data."""
    write(root, "models/base/w.safetensors", "w")
    write(root, "models/words.txt", "calm")
    return root


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("models/base/w.safetensors", "models/base/w.safetensors"),
        ("./models/base", "models/base"),
        ("models/base/", "models/base"),
        ("base/", "models/base"),
        ("words.txt", "models/words.txt"),
    ],
)
def test_a_path_in_code_or_parameters_has_to_be_given(base: Path, text: str, path: str) -> None:
    """From the workspace's root or from the module's folder; named by line, or by the recipe."""
    edit(base, "models/helper.py", "return 2 * x", f"return 2 * len({text!r})")
    with pytest.raises(ClaimsError, match=rf"models/helper.py:2: names {re.escape(path)}, which"):
        check(base)
    write(base, "models/tiny.yaml", f"{RECIPE}given: [{path}]\n")
    check(base)
    edit(base, "models/helper.py", repr(text), "'x'")
    write(base, "models/tiny.yaml", RECIPE.replace("width: 4", f"start: [{{at: {text}}}]"))
    with pytest.raises(ClaimsError, match=rf"models/tiny.yaml: names {re.escape(path)}, which"):
        check(base)


@pytest.mark.parametrize(
    "text",
    ["base", "models", "models/none.txt", "../study", "/etc/passwd", "models/helper.py", "claims/",
     "models/tiny.yaml", "a\x00b", "calm words", "/", "models/"],
)  # fmt: skip
def test_words_that_name_no_data_are_free(base: Path, text: str) -> None:
    """Code, folders of code, what does not exist, what lies outside."""
    edit(base, "models/helper.py", "return 2 * x", f"return 2 * len({text!r})")
    check(base)


def test_the_recipes_of_the_repository_name_nothing(repository: Path) -> None:
    """Their models come from nothing but their code."""
    for path in sorted((repository / "models").glob("*.yaml")):
        recipe = load_recipe(repository, f"models/{path.name}")
        refuse_unlisted(repository, recipe, builder_walk(repository, recipe)[0])
