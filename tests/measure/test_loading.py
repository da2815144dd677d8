"""A builder is loaded from the source that was bound, and from nothing beside it."""

from __future__ import annotations

import importlib.util
import os
import py_compile
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import ClaimsError
from harness.lock.closure import builder_walk
from harness.measure import loading
from harness.measure.loading import BoundFinder, load_builder
from harness.subject.interface import Recipe

RECIPE = Recipe("r", "models/r.yaml", "subjects.maker:Maker", {}, ())
MAKER = "from subjects.part import size\n\n\nclass Maker:\n    def __init__(self, recipe):\n"
MAKER += "        self.size = size()\n\n    def later(self, name):\n        LATER\n"
PART = "def size():\n    return 1\n"


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A workspace whose builder has two modules; the process forgets them afterwards."""
    place, path, meta = tmp_path / "study", list(sys.path), list(sys.meta_path)
    write(place, "subjects/__init__.py", "")
    write(place, "subjects/maker.py", MAKER.replace("LATER", "from subjects import part"))
    write(place, "subjects/part.py", PART)
    yield place
    sys.path[:], sys.meta_path[:] = path, meta
    for name in [n for n in sys.modules if n.partition(".")[0] == "subjects"]:
        del sys.modules[name]


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def size(root: Path) -> int:
    return load_builder(root, RECIPE).size  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("mode", ["TIMESTAMP", "UNCHECKED_HASH"])
def test_bytecode_beside_a_module_is_not_run(root: Path, mode: str) -> None:
    """Forged to look as old as its source, or never checked at all."""
    source = root / "subjects/part.py"
    forged = root / "forged.py"
    forged.write_text(PART.replace("1", "2"))
    os.utime(forged, (source.stat().st_atime, source.stat().st_mtime))
    py_compile.compile(
        str(forged),
        cfile=importlib.util.cache_from_source(str(source)),
        invalidation_mode=py_compile.PycInvalidationMode[mode],
    )
    assert size(root) == 1


def test_an_edit_is_seen_in_the_same_process(root: Path) -> None:
    """What is cached under the new code's digest is what the new code makes."""
    assert size(root) == 1
    write(root, "subjects/part.py", PART.replace("1", "3"))
    assert size(root) == 3


def test_the_same_code_is_loaded_once(root: Path) -> None:
    """Comments may come: classes keep their identity."""
    one = type(load_builder(root, RECIPE))
    write(root, "subjects/part.py", f"# a comment\n{PART}")
    assert type(load_builder(root, RECIPE)) is one


def test_modules_loaded_beforehand_are_loaded_again(root: Path) -> None:
    """A process that has imported a module from bytecode does not measure with it."""
    sys.path.insert(0, str(root))
    part = importlib.import_module("subjects.part")
    part.size = lambda: 4
    assert size(root) == 1


def test_a_module_that_is_not_bound_is_not_there(root: Path) -> None:
    """It cannot be named in the closure's code, and is not found by other means."""
    write(root, "subjects/other.py", "x = 1\n")
    load_builder(root, RECIPE)
    with pytest.raises(ModuleNotFoundError, match=r"subjects\.other is not among"):
        importlib.import_module("subjects.other")
    write(root, "subjects/part.py", "from subjects import other\n" + PART)
    assert size(root) == 1
    assert importlib.import_module("subjects.other").x == 1


def test_code_that_changes_while_it_is_loaded_is_refused(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What runs is what was hashed."""

    def late(*args: object) -> object:
        found = builder_walk(*args)  # type: ignore[arg-type]
        write(root, "subjects/part.py", PART.replace("1", "5"))
        return found

    monkeypatch.setattr(loading, "builder_walk", late)
    with pytest.raises(ClaimsError, match=r"subjects\.part changed while it was loaded"):
        load_builder(root, RECIPE)


def test_a_package_without_init_is_loaded(root: Path) -> None:
    """A namespace package, as the closure follows it."""
    (root / "subjects/__init__.py").unlink()
    assert size(root) == 1
    assert size(root) == 1


def test_one_finder_is_in_place(root: Path) -> None:
    """Loading many builders leaves one."""
    for _ in range(3):
        load_builder(root, RECIPE)
    assert sum(isinstance(one, BoundFinder) for one in sys.meta_path) == 1
    assert str(root) not in sys.path[:1]
