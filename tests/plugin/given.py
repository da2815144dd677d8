"""Fixtures: copies of workspaces of which a plain, strict run reports everything.

A test module that uses them names this module in ``pytest_plugins``.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.plugin.inner import FAILS, HEAD, Inner
from tests.plugin.studies import study


@pytest.fixture(scope="session")
def _passing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return study(tmp_path_factory.mktemp("passing"), also=1.0, good=1.0)


@pytest.fixture(scope="session")
def _refuted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return study(tmp_path_factory.mktemp("refuted"), bad=20.0)


_clean: set[Path] = set()


def _inner(pytester: pytest.Pytester, original: Path, **outcomes: int) -> Inner:
    """A copy to tamper with; that the original reports everything is shown once."""
    if original not in _clean:
        result = Inner(pytester, original).strict()
        result.assert_outcomes(**outcomes)
        assert HEAD not in result.stdout.str()
        assert FAILS not in result.stdout.str()
        assert result.ret == (1 if "failed" in outcomes else 0)
        _clean.add(original)
    root = pytester.path / "study"
    shutil.copytree(original, root)
    return Inner(pytester, root)


@pytest.fixture
def inner(pytester: pytest.Pytester, _passing: Path) -> Inner:
    """Two claims that are PASS: 12 items."""
    return _inner(pytester, _passing, passed=12)


@pytest.fixture
def refuted(pytester: pytest.Pytester, _refuted: Path) -> Inner:
    """One claim that is FAIL: 6 items, 2 of which fail."""
    return _inner(pytester, _refuted, passed=4, failed=2)
