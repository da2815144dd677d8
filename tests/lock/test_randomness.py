"""One value, for one promise, before the attempt: anything else on the ledger cannot count."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness.digest import short
from harness.errors import ClaimsError, OutOfOrder, RecordBroken, UnknownName
from harness.lock import randomness
from harness.lock.beacon import Pulse
from harness.lock.chain import Row
from harness.lock.ledger import append, read
from harness.lock.promises import examine_randomness, examine_registrations
from harness.lock.randomness import file_of, kept, named
from harness.lock.record import lock_path
from harness.lock.register import register
from harness.lock.stored import load_lock

BEACON = "drand quicknet round 999999999"
VALUE = "ab" * 32


AFTER = datetime(2118, 9, 17, tzinfo=UTC)


def add_randomness(root: Path, word: str, data: bytes, file: str) -> tuple[Row, Pulse]:
    """As a person does it after the pulse."""
    return randomness.add_randomness(root, word, data, file, now=AFTER)


def pulse(**changes: Any) -> bytes:
    value = {"beacon": BEACON, "randomness": VALUE, "published": "2118-09-16T20:29:21Z", **changes}
    return json.dumps(value).encode()


@pytest.fixture
def promising(root: Path) -> Path:
    """One claim that promised a pulse, and one that promised none."""
    register(root, ["first"], beacon=BEACON)
    register(root, ["second"])
    return root


def registration(root: Path, claim: str = "first") -> str:
    return load_lock(root, claim).registration


def problems(root: Path) -> list[str]:
    return examine_randomness(root, read(root)).problems


def start(root: Path, claim: str = "first") -> None:
    body = {"claim": claim, "registration": registration(root, claim), "attempt": "a1"}
    append(root, "attempt-started", body)


def test_the_promise_is_part_of_what_is_registered(promising: Path) -> None:
    """In the ledger, in the lock file, in the digest; a lock without one has no such key."""
    assert load_lock(promising, "first").bound["beacon"] == BEACON
    assert BEACON in lock_path(promising, "first").read_text()
    assert "beacon" not in load_lock(promising, "second").bound


def test_a_promise_is_kept_once(promising: Path) -> None:
    """By digest, by its first digits or by a claim; the same value again changes nothing."""
    row, _ = add_randomness(promising, "first", pulse(), "p.json")
    assert kept(read(promising), registration(promising)) == row
    assert row.body["file"] == f"claims/randomness/{short(registration(promising))}.json"
    assert (promising / row.body["file"]).read_bytes() == pulse()
    before = read(promising)
    for word in (registration(promising), short(registration(promising)), "first"):
        assert add_randomness(promising, word, pulse(source="elsewhere"), "p.json")[0] == row
    assert read(promising) == before
    with pytest.raises(ClaimsError, match="has its randomness already"):
        add_randomness(promising, "first", pulse(randomness="cd" * 32), "p.json")
    found = examine_randomness(promising, read(promising))
    assert not found.problems
    assert len(found.examined) == 1


def test_a_kept_file_that_was_lost_is_put_back(promising: Path) -> None:
    """From the very bytes that the row names."""
    row, _ = add_randomness(promising, "first", pulse(), "p.json")
    (promising / row.body["file"]).unlink()
    assert any("does not exist" in p for p in problems(promising))
    add_randomness(promising, "first", pulse(), "p.json")
    assert not problems(promising)


@pytest.mark.parametrize(
    ("word", "changes", "words"),
    [
        ("second", {}, "promised no beacon"),
        ("first", {"beacon": "drand quicknet round 999999998", "published": "2118-09-16T20:29:18Z"},
         "is not the promised"),
        ("third", {}, "no registration 'third'"),
        ("0123456789ab", {}, "no registration"),
        ("", {}, "no registration"),
    ],
)  # fmt: skip
def test_what_was_not_promised_is_refused(
    promising: Path, word: str, changes: dict[str, str], words: str
) -> None:
    """Another claim, another round, no registration; nothing is written."""
    before = read(promising)
    with pytest.raises(ClaimsError, match=words):
        add_randomness(promising, word, pulse(**changes), "p.json")
    assert read(promising) == before
    assert not (promising / "claims/randomness").exists()
    add_randomness(promising, "first", pulse(), "p.json")


def test_randomness_does_not_come_after_the_attempt(promising: Path) -> None:
    """Seeds are not drawn twice."""
    start(promising)
    with pytest.raises(OutOfOrder, match="attempt has begun"):
        add_randomness(promising, "first", pulse(), "p.json")
    assert any("was measured without it" in p for p in problems(promising))


def test_a_value_does_not_come_before_its_pulse(promising: Path) -> None:
    """By this machine's clock; and a ledger that says so is worth knowing."""
    with pytest.raises(ClaimsError, match="is not published before 2118-09-16T20:29:21"):
        randomness.add_randomness(promising, "first", pulse(), "p.json")
    add_randomness(promising, "first", pulse(), "p.json")
    notes = examine_randomness(promising, read(promising)).notes
    assert any("the value may be made up" in note for note in notes)


def test_a_promise_that_is_not_kept_yet_is_said(promising: Path) -> None:
    """No problem, and nothing that was examined."""
    found = examine_randomness(promising, read(promising))
    assert not found.problems
    assert any(f"waits for {BEACON}" in line for line in found.not_examined)
    name = short(registration(promising))
    record = promising / f"reports/first/{name}/a1/replicate.0.json"
    record.parent.mkdir(parents=True)
    record.write_text("{}")
    assert any("was measured without it" in p for p in problems(promising))


def _second_value(root: Path) -> None:
    row = kept(read(root), registration(root))
    assert row is not None
    append(root, "randomness", {**row.body, "randomness": "cd" * 32})


def _another_promise(root: Path) -> None:
    body = {"registration": registration(root), "beacon": "drand quicknet round 1"}
    append(root, "randomness", {**body, "randomness": VALUE, "file": "x", "digest": "x"})


def _unasked(root: Path) -> None:
    body = {"registration": registration(root, "second"), "beacon": BEACON, "randomness": VALUE}
    append(root, "randomness", body)


def _nobodys(root: Path) -> None:
    append(root, "randomness", {"registration": "sha256:" + "0" * 64, "randomness": VALUE})


def _short_value(root: Path) -> None:
    body = {"registration": registration(root), "beacon": BEACON, "randomness": "ab"}
    append(root, "randomness", body)


def _too_late(root: Path) -> None:
    start(root)
    body = {"registration": registration(root), "beacon": BEACON, "randomness": VALUE}
    append(root, "randomness", body)


def _edited_file(root: Path) -> None:
    (root / file_of(registration(root))).write_bytes(pulse(randomness="cd" * 32))


def _lost_file(root: Path) -> None:
    (root / file_of(registration(root))).unlink()


@pytest.mark.parametrize(
    ("tamper", "first", "words"),
    [
        (_second_value, True, "2 values of randomness"),
        (_another_promise, False, "where .* promised"),
        (_unasked, True, "promised no beacon"),
        (_nobodys, True, "for no registration"),
        (_short_value, False, "without a value of 128 bits"),
        (_too_late, False, "after its attempt began"),
        (_edited_file, True, "not the file that the ledger's row was made from"),
        (_lost_file, True, "does not exist"),
    ],
)
def test_a_record_of_randomness_that_cannot_count_is_a_problem(
    promising: Path, tamper: Callable[[Path], None], first: bool, words: str
) -> None:
    """Found on the ledger and in the kept file; without the act there is none."""
    if first:
        add_randomness(promising, "first", pulse(), "p.json")
    assert not problems(promising)
    tamper(promising)
    assert [p for p in problems(promising) if re.search(words, p)]


@pytest.mark.parametrize("tamper", [_second_value, _another_promise, _short_value, _too_late])
def test_seeds_are_not_drawn_from_what_cannot_count(
    promising: Path, tamper: Callable[[Path], None]
) -> None:
    """The ledger's rows decide, for those who measure too."""
    if tamper is _second_value:
        add_randomness(promising, "first", pulse(), "p.json")
    tamper(promising)
    with pytest.raises(RecordBroken):
        kept(read(promising), registration(promising))


def test_a_pulse_dated_before_its_lock_is_worth_knowing(promising: Path) -> None:
    """Dates prove nothing, and one that contradicts the order is said."""
    register(promising, ["second"], reason="with a promise", beacon="some beacon, pulse 7")
    body = {"beacon": "some beacon, pulse 7", "published": "2001-01-01T00:00:00Z"}
    add_randomness(promising, "second", pulse(**body), "p.json")
    found = examine_randomness(promising, read(promising))
    assert not found.problems
    assert any("its value may have been known" in note for note in found.notes)
    assert any("without a signature" in note for note in found.notes)


def test_a_registration_is_named_by_no_less_than_twelve_digits(promising: Path) -> None:
    """A claim's id names its last registration."""
    first = registration(promising)
    assert named(read(promising), short(first)).body["registration"] == first
    with pytest.raises(UnknownName):
        named(read(promising), short(first, 11))
    register(promising, ["first"], reason="again")
    assert named(read(promising), "first").body["registration"] == registration(promising) != first


def test_every_lock_of_a_claim_is_listed_for_ever(promising: Path) -> None:
    """With its digest, its reason, and whether an attempt came first; a single lock is not."""
    assert examine_registrations(read(promising)).notes == []
    digests = [registration(promising, "second")]
    register(promising, ["second"], reason="a better\nmargin")
    digests.append(registration(promising, "second"))
    start(promising, "second")
    register(promising, ["second"], reason="the seeds did not suit")
    digests.append(registration(promising, "second"))
    found = examine_registrations(read(promising))
    (note,) = found.notes
    assert note.startswith("second: registered 3 times: ")
    assert all(digest in note for digest in digests)
    parts = note.split("; ")
    assert "before any attempt" in parts[1]
    assert 'reason "a better margin"' in parts[1]
    assert 'reason "the seeds did not suit", after 1 attempt had begun' in parts[2]
    assert not found.problems
    assert found.examined == ["4 registrations of 2 claims, looked through for repeated locks"]
    assert examine_registrations(()).examined == []


def test_a_killed_lock_with_a_promise_is_finished_by_the_same_words_only(promising: Path) -> None:
    """Whoever promises something else locks something else."""
    lock_path(promising, "second").unlink()
    register(promising, ["second"], reason="x", beacon=BEACON)
    assert load_lock(promising, "second").bound["beacon"] == BEACON
    lock_path(promising, "second").unlink()
    assert register(promising, ["second"], beacon=BEACON).restored
