"""A change is classed by what it can do to a verdict; what cannot be compared is looser."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.lock.changes import LOOSER, NEUTRAL, STRICTER, changes, overall
from harness.lock.stored import load_lock

Edit = Callable[[dict[str, Any]], None]


def criterion(lock: dict[str, Any]) -> dict[str, Any]:
    return lock["claim"]["criteria"][0]


def precondition(lock: dict[str, Any], name: str) -> dict[str, Any]:
    return next(p for p in lock["claim"]["preconditions"] if p["name"] == name)


def another(lock: dict[str, Any]) -> None:
    lock["claim"]["criteria"].append({**copy.deepcopy(criterion(lock)), "name": "more"})


CASES: dict[str, tuple[Edit, str]] = {
    "margin raised": (lambda v: criterion(v)["test"].update(margin=0.6), STRICTER),
    "margin lowered": (lambda v: criterion(v)["test"].update(margin=0.4), LOOSER),
    "alpha lowered": (lambda v: criterion(v)["test"].update(alpha=0.01), STRICTER),
    "alpha raised": (lambda v: criterion(v)["test"].update(alpha=0.1), LOOSER),
    "another method": (lambda v: criterion(v)["test"].update(method="sign-flip"), LOOSER),
    "criterion added": (another, STRICTER),
    "criterion dropped": (lambda v: v["claim"]["criteria"].pop(), LOOSER),
    "criterion's reason reworded": (lambda v: criterion(v).update(why="because"), NEUTRAL),
    "another estimand": (lambda v: criterion(v)["estimand"].update(readout="kl"), LOOSER),
    "precondition dropped": (lambda v: v["claim"]["preconditions"].pop(), LOOSER),
    "health bound tightened": (
        lambda v: precondition(v, "healthy").update(loss_gap_at_most=0.1), STRICTER),
    "health bound widened": (
        lambda v: precondition(v, "healthy").update(loss_gap_at_most=0.3), LOOSER),
    "dose band narrowed below": (lambda v: precondition(v, "dose").update(low=0.9), STRICTER),
    "dose band widened above": (lambda v: precondition(v, "dose").update(high=1.5), LOOSER),
    "title": (lambda v: v["claim"].update(title="Other words"), NEUTRAL),
    "expectation": (lambda v: criterion(v)["expect"].update(effect=0.9), NEUTRAL),
    "waiver added": (lambda v: v["claim"].update(waivers={"power": "we know it"}), LOOSER),
    "exclusion added": (
        lambda v: v["claim"].update(exclusion={"at_most": 1, "why": "weak"}), LOOSER),
    "dose grid": (lambda v: v["claim"]["arms"][2].update(doses=[0.0, 0.7]), LOOSER),
    "more replicates": (lambda v: v["claim"]["subject"].update(replicates=9), LOOSER),
    "recipe": (lambda v: v["recipe"]["params"].update(width=8), LOOSER),
    "builder's code": (lambda v: v["builder"].update({"models.tiny": "sha256:0"}), LOOSER),
    "package": (lambda v: v["packages"].update(numpy="0.1"), LOOSER),
    "evaluator": (lambda v: v["evaluator"].update({"harness.stats.rules": "sha256:0"}), LOOSER),
    "registration and bytes": (
        lambda v: v.update(registration="sha256:1", yaml="sha256:2", members={}), ""),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_change_is_classed(locked_root: Path, name: str) -> None:
    """The table above: one edit of a lock, one class."""
    change, expected = CASES[name]
    before = load_lock(locked_root, "first").as_json()
    after = copy.deepcopy(before)
    change(after)
    found = changes(before, after)
    assert [c.effect for c in found] == ([expected] if expected else [])


def test_lower_is_stricter_for_a_null(locked_root: Path) -> None:
    """Where the claim is that something lies below a margin, a smaller margin asks for more."""
    before = load_lock(locked_root, "first").as_json()
    before["claim"] = copy.deepcopy(before["claim"])
    criterion(before)["test"]["kind"] = "below"
    after = copy.deepcopy(before)
    criterion(after)["test"]["margin"] = 0.4
    assert [c.effect for c in changes(before, after)] == [STRICTER]
    criterion(after)["test"]["kind"] = "superiority"
    assert {c.effect for c in changes(before, after)} == {LOOSER}


def test_one_looser_change_makes_the_whole_looser(locked_root: Path) -> None:
    """Strictness elsewhere does not pay for it."""
    before = load_lock(locked_root, "first").as_json()
    after = copy.deepcopy(before)
    criterion(after)["test"]["margin"] = 0.7
    precondition(after, "dose")["high"] = 9.0
    found = changes(before, after)
    assert {c.effect for c in found} == {STRICTER, LOOSER}
    assert overall(found) == LOOSER
    assert overall(()) == NEUTRAL
