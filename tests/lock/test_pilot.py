"""Pilots in registrations: what is kept of them; older registrations are read as before."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.errors import ClaimsError
from harness.lock import register as registering
from harness.lock.ledger import read
from harness.lock.pilot import Pilot, in_words
from harness.lock.record import lock_path
from harness.lock.register import register
from harness.lock.stored import load_lock
from tests.lock.workspace import edit, write

BOTH = ["first", "second"]
FIRST = "claims/first.yaml"
PILOT = Pilot("sha256:00", 3, {"closes-half": (0.6, 0.7, 0.8)})


def test_a_registration_without_a_word_about_pilots_is_read_as_before(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Locks made before pilots were kept have none, and their files are not rewritten for it."""
    monkeypatch.setattr(registering, "recorded", lambda pilots, name: None)
    register(root, ["first"])
    content = read(root)[0].body["content"]["claims"]["first"]
    assert content["pilot"] is None
    lock = load_lock(root, "first")
    assert lock.pilot is None
    assert "pilot" not in lock.as_json()
    assert "pilot" not in json.loads(lock_path(root, "first").read_bytes())


def test_the_published_registrations_are_still_read(repository: Path) -> None:
    """The lock files of this repository are what its ledger says, byte for byte."""
    rows = read(repository)
    for name in sorted({n for row in rows for n in row.body.get("claims") or {}}):
        lock = load_lock(repository, name)
        assert lock_path(repository, name).read_bytes() == lock.as_bytes()


@pytest.mark.parametrize(
    ("pilots", "kept"),
    [
        (None, "not looked for"),
        ({"first": None}, "none"),
        ({"first": PILOT}, {"evidence": "sha256:00", "replicates": 3}),
    ],
)
def test_a_registration_keeps_which_pilot_there_was(root: Path, pilots: Any, kept: Any) -> None:
    """An exploration by digest, that there was none, or that nobody looked."""
    done = register(root, ["first"], pilots=pilots)
    assert load_lock(root, "first").pilot == done.pilots["first"] == kept
    assert json.loads(lock_path(root, "first").read_bytes())["pilot"] == kept


def test_a_pilot_without_room_is_not_locked(root: Path) -> None:
    """What the exploration shows reaches the rules."""
    stuck = replace(PILOT, values={"closes-half": (0.4, 0.4, 0.4)})
    with pytest.raises(ClaimsError, match=r"first: .*does not vary \(rule pilot"):
        register(root, BOTH, pilots={"first": stuck, "second": PILOT})
    register(root, BOTH, pilots={"first": PILOT, "second": PILOT})


def test_what_was_waived_is_handed_back(root: Path) -> None:
    """Registering says which breaches its waivers let through."""
    edit(root, FIRST, "sd: 0.15", "sd: 0.6")
    text = (root / FIRST).read_text(encoding="utf-8")
    write(root, FIRST, text + "waivers: {power: there is no money for more of them}\n")
    done = register(root, BOTH)
    assert [one.rule for one in done.waived["first"]] == ["power"]
    assert done.waived["second"] == ()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, ""),
        ("none", "locked without a pilot"),
        ("not looked for", "locked without looking for a pilot"),
        (PILOT.as_json(), "exploration of 3 replicate(s), sha256:00"),
    ],
)
def test_what_is_kept_has_words(value: Any, words: str) -> None:
    """For the command line and the report."""
    assert in_words(value) == words
