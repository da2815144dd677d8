"""A workspace with one claim of each kind, registered and judged once for all tests here."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli import main
from tests import toy_workspace as toy

REGISTERED = ("good", "bad", "ill")


@pytest.fixture(scope="session")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``good`` is PASS, ``bad`` FAIL, ``ill`` INVALID, ``free`` not registered; do not write."""
    root = toy.make(
        tmp_path_factory.mktemp("judged"),
        good=toy.claim("good"),
        bad=toy.claim("bad", margin=20.0),
        ill=toy.claim("ill", health=0.005),
        free=toy.claim("free"),
    )
    place = ["--workspace", str(root)]
    assert main([*place, "lock", *REGISTERED]) == 0
    assert main([*place, "run", *REGISTERED, "--pytest=-q"]) == 3
    return root
