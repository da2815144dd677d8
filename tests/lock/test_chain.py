"""The chain shows every edit: the first row that is wrong is named, with what happened to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import RecordBroken
from harness.lock.chain import Row, line_of
from harness.lock.ledger import append, ledger_path, read
from tests.lock.workspace import broken, lines, put


@pytest.fixture
def four(tmp_path: Path) -> Path:
    """A ledger of four rows."""
    for n in range(4):
        append(tmp_path, "attempt-started", {"claim": "c", "n": n})
    return tmp_path


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_single_byte_can_be_changed_unseen(four: Path, data: st.DataObject) -> None:
    """Whatever byte is exchanged for another, the ledger is broken at the row that holds it."""
    whole = b"".join(lines(four))
    at = data.draw(st.integers(0, len(whole) - 2))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b not in (whole[at], ord("\n"))))
    ledger_path(four).write_bytes(whole[:at] + bytes([byte]) + whole[at + 1 :])
    try:
        with pytest.raises(RecordBroken) as caught:
            read(four)
        number = whole[:at].count(b"\n") + 1
        assert caught.value.where == f"claims/ledger.jsonl:{number}"
    finally:
        ledger_path(four).write_bytes(whole)


def test_an_edited_row_is_named(four: Path) -> None:
    """A body that was changed does not fit its digest."""
    rows = lines(four)
    rows[1] = rows[1].replace(b'"n":1', b'"n":7')
    put(four, rows)
    assert broken(four, 2) == "row 2 was edited: it does not say what its digest says"


def test_a_row_edited_with_its_digest_breaks_the_chain(four: Path) -> None:
    """Recomputing the row's own digest moves the break to the next row."""
    rows, second = lines(four), read(four)[1]
    forged = Row.make(2, second.kind, {"claim": "c", "n": 7}, second.time, second.prev)
    put(four, [rows[0], line_of(forged), *rows[2:]])
    assert broken(four, 3) == "row 3 does not follow row 2: one of them was replaced"


def test_a_redated_row_is_named(four: Path) -> None:
    """Time decides nothing, and still cannot be changed."""
    rows = lines(four)
    rows[2] = rows[2].replace(b'"time":"2', b'"time":"1')
    put(four, rows)
    assert "edited" in broken(four, 3)


def test_a_deleted_row_is_named(four: Path) -> None:
    """Also where it was the first, and where several are gone."""
    rows = lines(four)
    put(four, [rows[0], *rows[2:]])
    assert broken(four, 2) == "row 2 is missing"
    put(four, rows[1:])
    assert broken(four, 1) == "row 1 is missing"
    put(four, [rows[0], rows[3]])
    assert broken(four, 2) == "rows 2 to 3 are missing"


def test_reordered_rows_are_named(four: Path) -> None:
    """Two rows that changed places are not taken for a deletion."""
    rows = lines(four)
    put(four, [rows[0], rows[2], rows[1], rows[3]])
    assert broken(four, 2) == "row 2 stands out of order: row 3 is in its place"


def test_a_repeated_row_is_named(four: Path) -> None:
    """A row that stands twice is no second event."""
    rows = lines(four)
    put(four, [*rows, rows[3]])
    assert "row 5 is row 4 once more" in broken(four, 5)


def test_a_row_of_another_ledger_is_named(four: Path, tmp_path: Path) -> None:
    """A whole row with the right number that follows something else."""
    other = tmp_path / "other"
    for n in range(2):
        append(other, "anchor", {"n": n})
    rows = lines(four)
    put(four, [rows[0], lines(other)[1], *rows[2:]])
    assert "replaced" in broken(four, 2)


def test_layout_of_a_row_is_not_free(four: Path) -> None:
    """One row has one spelling: spaces, other key order and doubled keys are edits."""
    rows = lines(four)
    for spelling in (
        rows[0].replace(b'":', b'": ', 1),
        json.dumps(dict(reversed(json.loads(rows[0]).items()))).encode() + b"\n",
        rows[0].replace(b'{"body"', b'{"seq":1,"body"'),
        b"[]\n",
        b"\n",
        b"not json\n",
        b'{"seq":' + b"[" * 100_000 + b"\n",
        rows[0].replace(b'"seq":1', b'"seq":1.0'),
    ):
        put(four, [spelling, *rows[1:]])
        assert "row 1 was edited" in broken(four, 1)
