"""Finding the workspace and its claims."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli.workspace import find_root, select
from harness.errors import ClaimsError, NothingThere, UnknownName


def test_the_workspace_is_the_nearest_folder_upwards(tmp_path: Path) -> None:
    """A command works from anywhere inside its workspace."""
    (tmp_path / "claims").mkdir()
    deep = tmp_path / "reports" / "x"
    deep.mkdir(parents=True)
    assert find_root(None, deep) == tmp_path.resolve()


def test_outside_a_workspace_the_error_says_how_to_make_one(tmp_path: Path) -> None:
    """The first thing a newcomer sees names the command that helps."""
    with pytest.raises(ClaimsError, match="claims init"):
        find_root(None, tmp_path)
    with pytest.raises(ClaimsError, match="claims init"):
        find_root(tmp_path, tmp_path)


def test_a_claim_may_be_named_by_its_file(tmp_path: Path) -> None:
    """Shells complete paths, so a path is understood; doubles count once."""
    (tmp_path / "claims").mkdir()
    (tmp_path / "claims" / "a.yaml").touch()
    assert select(tmp_path, ["claims/a.yaml", "a"]) == ("a",)


def test_an_unknown_claim_names_its_nearest(tmp_path: Path) -> None:
    """A typing error is answered with what was meant."""
    (tmp_path / "claims").mkdir()
    (tmp_path / "claims" / "suppression-works.yaml").touch()
    with pytest.raises(UnknownName, match="Nearest: suppression-works"):
        select(tmp_path, ["supression-works"])


def test_no_claim_at_all_is_nothing_to_examine(tmp_path: Path) -> None:
    """An examination of nothing is not a success."""
    (tmp_path / "claims").mkdir()
    with pytest.raises(NothingThere):
        select(tmp_path, [])
