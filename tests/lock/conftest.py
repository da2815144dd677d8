"""The tiny workspace as a fixture, fresh for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lock.workspace import make


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace with two claims, nothing locked."""
    return make(tmp_path)
