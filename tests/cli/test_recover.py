"""``claims recover`` mends what a kill leaves, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli import main
from harness.lock.ledger import append, ledger_path, read


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace whose ledger has two rows."""
    (tmp_path / "claims").mkdir()
    for n in range(2):
        append(tmp_path, "anchor", {"n": n})
    return tmp_path


def recover(root: Path) -> int:
    return main(["recover", "--workspace", str(root)])


def test_a_whole_ledger_has_nothing_to_recover(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says so and changes nothing."""
    before = ledger_path(root).read_bytes()
    assert recover(root) == 0
    assert "nothing to recover: 2 rows" in capsys.readouterr().out
    assert ledger_path(root).read_bytes() == before


def test_a_torn_line_is_set_aside(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One command, after which the ledger can be written again; both rows are still first."""
    before = read(root)
    with ledger_path(root).open("ab") as file:
        file.write(b'{"body":{"n":2}')
    assert main(["status", "--workspace", str(root)]) != 0
    assert recover(root) == 0
    assert "set aside" in capsys.readouterr().out
    assert read(root)[:2] == before


def test_an_edited_ledger_is_not_recovered(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 3, and the advice is version control."""
    ledger_path(root).write_bytes(ledger_path(root).read_bytes().replace(b'"n":0', b'"n":5'))
    assert recover(root) == 3
    assert "version control" in capsys.readouterr().err
