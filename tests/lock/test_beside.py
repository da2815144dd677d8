"""Code that pytest loads beside the claims is bound; what shadows Python or the harness is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import harness
from harness.errors import ClaimsError
from harness.lock.beside import beside, refuse_shadows, shadows
from tests.lock.workspace import edit, write

Change = Callable[[Path], None]


@pytest.fixture
def full(root: Path) -> Path:
    """A workspace with everything that pytest may load."""
    write(root, "conftest.py", "import tools\nfrom models import helper\n")
    write(root, "tools.py", "import json\nx = 1\n")
    write(root, "claims/conftest.py", 'pytest_plugins = ["extra"]\nimport near\n')
    write(root, "claims/near.py", "y = 1\n")
    write(root, "extra.py", "z = 1\n")
    write(root, "lib/plug.py", "p = 1\n")
    write(root, "claims/sub/test_more.py", "def test_x(): pass\n")
    write(root, "claims/test-odd.py", "def test_y(): pass\n")
    options = "addopts = -q -p plug -p no:cacheprovider"
    write(root, "pytest.ini", f"[pytest]\n{options}\npythonpath = lib\n")
    return root


def test_conftests_their_imports_plugins_and_settings_are_bound(full: Path) -> None:
    """Through imports, pytest_plugins, -p, and every Python file of claims/."""
    assert set(beside(full)) == {
        "claims/conftest.py",
        "claims/near.py",
        "claims/sub/test_more.py",
        "claims/test-odd.py",
        "conftest.py",
        "extra.py",
        "lib/plug.py",
        "models/__init__.py",
        "models/helper.py",
        "pytest.ini",
        "tools.py",
    }


def test_a_workspace_without_any_binds_nothing(root: Path) -> None:
    """And settings that load no code are nobody's business."""
    assert beside(root) == {}
    write(root, "pyproject.toml", '[tool.pytest.ini_options]\nmarkers = ["slow"]\n')
    write(root, "setup.cfg", "[metadata]\nname = x\n")
    assert beside(root) == {}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("conftest.py", "import tools", "import tools\ntools.x = 2"),
        ("tools.py", "x = 1", "x = 2"),
        ("claims/near.py", "y = 1", "y = 2"),
        ("extra.py", "z = 1", "z = 2"),
        ("lib/plug.py", "p = 1", "p = 2"),
        ("claims/sub/test_more.py", "pass", "x"),
        ("pytest.ini", "-q", "-q -p tools"),
        ("pytest.ini", "= lib", "= lib models"),
    ],
)
def test_a_change_of_any_is_named_by_its_file(full: Path, file: str, old: str, new: str) -> None:
    """One file, one digest."""
    before = beside(full)
    edit(full, file, old, new)
    after = beside(full)
    assert {n for n in after if after[n] != before.get(n)} == {file}


def test_comments_layout_and_other_settings_are_free(full: Path) -> None:
    """As everywhere else."""
    before = beside(full)
    edit(full, "conftest.py", "import tools", '"""Shared."""\n\nimport tools  # for all')
    edit(full, "pytest.ini", "pythonpath = lib", "# plug\npythonpath = lib\nmarkers = slow")
    assert beside(full) == before


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pytest.ini", "[pytest]\naddopts = -p tools\n"),
        (".pytest.ini", "[pytest]\naddopts = -p tools\n"),
        ("tox.ini", "[pytest]\naddopts = -p tools\n"),
        ("setup.cfg", "[tool:pytest]\naddopts = -ptools\n"),
        ("pytest.toml", '[pytest]\naddopts = ["-p", "tools"]\n'),
        ("pyproject.toml", '[tool.pytest]\naddopts = ["-p", "tools"]\n'),
        ("pyproject.toml", '[tool.pytest.ini_options]\naddopts = "-p tools"\n'),
        ("claims/pytest.ini", "[pytest]\naddopts = -p tools\n"),
    ],
)
def test_settings_are_read_wherever_pytest_finds_them(root: Path, name: str, text: str) -> None:
    """Each of its files, in claims/ and above, and the plugin that it names."""
    write(root, "tools.py", "x = 1\n")
    write(root, name, text)
    assert set(beside(root)) == {name, "tools.py"}


def test_settings_that_cannot_be_read_are_bound_by_their_bytes(root: Path) -> None:
    """pytest may read what we do not."""
    write(root, "tox.ini", "addopts without a section\n")
    before = beside(root)
    write(root, "tox.ini", "addopts without any section\n")
    assert set(beside(root)) == {"tox.ini"}
    assert beside(root) != before


@pytest.mark.parametrize("file", ["conftest.py", "claims/conftest.py", "tools.py"])
def test_a_conftest_that_imports_by_name_is_refused(full: Path, file: str) -> None:
    """What it loads cannot be bound; tests/conftest.py is its place."""
    write(full, file, "import importlib\n")
    with pytest.raises(ClaimsError, match="no lock can bind it") as caught:
        beside(full)
    assert caught.value.where == f"{file}:1"


def test_a_conftest_may_read_the_environment(root: Path) -> None:
    """It is bound as it is; what is asked of builders is not asked of it."""
    write(
        root, "conftest.py", "import os\nimport pytest\nimport harness.verdict\nos.getenv('CI')\n"
    )
    assert set(beside(root)) == {"conftest.py"}


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("sitecustomize.py", "start of every Python process"),
        ("usercustomize/__init__.py", "start of every Python process"),
        ("harness/__init__.py", "in place of the evaluator"),
        ("harness.py", "in place of the evaluator"),
        ("json.py", "in place of Python's own module"),
        ("random/__init__.py", "in place of Python's own module"),
        ("statistics.pyc", "in place of Python's own module"),
    ],
)
def test_what_is_loaded_unasked_or_instead_is_refused(root: Path, file: str, words: str) -> None:
    """By its path, with what would go wrong."""
    refuse_shadows(root)
    write(root, file, "")
    with pytest.raises(ClaimsError, match=words):
        refuse_shadows(root)
    assert len(shadows(root)) == 1


@pytest.mark.parametrize(
    "file", ["harness/notes.txt", "test/__init__.py", "tools/json.py", "jsonl.py", "json/data.txt"]
)
def test_what_shadows_nothing_is_free(root: Path, file: str) -> None:
    """Folders of data, names that only look alike, modules in packages."""
    write(root, file, "")
    assert shadows(root) == {}


def test_the_harness_itself_may_lie_in_its_workspace(
    repository: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This repository is a workspace too: its harness/ is the one that runs; a copy is not."""
    assert shadows(repository) == {}
    write(root, "harness/__init__.py", "")
    assert set(shadows(root)) == {"harness/"}
    monkeypatch.setattr(harness, "__file__", str(root / "harness/__init__.py"))
    assert shadows(root) == {}
