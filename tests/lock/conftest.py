"""The tiny workspace as fixtures, fresh for each test: unlocked, and locked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.lock.register import register
from tests.lock.workspace import make


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace with two claims, nothing locked."""
    return make(tmp_path)


@pytest.fixture(scope="session")
def _registered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = make(tmp_path_factory.mktemp("registered"))
    register(place, ["first", "second"])
    return place


@pytest.fixture
def locked_root(_registered: Path, tmp_path: Path) -> Path:
    """The same workspace with both claims registered together."""
    place = tmp_path / "workspace"
    shutil.copytree(_registered, place)
    return place
