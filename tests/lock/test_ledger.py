"""The ledger shows every edit, and loses no row to a kill or to another writer."""

from __future__ import annotations

import os
import unicodedata
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
from tests.lock.workspace import broken, lines, put

TEXT = st.text(max_size=9).map(lambda text: unicodedata.normalize("NFC", text))
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), TEXT,
              st.floats(allow_nan=False, allow_infinity=False)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)
    ),
    max_leaves=8,
)  # fmt: skip


@pytest.fixture
def four(tmp_path: Path) -> Path:
    """A ledger of four rows."""
    for n in range(4):
        append(tmp_path, "attempt-started", {"claim": "c", "n": n})
    return tmp_path


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
@given(body=st.dictionaries(TEXT, JSON, max_size=4))
def test_what_is_appended_is_what_is_read(tmp_path: Path, body: dict[str, Any]) -> None:
    """Law: for any JSON body, reading gives the row that appending returned."""
    row = append(tmp_path, "anchor", body)
    assert read(tmp_path)[-1] == row
    assert canonical(row.body) == canonical(body)


DEEP: dict[str, Any] = {}
for _ in range(80):
    DEEP = {"in": DEEP}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("anchor", {"\uf900": None}),
        ("anchor", {"reason": "cafe\u0301"}),
        ("anchor", {"n": float("nan")}),
        ("anchor", {"half": "\ud800"}),
        ("anchor", {"long": "x" * (9 << 20)}),
        ("anchor", DEEP),
        ("withdrawal", {"claim": "c", "reason": 3}),
    ],
    ids=["compatibility", "accents", "nan", "half", "long", "deep", "shape"],
)
def test_a_body_that_cannot_be_a_row_is_its_writers_fault(
    four: Path, kind: str, body: dict[str, Any]
) -> None:
    """Nobody edited the ledger: the words are about what was to be written, and nothing is."""
    before = ledger_path(four).read_bytes()
    with pytest.raises(ClaimsError, match=f"a row of kind {kind} cannot be written") as raised:
        append(four, kind, body)
    assert "edited" not in str(raised.value)
    assert not isinstance(raised.value, RecordBroken)
    assert ledger_path(four).read_bytes() == before
    assert len(read(four)) == 4


def test_appending_touches_no_earlier_byte(four: Path) -> None:
    """The ledger only ever grows."""
    before = ledger_path(four).read_bytes()
    append(four, "recovery", {})
    assert ledger_path(four).read_bytes().startswith(before)


@pytest.mark.parametrize("cut", [1, 2, 40])
def test_a_torn_last_line_is_told_apart_and_recovered(four: Path, cut: int) -> None:
    """What a kill left of a line goes to a file of its own, and a row says so."""
    whole = ledger_path(four).read_bytes()
    *rest, last = lines(four)
    torn = last[:-cut]
    put(four, [*rest, torn], seen=3)
    assert "is torn" in broken(four, 4)
    with pytest.raises(RecordBroken, match="torn"):
        append(four, "anchor", {})
    (said,) = recover(four)
    rows = read(four)
    aside = four / rows[-1].body["file"]
    assert said.endswith(rows[-1].body["file"])
    assert aside.read_bytes() == torn
    assert [row.kind for row in rows] == ["attempt-started"] * 3 + ["recovery"]
    assert rows[-1].body == {
        "torn": ledger.digest_bytes(torn),
        "bytes": len(torn),
        "file": f"claims/{aside.name}",
    }
    assert b"".join(lines(four)[:3]) == b"".join(whole.splitlines(keepends=True)[:3])
    assert recover(four) == ()


def test_a_row_that_was_witnessed_is_never_torn(four: Path) -> None:
    """Half of a row that was once whole is a cut, not a kill: recovering would lose it."""
    *rest, last = lines(four)
    put(four, [*rest, last[:-9]])
    before = ledger_path(four).read_bytes()
    assert "row 4 is missing at the end" in broken(four, 4)
    with pytest.raises(RecordBroken, match="missing at the end"):
        recover(four)
    assert ledger_path(four).read_bytes() == before


def test_text_has_one_spelling(tmp_path: Path) -> None:
    """Letters with their accents apart look the same and are other bytes: refused, both ways."""
    append(tmp_path, "anchor", {"reason": "caf\u00e9"})
    with pytest.raises(ClaimsError, match="NFC"):
        append(tmp_path, "anchor", {"reason": "cafe\u0301"})
    forged = line_of(Row.make(1, "anchor", {"reason": "cafe\u0301"}, "t", GENESIS))
    put(tmp_path, [forged], seen=0)
    assert "NFC" in broken(tmp_path, 1)


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
    assert recover(tmp_path)
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


def test_a_full_ledger_takes_no_row_and_stays_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound on reading is the bound on writing: one row more would make all unreadable."""
    from harness.errors import ClaimsError
    from harness.lock import chain, ledger

    for module in (chain, ledger):
        monkeypatch.setattr(module, "MOST_ROWS", 2)
    for n in range(2):
        append(tmp_path, "anchor", {"n": n})
    with pytest.raises(ClaimsError, match="the ledger is full"):
        append(tmp_path, "anchor", {"n": 2})
    assert len(read(tmp_path)) == 2
