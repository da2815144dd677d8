"""A ledger follows from another by growing; everything else is named with its first row."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.lock.growth import Version, extends, forked, happened, version
from harness.lock.ledger import append, ledger_path, recover
from tests.lock.workspace import put

ROWS = [b"one\n", b"two\n", b"three\n", b"four\n"]


def text(*numbers: int) -> bytes:
    return b"".join(ROWS[n - 1] for n in numbers)


WHOLE = text(1, 2, 3, 4)


@pytest.mark.parametrize("count", range(5))
def test_a_ledger_extends_each_of_its_beginnings(count: int) -> None:
    """Also nothing at all, and itself."""
    part = text(*range(1, count + 1))
    assert extends(WHOLE, part)
    assert version(part, WHOLE) == Version(count, count, torn=False)
    assert version(part, WHOLE).grew
    assert forked(part, WHOLE) is None


@given(st.lists(st.sampled_from(ROWS), max_size=5), st.lists(st.sampled_from(ROWS), max_size=5))
def test_only_a_beginning_is_extended(one: list[bytes], other: list[bytes]) -> None:
    """Law: of whole rows, a ledger extends exactly those it begins with."""
    later, earlier = b"".join(one), b"".join(other)
    assert extends(later, earlier) == (one[: len(other)] == other)
    assert version(earlier, later).grew == extends(later, earlier)


@pytest.mark.parametrize(
    ("later", "words"),
    [
        (text(1, 2, 3), "drops row 4"),
        (text(1), "drops rows 2 to 4"),
        (b"", "drops rows 1 to 4"),
        (text(1, 3, 4), "drops row 2 from among the rows"),
        (text(1, 3, 2, 4), "moves rows, the first is row 2"),
        (text(1) + b"TWO\n" + text(3, 4), "rewrites row 2"),
        (b"0\n" + WHOLE, "moves rows, the first is row 1"),
        (text(1, 2, 3) + b"fo", "drops row 4"),
    ],
)
def test_what_was_done_is_named(later: bytes, words: str) -> None:
    """Dropped, moved and rewritten rows are told apart."""
    assert not extends(later, WHOLE)
    assert happened(later, WHOLE) == words


def test_a_fork_is_named_by_the_last_row_in_common() -> None:
    """Two ledgers that each went on alone; one that extends the other is none."""
    assert forked(text(1, 2, 3), text(1, 2, 4)) == 2
    assert forked(text(1), text(2)) == 0
    assert forked(text(1, 2), text(1, 2, 4)) is None


def test_a_torn_line_may_be_completed_or_set_aside_by_its_row(tmp_path: Path) -> None:
    """A recovery row that names the torn bytes stands for them; no other row does."""
    for n in range(3):
        append(tmp_path, "anchor", {"n": n})
    path = ledger_path(tmp_path)
    whole = path.read_bytes()
    torn = whole[:-9]
    assert extends(whole, torn)
    assert version(torn, whole) == Version(2, 2, torn=True)
    assert not version(torn, whole).grew
    put(tmp_path, torn.splitlines(keepends=True), seen=2)
    recover(tmp_path)
    recovered = path.read_bytes()
    assert extends(recovered, torn)
    assert version(torn, recovered) == Version(2, 2, torn=True)
    other = torn[:-1]  # what the row does not name
    assert not extends(recovered, other)
    assert (
        happened(recovered, other) == "replaces the torn line behind row 2 without a recovery row"
    )
    assert not extends(b"".join(torn.splitlines(keepends=True)[:2]), torn)
    foreign = b"".join(whole.splitlines(keepends=True)[:2]) + b"not a row\n"
    assert not extends(foreign, torn)
