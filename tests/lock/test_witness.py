"""The head witness shows what the chain alone cannot: rows cut off, and another history."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from harness.digest import canonical
from harness.errors import RecordBroken
from harness.lock import witness
from harness.lock.ledger import append, read, recover
from tests.lock.workspace import broken, lines, put, unwitness


@pytest.fixture
def four(tmp_path: Path) -> Path:
    """A ledger of four rows and its witness."""
    root = tmp_path / "study"
    for n in range(4):
        append(root, "attempt-started", {"claim": "c", "n": n})
    return root


def test_every_append_is_witnessed(four: Path) -> None:
    """The witness names the last row, in canonical form."""
    last = read(four)[-1]
    assert witness.load(four) == witness.Witness(4, last.digest)
    data = (four / witness.WITNESS).read_bytes()
    assert json.loads(data)["head"] == last.digest
    assert data == canonical(json.loads(data)) + b"\n"


@pytest.mark.parametrize("kept", [0, 1, 3])
def test_rows_cut_off_at_the_end_are_named(four: Path, kept: int) -> None:
    """What is left is a whole chain; only the witness knows more."""
    put(four, lines(four)[:kept])
    assert "missing at the end" in broken(four, kept + 1)
    with pytest.raises(RecordBroken, match="missing at the end"):
        append(four, "anchor", {})
    with pytest.raises(RecordBroken, match="missing at the end"):
        recover(four)


def test_a_rebuilt_chain_is_named(four: Path) -> None:
    """Four other rows, chained as they should be, are not the four that were seen."""
    other = four.parent / "other"
    for n in range(4):
        append(other, "attempt-started", {"claim": "c", "n": n + 7})
    put(four, lines(other))
    assert "rebuilt" in broken(four, 4)


def test_the_other_branch_of_a_fork_is_named(four: Path) -> None:
    """Two copies that both grew: each is whole alone, neither passes with the other's witness."""
    copy = four.parent / "copy"
    shutil.copytree(four, copy)
    append(four, "anchor", {"here": 1})
    append(copy, "anchor", {"there": 1})
    assert len(read(four)) == len(read(copy)) == 5
    shutil.copy(copy / witness.WITNESS, four / witness.WITNESS)
    assert "another branch" in broken(four, 5)


def test_a_witness_may_lag_and_catches_up(four: Path) -> None:
    """A kill between the row and its witness leaves the witness one row behind."""
    put(four, lines(four), seen=3)
    assert len(read(four)) == 4
    append(four, "anchor", {})
    assert witness.load(four) == witness.Witness(5, read(four)[-1].digest)


def test_a_first_row_may_lack_its_witness_and_a_second_may_not(tmp_path: Path) -> None:
    """Removing the witness with the rows it saw is not a way around it."""
    append(tmp_path, "anchor", {})
    unwitness(tmp_path)
    assert len(read(tmp_path)) == 1
    append(tmp_path, "anchor", {})
    unwitness(tmp_path)
    with pytest.raises(RecordBroken, match="head witness is missing"):
        read(tmp_path)


def test_a_lost_witness_is_written_again_in_the_open(four: Path) -> None:
    """Recovering says on the ledger that there was none."""
    unwitness(four)
    (said,) = recover(four)
    assert "missing" in said
    rows = read(four)
    assert rows[-1].kind == "recovery"
    assert "missing" in rows[-1].body["witness"]
    assert recover(four) == ()


@pytest.mark.parametrize(
    "data",
    [b"", b"null", b"[]", b"{", b'{"seq": 4}', b"\xff", b"[" * 3000, b" " * 5000,
     b'{"schema":"causal-claims/ledger-head/1","seq":true,"head":""}',
     b'{"schema":"causal-claims/ledger-head/1","seq":-1,"head":"x"}',
     b'{"schema":"causal-claims/ledger-head/1","seq":0,"head":"x"}'],
)  # fmt: skip
def test_a_witness_that_says_nothing_is_refused(four: Path, data: bytes) -> None:
    """Any other content is a broken record with advice, never a traceback."""
    (four / witness.WITNESS).write_bytes(data)
    with pytest.raises(RecordBroken) as caught:
        read(four)
    assert caught.value.fix


def test_a_linked_witness_is_refused(four: Path) -> None:
    """It could point to another file tomorrow."""
    path = four / witness.WITNESS
    path.rename(four / "elsewhere")
    path.symlink_to(four / "elsewhere")
    with pytest.raises(RecordBroken, match="symbolic link"):
        read(four)
