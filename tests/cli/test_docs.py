"""The documentation says what the program does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from harness.cli import main
from harness.cli.document import page


def words(text: str) -> list[str]:
    """Text without its layout, which differs between versions of Python."""
    return text.split()


def test_the_reference_page_is_what_help_says(repository: Path) -> None:
    """Mend with: python -m harness.cli.document > docs/cli.md"""
    assert words((repository / "docs" / "cli.md").read_text(encoding="utf-8")) == words(page())


def test_the_first_claim_page_runs(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command in a ``sh`` block of docs/first-claim.md works, in order; blocks that train
    models are marked ``text`` and are not run here."""
    text = (repository / "docs" / "first-claim.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    commands = [line for block in blocks for line in block.splitlines() if line.strip()]
    assert len(commands) >= 5
    here = tmp_path
    monkeypatch.chdir(here)
    for line in commands:
        program, *arguments = shlex.split(line)
        if program == "cd":
            here = here / arguments[0]
            monkeypatch.chdir(here)
        else:
            assert program == "claims"
            assert main(arguments) == 0, line


def test_pages_point_at_files_that_exist(repository: Path) -> None:
    """No documentation of files that are not there."""
    pages = [repository / "docs" / n for n in ("first-claim.md", "your-own-model.md")]
    for one in pages:
        for name in re.findall(r"`(docs/[\w./-]+|models/\w+\.py)`", one.read_text()):
            assert (repository / name).exists(), f"{one.name}: {name}"
