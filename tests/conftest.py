"""What every test shares: one thread, a short hypothesis profile, and a workspace to play in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

collect_ignore = ["known_truth/handmade"]
"""A workspace that tests copy and run: its claims are not claims of this repository."""

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before anything imports torch or numpy

pytest_plugins = ["pytester", "tests.witnesses"]

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of this repository."""
    return REPOSITORY


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace as ``claims init`` makes it; not to be written to."""
    from harness.cli import main

    root = tmp_path_factory.mktemp("init") / "study"
    assert main(["init", str(root)]) == 0
    return root
