"""Code that decides positions is bound by the lock, as a builder's code is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cli.check import check_one
from harness.errors import ClaimsError
from harness.lock.compare import compare
from harness.lock.register import register
from harness.lock.stored import load_lock
from harness.measure.job import exploration_job
from tests.lock.workspace import edit, make, write

PLACE = "from models import helper\nfrom models.more import few\n\n\ndef early(tokens, task):\n"
PLACE += "    return few(tokens)  # the first\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two claims: the first names a function, the second does not."""
    place = make(tmp_path / "study")
    write(place, "models/place.py", PLACE)
    write(place, "models/more.py", "def few(tokens):\n    return tokens == 2\n")
    edit(
        place, "claims/first.yaml", "positions: step_onset", "positions: {code: models.place:early}"
    )
    return place


def differences(root: Path, claim: str = "first") -> dict[str, bool]:
    return {d.field: d.breaks_record for d in compare(root, load_lock(root, claim))}


def test_the_lock_of_the_claim_has_the_closure_of_its_functions(root: Path) -> None:
    """And only its own; a claim without has no such part, as before there was one."""
    register(root, ["first", "second"])
    first, second = (json.loads((root / f"claims/{n}.lock.json").read_text())
                     for n in ("first", "second"))  # fmt: skip
    assert {"models", "models.place", "models.more", "models.helper"} == set(first["code"])
    assert "code" not in second
    assert "models.more" not in first["builder"]
    assert differences(root) == differences(root, "second") == {}


def test_a_change_of_the_code_breaks_the_record(root: Path) -> None:
    """By module; comments are free, and the other claim is as it was."""
    register(root, ["first", "second"])
    edit(root, "models/place.py", "# the first", "# or others")
    assert differences(root) == {}
    edit(root, "models/more.py", "== 2", "== 3")
    assert differences(root) == {"code.models.more": True}
    assert differences(root, "second") == {}
    (root / "models/more.py").unlink()
    assert differences(root) == {"code": True}


def test_another_function_or_module_is_named(root: Path) -> None:
    """The function's name is part of the claim."""
    write(root, "models/place.py", PLACE + "\n\ndef late(tokens, task):\n    return tokens == 3\n")
    register(root, ["first"])
    edit(root, "claims/first.yaml", "place:early", "place:late")
    assert differences(root) == {"claim.sites.onset.positions.code": True}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("from models import helper", "import importlib", "importlib"),
        ("from models.more", "from models.none", "models.none"),
        ("# the first", '+ len("models/given.safetensors")', "is not given"),
    ],
)
def test_code_that_no_lock_can_bind_is_refused(root: Path, old: str, new: str, words: str) -> None:
    """Imports by name, modules that are not there, data that is named and not given."""
    edit(root, "models/place.py", old, new)
    with pytest.raises(ClaimsError, match=words):
        register(root, ["first"])


def test_libraries_of_the_code_are_bound_by_their_version(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As those of a builder."""
    edit(root, "models/more.py", "def few", "import yaml\n\n\ndef few")
    register(root, ["first"])
    lock = json.loads((root / "claims/first.lock.json").read_text())
    assert set(lock["code_libraries"]) == {"yaml"}
    monkeypatch.setattr("harness.lock.libraries._version", lambda name, root: "0")
    assert differences(root) == {"code_library.yaml": False}


def test_an_exploration_is_of_the_code_as_it_stands(root: Path) -> None:
    """Another function, another folder; nothing changes for a claim that names none."""
    before = [exploration_job(root, name).folder for name in ("first", "second")]
    edit(root, "models/more.py", "== 2", "== 3")
    after = [exploration_job(root, name).folder for name in ("first", "second")]
    assert before[0] != after[0]
    assert before[1] == after[1]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("models.nowhere:early", "no module models/nowhere.py"),
        ("models.place:earl", "nearest: early"),
        ("harness.errors:nearest", "no module harness/errors.py"),
    ],
)
def test_a_check_finds_a_function_that_is_not_there(root: Path, name: str, words: str) -> None:
    """At its line of the claim, without running anything."""
    write(root, "models/place.py", PLACE + "\n\nraise SystemExit\n")
    assert check_one(root, "first").problems == []
    edit(root, "claims/first.yaml", "models.place:early", name)
    (problem,) = check_one(root, "first").problems
    assert words in problem.what
    assert problem.path == "sites.onset.positions.code"
    assert problem.line > 0
