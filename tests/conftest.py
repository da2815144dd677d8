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

LONG = (
    *("cli/test_sequential_chain.py", "attacks/test_faults.py", "plugin/test_workers.py"),
    *("attacks/test_hostile_records.py", "known_truth/test_handmade.py", "measure/test_kill.py"),
    *("verdict/test_stopping.py", "attacks/test_pytest.py", "attacks/test_binding.py"),
    *("attacks/test_outcomes.py", "attacks/test_hostile_text.py", "cli/test_chain.py"),
    *("cli/test_versions.py", "fuzz/test_fuzz.py", "known_truth/test_false_pass.py"),
)
"""Files that take half a minute or more, longest first: workers take whole files in order, and one
of these at the end would leave the others idle."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, the others in their order."""
    place = {REPOSITORY / "tests" / name: n for n, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.path, len(place)))


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
