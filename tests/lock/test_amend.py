"""An amendment is a new version that says what it changed, and cannot talk its way out of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.digest import digest
from harness.errors import ClaimsError, OutOfOrder, RecordBroken
from harness.lock.amend import deviations, versions
from harness.lock.ledger import append, append_once, read
from harness.lock.record import lock_path, registrations
from harness.lock.register import register
from harness.lock.stored import load_lock, restore
from harness.lock.withdraw import withdraw, withdrawal
from tests.lock.workspace import edit

FIRST = "claims/first.yaml"
REASON = "the margin was a typo"


def begin(root: Path, claim: str = "first") -> None:
    lock = load_lock(root, claim)
    key = {"claim": claim, "registration": lock.registration, "attempt": "a1"}
    append_once(root, "attempt-started", key)


def amend(root: Path, margin: str = "0.6") -> None:
    edit(root, FIRST, "margin: 0.5,", f"margin: {margin},")
    register(root, ["first"], reason=REASON)


def test_a_first_lock_is_a_registration_and_a_second_an_amendment(locked_root: Path) -> None:
    """The row says what it supersedes, what changed, and that nothing had been measured."""
    before = load_lock(locked_root, "first")
    amend(locked_root)
    one, two = read(locked_root)
    assert (one.kind, two.kind) == ("registration", "amendment")
    assert two.body["supersedes"] == {"first": before.registration}
    (change,) = two.body["changes"]["first"]
    assert change["field"] == "claim.criteria.closes-half.test.margin"
    assert (change["was"], change["now"], change["effect"]) == ("0.5", "0.6", "stricter")
    assert two.body["attempted"] == {"first": False}
    assert two.body["reason"] == REASON
    assert load_lock(locked_root, "first").registration == two.body["registration"]
    assert load_lock(locked_root, "second").registration == before.registration


def test_an_amendment_before_any_attempt_deviates_from_nothing(locked_root: Path) -> None:
    """Nothing had been seen."""
    amend(locked_root)
    now = load_lock(locked_root, "first").registration
    assert deviations(read(locked_root), "first", now) == ()


def test_an_amendment_after_an_attempt_deviates_for_ever(locked_root: Path) -> None:
    """Also the one after it, whose own predecessor had no attempt."""
    begin(locked_root)
    amend(locked_root)
    amend_again = load_lock(locked_root, "first").registration
    edit(locked_root, FIRST, "margin: 0.6,", "margin: 0.55,")
    register(locked_root, ["first"], reason="another thought about it")
    rows = read(locked_root)
    for registration in (amend_again, load_lock(locked_root, "first").registration):
        (said,) = deviations(rows, "first", registration)
        assert "version 1" in said
        assert "ledger row 2" in said
    first = registrations(rows, "first")[0].body["registration"]
    assert deviations(rows, "first", str(first)) == ()


def test_another_claims_attempt_is_not_ours(locked_root: Path) -> None:
    """Claims of one registration are amended each for itself."""
    begin(locked_root, "second")
    amend(locked_root)
    now = load_lock(locked_root, "first").registration
    assert deviations(read(locked_root), "first", now) == ()


def test_what_the_row_says_of_itself_decides_nothing(locked_root: Path) -> None:
    """A forged amendment that denies the attempt deviates all the same."""
    begin(locked_root)
    amend(locked_root)
    *_, last = read(locked_root)
    body = {**last.body, "attempted": {"first": False}, "changes": {"first": []}}
    body["content"] = {**body["content"], "previous": "sha256:" + "0" * 64}
    body["registration"] = digest(body["content"])
    append(locked_root, "amendment", body)
    assert deviations(read(locked_root), "first", body["registration"])


def test_versions_show_what_each_changed(locked_root: Path) -> None:
    """In order, the first without changes."""
    begin(locked_root)
    amend(locked_root, "0.4")
    one, two = versions(read(locked_root), "first")
    assert (one.number, one.changed, one.effect, one.attempted) == (1, (), "", True)
    assert (two.number, two.effect, two.reason, two.attempted) == (2, "looser", REASON, False)


def test_locking_again_unchanged_shows_as_a_version(locked_root: Path) -> None:
    """New seeds and nothing else: that is what it says."""
    register(locked_root, ["first"], reason="to draw other seeds")
    two = versions(read(locked_root), "first")[-1]
    assert two.changed == ()
    assert two.effect == "neutral"


def test_a_lock_file_that_a_kill_left_behind_is_made_again(locked_root: Path) -> None:
    """It is the earlier version's, byte for byte; an edited one is left and named."""
    path = lock_path(locked_root, "first")
    earlier = path.read_bytes()
    amend(locked_root)
    path.write_bytes(earlier)
    with pytest.raises(RecordBroken, match="claims recover"):
        load_lock(locked_root, "first")
    assert restore(locked_root, read(locked_root)) == ("first",)
    assert load_lock(locked_root, "first")
    path.write_bytes(earlier.replace(b"0.5", b"0.1"))
    assert restore(locked_root, read(locked_root)) == ()
    with pytest.raises(RecordBroken, match="earlier registration"):
        load_lock(locked_root, "first")


def test_withdrawing_is_a_row_with_a_reason(locked_root: Path) -> None:
    """Once, of a registered claim, with a sentence."""
    done = withdraw(locked_root, "first", "the readout counts separators")
    lock = load_lock(locked_root, "first")
    assert withdrawal(read(locked_root), "first", lock.registration) == done
    assert done.sentence.startswith("Withdrawn by its authors: the readout")
    with pytest.raises(ClaimsError, match="withdrawn already"):
        withdraw(locked_root, "first", "the readout counts separators")
    with pytest.raises(ClaimsError, match="reason"):
        withdraw(locked_root, "second", "because")
    with pytest.raises(OutOfOrder, match="not registered"):
        withdraw(locked_root, "third", "it was never here")


def test_a_successor_has_to_be_registered(locked_root: Path) -> None:
    """A claim that points nowhere, or to itself, is refused."""
    with pytest.raises(OutOfOrder, match="third"):
        withdraw(locked_root, "first", "asked better elsewhere", "third")
    with pytest.raises(ClaimsError, match="itself"):
        withdraw(locked_root, "first", "asked better elsewhere", "first")
    done = withdraw(locked_root, "first", "asked better elsewhere", "second")
    assert done.sentence == "Superseded by second: asked better elsewhere"


def test_an_amendment_takes_a_withdrawn_claim_up_again(locked_root: Path) -> None:
    """The withdrawal stays with the version that it was of."""
    withdraw(locked_root, "first", "the margin was a typo")
    old = load_lock(locked_root, "first").registration
    amend(locked_root)
    new = load_lock(locked_root, "first").registration
    rows = read(locked_root)
    assert withdrawal(rows, "first", old)
    assert withdrawal(rows, "first", new) is None
