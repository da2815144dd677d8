"""The ledger shows every edit, and loses no row to a kill or to another writer."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.digest import canonical
from harness.errors import ClaimsError, RecordBroken, UnknownName
from harness.lock import ledger
from harness.lock.chain import GENESIS, Row, line_of
from harness.lock.ledger import append, append_once, head, ledger_path, locked, read, recover

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), st.text(max_size=9),
              st.floats(allow_nan=False, allow_infinity=False)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)  # fmt: skip


@pytest.fixture
def four(tmp_path: Path) -> Path:
    """A ledger of four rows."""
    for n in range(4):
        append(tmp_path, "attempt-started", {"claim": "c", "n": n})
    return tmp_path


def lines(root: Path) -> list[bytes]:
    return ledger_path(root).read_bytes().splitlines(keepends=True)


def put(root: Path, rows: list[bytes]) -> None:
    ledger_path(root).write_bytes(b"".join(rows))


def broken(root: Path, number: int) -> str:
    """Why the ledger is broken; the row that is named first must be ``number``."""
    with pytest.raises(RecordBroken) as caught:
        read(root)
    assert caught.value.where == f"claims/ledger.jsonl:{number}"
    assert caught.value.fix
    return caught.value.what


def test_there_is_no_ledger_before_the_first_row(tmp_path: Path) -> None:
    """Reading makes no file, and says that nothing is there."""
    assert read(tmp_path) == ()
    assert head(tmp_path) == GENESIS
    assert not ledger_path(tmp_path).exists()


def test_rows_come_back_in_order_each_naming_the_one_before(four: Path) -> None:
    """The chain begins with the name of the format."""
    rows = read(four)
    assert [row.seq for row in rows] == [1, 2, 3, 4]
    assert [row.body["n"] for row in rows] == [0, 1, 2, 3]
    assert [row.prev for row in rows] == [GENESIS, *(row.digest for row in rows[:3])]
    assert head(four) == rows[-1].digest


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(body=st.dictionaries(st.text(max_size=5), JSON, max_size=4))
def test_what_is_appended_is_what_is_read(tmp_path: Path, body: dict[str, Any]) -> None:
    """Law: for any JSON body, reading gives the row that appending returned."""
    row = append(tmp_path, "anchor", body)
    assert read(tmp_path)[-1] == row
    assert canonical(row.body) == canonical(body)


def test_appending_touches_no_earlier_byte(four: Path) -> None:
    """The ledger only ever grows."""
    before = ledger_path(four).read_bytes()
    append(four, "withdrawal", {})
    assert ledger_path(four).read_bytes().startswith(before)


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


@pytest.mark.parametrize("cut", [1, 2, 40])
def test_a_torn_last_line_is_told_apart_and_recovered(four: Path, cut: int) -> None:
    """What a kill left of a line goes to a file of its own, and a row says so."""
    whole = ledger_path(four).read_bytes()
    ledger_path(four).write_bytes(whole[:-cut])
    torn = lines(four)[-1]
    assert "is torn" in broken(four, 4)
    with pytest.raises(RecordBroken, match="torn"):
        append(four, "anchor", {})
    aside = recover(four)
    assert aside is not None
    assert aside.read_bytes() == torn
    rows = read(four)
    assert [row.kind for row in rows] == ["attempt-started"] * 3 + ["recovery"]
    assert rows[-1].body == {
        "torn": ledger.digest_bytes(torn),
        "bytes": len(torn),
        "file": f"claims/{aside.name}",
    }
    assert b"".join(lines(four)[:3]) == b"".join(whole.splitlines(keepends=True)[:3])
    assert recover(four) is None


def test_recovery_mends_nothing_else(four: Path) -> None:
    """A ledger that is edited and torn stays as it is."""
    rows = lines(four)
    put(four, [rows[0].replace(b'"n":0', b'"n":9'), *rows[1:3], rows[3][:-9]])
    before = ledger_path(four).read_bytes()
    with pytest.raises(RecordBroken, match="row 1 was edited"):
        recover(four)
    assert ledger_path(four).read_bytes() == before


def test_a_ledger_of_torn_bytes_alone_is_recovered(tmp_path: Path) -> None:
    """The very first append may be the one that was killed."""
    write = ledger_path(tmp_path)
    write.parent.mkdir(parents=True)
    write.write_bytes(b'{"body"')
    assert recover(tmp_path) is not None
    assert [row.kind for row in read(tmp_path)] == ["recovery"]


def test_a_broken_ledger_takes_no_row(four: Path) -> None:
    """Nothing is appended to what is not whole."""
    put(four, lines(four)[1:])
    before = ledger_path(four).read_bytes()
    with pytest.raises(RecordBroken):
        append(four, "anchor", {})
    assert ledger_path(four).read_bytes() == before


def test_writers_queue(tmp_path: Path) -> None:
    """Rows of concurrent writers are all there, once each, in one chain."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: append(tmp_path, "anchor", {"n": n}), range(24)))
    assert sorted(row.body["n"] for row in read(tmp_path)) == list(range(24))


def test_a_start_is_recorded_once_by_many_workers(tmp_path: Path) -> None:
    """Eight workers begin the same attempt: one row, and each gets it."""
    key = {"claim": "c", "registration": "sha256:x", "attempt": "a1"}
    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(lambda _: append_once(tmp_path, "attempt-started", key), range(16)))
    assert len(read(tmp_path)) == 1
    assert {row.digest for row in rows} == {read(tmp_path)[0].digest}
    append_once(tmp_path, "attempt-started", {**key, "attempt": "a2"}, {"more": 1})
    assert read(tmp_path)[1].body["more"] == 1


def test_a_start_recorded_between_look_and_lock_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker who comes second looks again once it holds the lock."""
    real = ledger.locked

    def late(root: Path) -> FileLock:
        monkeypatch.setattr(ledger, "locked", real)
        append(root, "attempt-started", {"claim": "c"})
        return real(root)

    monkeypatch.setattr(ledger, "locked", late)
    assert append_once(tmp_path, "attempt-started", {"claim": "c"}).seq == 1
    assert len(read(tmp_path)) == 1


def test_a_full_disk_leaves_the_ledger_as_it_was(
    four: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a line is taken back, and the error says what to do."""
    before = ledger_path(four).read_bytes()
    real = os.write

    def full(handle: int, data: bytes) -> int:
        if len(data) < 60:
            raise OSError(28, "No space left on device")
        return real(handle, data[: len(data) // 2])

    monkeypatch.setattr(ledger.os, "write", full)
    with pytest.raises(ClaimsError, match="no space left"):
        append(four, "anchor", {})
    assert ledger_path(four).read_bytes() == before


def test_a_row_must_be_of_a_known_kind_and_hold_numbers(tmp_path: Path) -> None:
    """What has no meaning or no canonical form is refused before it is written."""
    with pytest.raises(UnknownName, match="anchor"):
        append(tmp_path, "ancor", {})
    with pytest.raises(ClaimsError, match="cannot be written"):
        append(tmp_path, "anchor", {"x": float("nan")})
    assert not ledger_path(tmp_path).exists()


def test_a_linked_ledger_is_refused(four: Path) -> None:
    """A symbolic link could point to another history from one day to the next."""
    path = ledger_path(four)
    moved = path.with_name("elsewhere.jsonl")
    path.rename(moved)
    path.symlink_to(moved)
    with pytest.raises(RecordBroken, match="symbolic link"):
        read(four)


def test_a_writer_that_is_stuck_is_named(four: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting ends, with a sentence."""
    monkeypatch.setattr(ledger, "PATIENCE_S", 0.05)
    with locked(four), pytest.raises(ClaimsError, match="another process"):
        append(four, "anchor", {})
