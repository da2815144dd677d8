"""``claims init`` and ``claims new``: the first five minutes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cli import main, templates


def test_a_new_workspace_has_a_claim_that_check_accepts(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What ``init`` writes is ready to be locked, recipe and builder included."""
    assert main(["--workspace", str(workspace), "check"]) == 0
    assert "ready to be locked" in capsys.readouterr().out
    assert (workspace / "models" / "miniature.yaml").is_file()
    assert (workspace / "models" / "lagged.yaml").is_file()
    assert (workspace / "models" / "miniature.py").is_file()
    assert not (workspace / "models" / "full-size.yaml").exists()
    assert ".cache/" in (workspace / ".gitignore").read_text()


def test_a_folder_that_is_not_empty_is_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing that exists is written over, and the sentence says what is there."""
    (tmp_path / "thesis.tex").write_text("mine")
    assert main(["init", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert str(tmp_path) in error
    assert "thesis.tex" in error
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_and_a_link_are_refused(tmp_path: Path) -> None:
    """A workspace is a folder of its own."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    assert main(["init", str(tmp_path / "file")]) == 2
    assert main(["init", str(tmp_path / "link")]) == 2


def test_a_repository_without_files_can_become_a_workspace(tmp_path: Path) -> None:
    """``git init`` first is what many people do."""
    (tmp_path / ".git").mkdir()
    assert main(["init", str(tmp_path)]) == 0


@pytest.mark.parametrize("template", templates.names())
def test_every_template_can_be_locked_as_it_is(
    template: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A template that needs work before it checks would teach its own mistakes."""
    root = tmp_path / "study"
    assert main(["init", str(root)]) == 0
    place = ["--workspace", str(root)]
    assert main([*place, "new", "mine", "--template", template]) == 0
    capsys.readouterr()
    assert main([*place, "check", "mine"]) == 0, capsys.readouterr().out
    text = (root / "claims" / "mine.yaml").read_text()
    assert "\nid: mine\n" in text
    assert text.count("#") > 4


def test_an_existing_claim_is_not_written_over(tmp_path: Path) -> None:
    """A name that is taken is refused."""
    root = tmp_path / "study"
    assert main(["init", str(root)]) == 0
    before = (root / "claims" / "first-claim.yaml").read_bytes()
    assert main(["--workspace", str(root), "new", "first-claim"]) == 2
    assert (root / "claims" / "first-claim.yaml").read_bytes() == before


@pytest.mark.parametrize(
    "name", ["Big", "a_b", "explore", "reproduction", "../x", "-x-", "x" * 65, ""]
)
def test_names_that_cannot_be_ids_are_refused(name: str, workspace: Path) -> None:
    """Ids are lower-case words with hyphens; anything else would be refused later anyway."""
    argv = ["--workspace", str(workspace), "new", "--", name]
    assert main(argv) == 2
    assert sorted(p.name for p in (workspace / "claims").iterdir()) == ["first-claim.yaml"]


def test_an_unknown_template_names_those_that_exist(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A typing error is answered with the nearest template."""
    assert main(["--workspace", str(workspace), "new", "x", "--template", "supression"]) == 2
    assert "suppression" in capsys.readouterr().err


def test_json_says_what_was_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Programs learn the files and the claim."""
    assert main(["--json", "init", str(tmp_path / "s")]) == 0
    value = json.loads(capsys.readouterr().out)
    assert value["claim"] == "first-claim"
    assert "models/miniature.yaml" in value["written"]
