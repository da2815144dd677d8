"""Workspaces to attack: each test gets a copy of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.measure.job import Job, attempt_job
from harness.report.build import publish_verdict
from tests.measure.forged import attempted, workspace
from tests.toy_workspace import claim, make


@pytest.fixture(scope="session")
def _published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = workspace(tmp_path_factory.mktemp("attacks") / "study")
    publish_verdict(attempted(root))
    return root


@pytest.fixture
def job(_published: Path, tmp_path: Path) -> Job:
    """The attempt of a workspace whose one claim is registered, measured and published."""
    root = tmp_path / "study"
    shutil.copytree(_published, root)
    return attempt_job(root, "easy")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A workspace with one valid claim, nothing registered."""
    return make(tmp_path / "study", easy=claim("easy", replicates=3))
