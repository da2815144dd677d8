"""Registering: one row, one digest, one lock a claim; and nothing of it can be taken back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.claim.canonical import claim_to_json
from harness.claim.parse import parse_claim
from harness.digest import digest, digest_file
from harness.errors import BadInput, ClaimsError, OutOfOrder, RecordBroken
from harness.lock import register as registering
from harness.lock.chain import Row, line_of
from harness.lock.ledger import ledger_path, read
from harness.lock.record import lock_path
from harness.lock.register import register
from harness.lock.stored import is_registered, load_lock
from harness.plan.seeds import Seeds
from tests.lock.workspace import edit, unwitness, write

BOTH = ["first", "second"]
FIRST = "claims/first.yaml"


def test_one_registration_is_one_row_and_a_lock_for_each_claim(locked_root: Path) -> None:
    """Both claims carry the registration's digest and each other's."""
    rows = read(locked_root)
    assert [row.kind for row in rows] == ["registration"]
    for name in BOTH:
        lock = load_lock(locked_root, name)
        assert lock.registration == rows[0].body["registration"]
        assert lock.members == rows[0].body["claims"]
        assert lock.members[name] == lock.bound["claim"] == digest(lock.claim)


def test_the_lock_binds_the_claim_and_all_it_rests_on(locked_root: Path) -> None:
    """Claim, recipe, builder, evaluator, given files, packages, settings; beside them the YAML."""
    lock = load_lock(locked_root, "first")
    claim = parse_claim(locked_root, locked_root / FIRST)
    assert digest(lock.claim) == digest(claim_to_json(claim))
    assert lock.recipe["id"] == "tiny"
    assert lock.bound["recipe"] == digest(lock.recipe)
    assert set(lock.bound["builder"]) == {"models", "models.tiny", "models.data", "models.helper"}
    assert "harness.verdict.judge" in lock.bound["evaluator"]
    assert set(lock.bound["files"]) == {"models/given.safetensors"}
    assert {"torch", "transformer-lens", "numpy", "scipy"} <= set(lock.bound["packages"])
    assert set(lock.bound["settings"]) == {"python", "machine"}
    assert lock.yaml == digest_file(locked_root / FIRST)


def test_the_same_claims_locked_again_have_other_seeds(locked_root: Path) -> None:
    """The registration binds the ledger's head; the earlier one stays on the ledger."""
    before = load_lock(locked_root, "first")
    again = register(locked_root, BOTH, reason="to see whether seeds can be drawn")
    after = load_lock(locked_root, "first")
    assert after.registration == again.digest == str(again) != before.registration
    assert after.claim == before.claim
    assert after.bound == before.bound
    one, two = (Seeds.confirmatory(lock.registration) for lock in (before, after))
    assert one.seed("train", "tiny", 0) != two.seed("train", "tiny", 0)
    rows = read(locked_root)
    assert [row.body["registration"] for row in rows] == [before.registration, after.registration]
    assert rows[1].body["reason"] == "to see whether seeds can be drawn"


@pytest.mark.parametrize("options", [{}, {"reason": "  "}, {"again": False, "reason": "because"}])
def test_locking_again_needs_a_reason_and_the_wish(locked_root: Path, options: Any) -> None:
    """Neither by accident nor without a word."""
    before = ledger_path(locked_root).read_bytes()
    with pytest.raises(ClaimsError, match=r"first: locked already.*claims amend first --reason"):
        register(locked_root, ["first"], **options)
    assert ledger_path(locked_root).read_bytes() == before


def test_every_problem_of_every_file_is_said_at_once(root: Path) -> None:
    """Two broken claims, one message; nothing is written."""
    edit(root, FIRST, "margin: 0.5", "margin: much")
    edit(root, "claims/second.yaml", "unit: replicate", "unit: 1e-3")
    with pytest.raises(BadInput) as caught:
        register(root, BOTH)
    assert {p.file for p in caught.value.problems} == {FIRST, "claims/second.yaml"}
    assert not ledger_path(root).exists()
    assert not lock_path(root, "first").exists()


def test_refusals_of_all_claims_are_listed(root: Path) -> None:
    """What the lint refuses is not locked, and each reason names its claim and its rule."""
    edit(root, FIRST, "margin: 0.5, alpha: 0.05", "margin: 0.5, alpha: 0.2")
    edit(root, "claims/second.yaml", "replicates: 8", "replicates: 3")
    with pytest.raises(ClaimsError) as caught:
        register(root, BOTH)
    assert "first: criteria.closes-half.test.alpha" in caught.value.what
    assert "(rule alpha)" in caught.value.what
    assert "\nsecond: " in caught.value.what
    assert not ledger_path(root).exists()


def test_a_waived_refusal_locks(root: Path) -> None:
    """A sentence that stands in the report is enough where the rule can be waived."""
    edit(root, FIRST, "sd: 0.15", "sd: 0.6")
    with pytest.raises(ClaimsError, match="rule power"):
        register(root, ["first"])
    text = (root / FIRST).read_text(encoding="utf-8")
    write(root, FIRST, text + "waivers: {power: this is a pilot that will be repeated larger}\n")
    register(root, ["first"])
    assert load_lock(root, "first").claim["waivers"]


def test_a_claim_that_does_not_exist_is_named(root: Path) -> None:
    """And no claim at all is an error too."""
    with pytest.raises(ClaimsError, match="third"):
        register(root, ["first", "third"])
    with pytest.raises(ClaimsError, match="no claim"):
        register(root, [])


def test_an_unlocked_claim_has_no_lock(root: Path) -> None:
    """Asking says so; loading says what to do."""
    assert not is_registered(root, "first")
    with pytest.raises(OutOfOrder, match="claims lock first"):
        load_lock(root, "first")


def test_removing_the_lock_file_does_not_unlock(locked_root: Path) -> None:
    """The ledger knows; the lock is read from it, and reading writes nothing."""
    before = load_lock(locked_root, "first")
    lock_path(locked_root, "first").unlink()
    assert is_registered(locked_root, "first")
    assert load_lock(locked_root, "first") == before
    assert not lock_path(locked_root, "first").exists()


def test_a_lock_file_is_the_same_bytes_when_it_is_made_again(locked_root: Path) -> None:
    """A killed registration that is completed later leaves what an unkilled one leaves."""
    path = lock_path(locked_root, "first")
    before = path.read_bytes()
    path.unlink()
    done = register(locked_root, BOTH)
    assert done.restored
    assert path.read_bytes() == before
    assert len(read(locked_root)) == 1


@pytest.mark.parametrize("after", [0, 1])
def test_a_kill_while_registering_is_completed_by_the_next_call(
    root: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """Once the row is on the ledger, the same command finishes the same registration."""
    real = registering.write_atomic
    written: list[Path] = []

    def killed(path: Path, data: bytes) -> None:
        if len(written) == after:
            raise KeyboardInterrupt
        written.append(path)
        real(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(registering, "write_atomic", killed)
        with pytest.raises(KeyboardInterrupt):
            register(root, BOTH)
    row = read(root)[0]
    done = register(root, BOTH)
    assert done.restored
    assert done.digest == row.body["registration"]
    assert len(read(root)) == 1
    assert [load_lock(root, name).registration for name in BOTH] == [done.digest] * 2


def test_a_kill_before_the_row_leaves_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its row a registration has not happened."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(registering, "append_locked", killed)
        with pytest.raises(KeyboardInterrupt):
            register(root, BOTH)
    assert not is_registered(root, "first")
    assert not register(root, BOTH).restored


def test_what_was_killed_and_then_edited_is_not_taken_for_the_same(locked_root: Path) -> None:
    """A claim that changed since needs a reason, like any other locked claim."""
    lock_path(locked_root, "first").unlink()
    edit(locked_root, FIRST, "margin: 0.5", "margin: 0.45")
    with pytest.raises(ClaimsError, match="locked already"):
        register(locked_root, BOTH)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('"margin": 0.5', '"margin": 0.4', "claim.criteria.closes-half.test.margin: locked 0.5"),
        ('"numpy": "', '"numpy": "9', "packages.numpy"),
        ('"models.helper": "sha256:', '"models.helper": "sha256:0', "builder.models.helper"),
        ('"claim_id": "first"', '"claim_id": "second"', "claim_id"),
        ('"kind": "marked"', '"kind": "plain"', "recipe.roles.regulation.params.kind"),
    ],
)
def test_an_edited_lock_file_is_named_field_by_field(
    locked_root: Path, old: str, new: str, named: str
) -> None:
    """The ledger has the lock in full, so the edit is shown, not only detected."""
    edit(locked_root, "claims/first.lock.json", old, new)
    with pytest.raises(RecordBroken) as caught:
        load_lock(locked_root, "first")
    assert named in caught.value.what
    assert caught.value.where == "claims/first.lock.json"
    load_lock(locked_root, "second")


def test_a_line_break_in_a_fields_name_is_written_out(locked_root: Path) -> None:
    """One sentence stays one line, whatever somebody calls a field."""
    edit(locked_root, "claims/first.lock.json", '"claim_id":', '"x\\ny": 1, "claim_id":')
    with pytest.raises(RecordBroken) as caught:
        load_lock(locked_root, "first")
    assert "x\\ny" in caught.value.what
    assert "\n" not in caught.value.sentence


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"registration": 3}', "\xff"])
def test_a_lock_file_that_is_none_is_refused(locked_root: Path, text: str) -> None:
    """With the way to mend it."""
    write(locked_root, "claims/first.lock.json", text)
    with pytest.raises(RecordBroken, match="Restore"):
        load_lock(locked_root, "first")


def test_an_earlier_lock_put_back_is_named(locked_root: Path) -> None:
    """Rolling the lock file back does not roll the registration back."""
    path = lock_path(locked_root, "first")
    earlier = path.read_bytes()
    register(locked_root, ["first"], reason="a second thought")
    path.write_bytes(earlier)
    with pytest.raises(RecordBroken, match="an earlier registration"):
        load_lock(locked_root, "first")


def test_a_lock_without_its_registration_locks_nothing(locked_root: Path) -> None:
    """A ledger that was removed is not replaced by a fresh one."""
    ledger_path(locked_root).unlink()
    with pytest.raises(RecordBroken, match="row 1 is missing at the end"):
        load_lock(locked_root, "first")
    unwitness(locked_root)
    with pytest.raises(RecordBroken, match="of which the ledger knows nothing"):
        load_lock(locked_root, "first")
    with pytest.raises(RecordBroken, match="of which the ledger knows nothing"):
        register(locked_root, BOTH, reason="start afresh")
    assert not ledger_path(locked_root).exists()


def test_nothing_is_registered_on_a_broken_record(locked_root: Path) -> None:
    """Also where it is another claim's lock that is broken."""
    edit(locked_root, "claims/second.lock.json", '"margin": 0.5', '"margin": 0.4')
    with pytest.raises(RecordBroken, match=r"claims/second\.lock\.json"):
        register(locked_root, ["first"], reason="a reason")
    assert len(read(locked_root)) == 1


def test_a_registration_that_is_not_the_digest_of_what_it_binds_is_named(locked_root: Path) -> None:
    """Someone who rebuilds the whole chain must also find content with the old digest."""
    (row,) = read(locked_root)
    body = json.loads(json.dumps(row.body))
    body["content"]["claims"]["first"]["claim"]["criteria"][0]["test"]["margin"] = 0.1
    forged = Row.make(1, row.kind, body, row.time, row.prev)
    ledger_path(locked_root).write_bytes(line_of(forged))
    unwitness(locked_root)
    with pytest.raises(RecordBroken, match="not the digest of what it binds"):
        load_lock(locked_root, "first")


@pytest.mark.parametrize("part", ["content", "registration", "claims"])
def test_a_registration_without_a_part_is_named(locked_root: Path, part: str) -> None:
    """A row with a whole chain and a body that is none."""
    (row,) = read(locked_root)
    body = {k: v for k, v in row.body.items() if k != part} | {"claims": {"first": 1}}
    forged = Row.make(1, row.kind, body, row.time, row.prev)
    ledger_path(locked_root).write_bytes(line_of(forged))
    unwitness(locked_root)
    with pytest.raises(RecordBroken, match=r"ledger.jsonl:1"):
        load_lock(locked_root, "first")


def test_a_third_claim_joins_later_without_touching_the_others(locked_root: Path) -> None:
    """It gets a registration, and hence replicates, of its own."""
    text = (locked_root / FIRST).read_text(encoding="utf-8")
    write(locked_root, "claims/third.yaml", text.replace("id: first", "id: third"))
    before = load_lock(locked_root, "first")
    done = register(locked_root, ["third"])
    assert load_lock(locked_root, "third").members.keys() == {"third"}
    assert load_lock(locked_root, "first") == before
    assert done.digest != before.registration
