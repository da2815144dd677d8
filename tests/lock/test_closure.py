"""The import closure: every helper is in it, nothing is run, and holes are refused."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from harness.errors import ClaimsError
from harness.lock.closure import APART, EVALUATOR, builder_closure, closure, evaluator_closure
from harness.subject.recipe import load_recipe
from tests.lock.workspace import edit, write

START = ["models.tiny"]


def test_a_helper_one_import_away_is_caught(root: Path) -> None:
    """tiny imports data, data imports helper: the helper is bound, and a change of it shows."""
    before = closure(root, START)
    assert list(before) == ["models", "models.data", "models.helper", "models.tiny"]
    edit(root, "models/helper.py", "2 * x", "2 * x + 1")
    after = closure(root, START)
    assert {k for k in after if after[k] != before[k]} == {"models.helper"}


def test_comments_layout_and_docstrings_change_nothing(root: Path) -> None:
    """Python may be reformatted and documented after locking."""
    before = closure(root, START)
    edit(root, "models/helper.py", "  # twice", "\n\n\n# doubled")
    edit(root, "models/tiny.py", '"""Builds."""', '"""Builds the tiny subject."""')
    write(root, "models/__init__.py", "# Subjects.\n")
    assert closure(root, START) == before


def test_docstrings_count_as_soon_as_workspace_code_reads_them(root: Path) -> None:
    """A parameter hidden in a docstring is a parameter."""
    edit(root, "models/helper.py", "return 2 * x", "return len(double.__doc__ or '') * x")
    before = closure(root, START)
    edit(root, "models/data.py", "return helper", '"""Longer."""\n    return helper')
    assert closure(root, START) != before


@pytest.mark.parametrize(
    "line",
    [
        "import models.extra",
        "import models.extra as e",
        "from models import extra",
        "from models.extra import nothing",
        "from . import extra",
        "from .extra import nothing as n",
        "from models import *",
        "def later():\n    import models.extra",
        "if False:\n    from models import extra",
        "try:\n    from . import extra\nexcept ImportError:\n    extra = None",
    ],
)
def test_every_way_to_import_a_module_is_followed(root: Path, line: str) -> None:
    """Absolute, relative, submodule, star with __all__, inside functions and conditions."""
    write(root, "models/extra.py", "nothing = 0\n")
    write(root, "models/__init__.py", '__all__ = ["extra"]\n')
    edit(root, "models/data.py", "from . import helper\n", f"from . import helper\n{line}\n")
    assert "models.extra" in closure(root, START)


def test_packages_on_the_way_belong_to_it(root: Path) -> None:
    """Python runs models/__init__ and models/sub/__init__ before models.sub.part."""
    write(root, "models/sub/__init__.py", "x = 1\n")
    write(root, "models/sub/part.py", "from .. import helper\n")
    assert list(closure(root, ["models.sub.part"])) == [
        "models",
        "models.helper",
        "models.sub",
        "models.sub.part",
    ]


def test_a_package_without_init_is_followed_too(root: Path) -> None:
    """A namespace package has no file of its own; its modules have."""
    (root / "models/__init__.py").unlink()
    assert list(closure(root, START)) == ["models.data", "models.helper", "models.tiny"]


def test_circles_end(root: Path) -> None:
    """Modules that import each other are each bound once."""
    write(root, "models/helper.py", "from models import tiny\n\ndef double(x):\n    return x\n")
    assert list(closure(root, START)) == ["models", "models.data", "models.helper", "models.tiny"]


def test_harness_modules_that_the_builder_rests_on_are_bound(root: Path) -> None:
    """The decoder that a builder trains lives in the harness."""
    edit(root, "models/tiny.py", "from models.data", "from harness import errors\nfrom models.data")
    assert {"harness", "harness.errors"} <= set(closure(root, START))


def test_libraries_are_not_followed_but_shadows_are(root: Path) -> None:
    """json is a library, until the workspace has a json.py, which then comes first."""
    edit(root, "models/data.py", "from . import helper", "import json\nfrom . import helper")
    assert "json" not in closure(root, START)
    write(root, "json.py", "def dumps(x):\n    return ''\n")
    assert "json" in closure(root, START)


def test_nothing_is_run(root: Path) -> None:
    """Reading the closure of a module that would explode on import is safe."""
    edit(root, "models/data.py", "from . import helper", "from . import helper\nraise SystemExit")
    before = set(sys.modules)
    assert "models.data" in closure(root, START)
    assert not any(name.startswith("models") for name in set(sys.modules) - before)


@pytest.mark.parametrize(
    ("line", "where", "what"),
    [
        ("import models.missing", "models/data.py:2", "models.missing"),
        ("from models.missing import x", "models/data.py:2", "models.missing"),
        ("from .missing import x", "models/data.py:2", "models.missing"),
        ("import harness.missing", "models/data.py:2", "harness.missing"),
        ("from ... import x", "models/data.py:2", "leaves its package"),
        ("x = (", "models/data.py:2", "not Python"),
    ],
)
def test_a_missing_or_broken_module_is_named_with_its_line(
    root: Path, line: str, where: str, what: str
) -> None:
    """File, line and name, so that it can be mended at once."""
    edit(root, "models/data.py", "from . import helper\n", f"from . import helper\n{line}\n")
    with pytest.raises(ClaimsError, match=what) as caught:
        closure(root, START)
    assert caught.value.where == where


@pytest.mark.parametrize(
    "line",
    [
        "import importlib",
        "from importlib import import_module as harmless",
        "import importlib.util",
        "__import__('os')",
        "f = __import__",
        "exec('x = 1')",
        "x = eval('1')",
        "c = compile('1', '', 'eval')",
        "import runpy",
        "import builtins",
        "import sys; sys.path.append('/elsewhere')",
        "from sys import path",
        "import sys; sys.modules['x'] = None",
        "__builtins__['exec']",
    ],
)
def test_imports_by_name_are_refused_in_the_workspace(root: Path, line: str) -> None:
    """What cannot be read cannot be bound, so it cannot be locked."""
    edit(root, "models/helper.py", "def double", f"{line}\n\n\ndef double")
    with pytest.raises(ClaimsError, match="cannot be read, so no lock can bind it") as caught:
        closure(root, START)
    assert caught.value.where == "models/helper.py:1"


@pytest.mark.parametrize(
    "line",
    [
        "from importlib.metadata import version",
        "import re; p = re.compile('x')",
        "def f(model): model.eval()",
        "import sys; sys.exit",
    ],
)
def test_their_innocent_neighbours_are_not(root: Path, line: str) -> None:
    """The same words where they run nothing that is not written."""
    edit(root, "models/helper.py", "def double", f"{line}\n\n\ndef double")
    assert "models.helper" in closure(root, START)


def test_a_compiled_module_is_refused(root: Path) -> None:
    """It would be found before the source beside it."""
    (root / f"models/helper{EXTENSION_SUFFIXES[0]}").write_bytes(b"")
    with pytest.raises(ClaimsError, match="compiled module"):
        closure(root, START)


def test_a_module_behind_a_symbolic_link_is_refused(root: Path, tmp_path: Path) -> None:
    """A link can change what it names after locking."""
    real = root / "models/helper.py"
    moved = root / "helper-elsewhere.py"
    real.rename(moved)
    real.symlink_to(moved)
    with pytest.raises(ClaimsError, match="symbolic link"):
        closure(root, START)


def test_the_builder_must_exist(root: Path) -> None:
    """A recipe whose builder is nowhere says so and names the recipe."""
    recipe = load_recipe(root, "models/tiny.yaml")
    assert list(builder_closure(root, recipe)) == list(closure(root, START))
    with pytest.raises(ClaimsError, match=r"models/tiny.yaml: .*models.tin:Tiny"):
        builder_closure(root, replace(recipe, builder="models.tin:Tiny"))


def test_the_evaluator_is_bound_whole_and_without_what_only_shows(root: Path) -> None:
    """Runner, readouts, statistics and judge are in it; cli, report and record keeping are not."""
    found = evaluator_closure()
    assert set(EVALUATOR) <= set(found)
    assert {"harness.plan.seeds", "harness.stats.one_sample", "harness.claim.schema"} <= set(found)
    assert not [name for name in found if name.startswith(APART)]
    assert evaluator_closure(root) == found


def test_a_workspace_file_that_shadows_a_library_of_the_evaluator_is_bound(root: Path) -> None:
    """A scipy.py in the workspace's root would be imported in scipy's place."""
    write(root, "scipy.py", "stats = None\n")
    assert set(evaluator_closure(root)) - set(evaluator_closure()) == {"scipy"}
