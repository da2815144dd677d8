"""Heads that an arm chooses, as its file says them and as they are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.claim.canonical import claim_from_json, claim_to_json
from harness.claim.heads import HeadChoice
from harness.claim.parse import parse_claim
from harness.errors import BadInput
from tests.toy_workspace import claim as toy
from tests.toy_workspace import make

SITES = """\
  mixed: {hook: blocks.0.attn.hook_z, positions: step_onset}
  above: {hook: blocks.1.attn.hook_z, positions: step_onset}
arms:
"""
ARMS = """\
  brings: {on: regulation, site: mixed, operation: ablate, way: zero, heads: {attends: step_body},
    doses: [0, 1]}
  on-other-texts:
    {on: regulation, site: mixed, operation: interchange, with: standard, doses: [0, 1],
     heads: {attends: step_body, texts: regulated}}
  other: {on: regulation, site: mixed, operation: ablate, way: mean, heads: {other_than: brings},
    doses: [0, 1]}
preconditions:
"""


def text() -> str:
    return toy("heads").replace("arms:\n", SITES).replace("preconditions:\n", ARMS)


def test_a_choice_of_heads_is_read_and_written_back(tmp_path: Path) -> None:
    """In place of numbers, which arms without a choice keep."""
    claim = parse_claim(make(tmp_path, heads=text()), "claims/heads.yaml")
    assert claim.arm("brings").chosen == HeadChoice(attends="step_body")
    assert claim.arm("on-other-texts").chosen == HeadChoice("step_body", "regulated")
    assert claim.arm("other").chosen == HeadChoice(other_than="brings")
    assert claim.arm("brings").heads == ()
    plain: dict[str, Any] = claim_to_json(claim)
    written = {a["name"]: a.get("heads") for a in plain["arms"]}
    assert written["brings"] == {"attends": "step_body"}
    assert written["other"] == {"other_than": "brings"}
    assert written["baseline"] is None
    assert claim_from_json(plain) == claim
    assert claim.arm("brings").part[1:] != claim.arm("other").part[1:]


CHOSEN = "heads: {attends: step_body},"
REFUSED = {
    "both": (CHOSEN, "heads: {attends: step_body, other_than: other},", "brings.heads", "either"),
    "neither": (CHOSEN, "heads: {},", "brings.heads", "either"),
    "texts-of-a-control": ("{other_than: brings}", "{other_than: brings, texts: plain}",
                           "other.heads.texts", "texts belongs to attends"),
    "no-class": (CHOSEN, "heads: {attends: 3},", "brings.heads.attends", "position class"),
    "no-arm": ("{other_than: brings}", "{other_than: bring}", "other.heads.other_than",
               "no arm 'bring'"),
    "an-arm-without-a-choice": ("{other_than: brings}", "{other_than: baseline}",
                                "other.heads.other_than", "does not choose"),
    "itself": ("{other_than: brings}", "{other_than: other}", "other.heads.other_than",
               "does not choose"),
    "another-site": ("other: {on: regulation, site: mixed", "other: {on: regulation, site: above",
                     "other.heads.other_than", "another site"),
    "another-role": ("other: {on: regulation", "other: {on: standard", "other.heads.other_than",
                     "another model"),
    "where-no-heads-are": ("hook: blocks.0.attn.hook_z", "hook: blocks.0.hook_attn_out",
                           "brings.heads", "cannot be told apart"),
    "another-key": (CHOSEN, "heads: {attend: step_body},", "brings.heads.attend", "unknown key"),
    "another-operation": ("operation: ablate, way: zero, heads: {attends: step_body}",
                          "operation: replace-zero, heads: {attends: step_body}",
                          "brings.heads", "has no heads"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_choice_that_means_nothing_is_refused(tmp_path: Path, name: str) -> None:
    """With its place."""
    old, new, path, words = REFUSED[name]
    assert old in text()
    with pytest.raises(BadInput) as caught:
        parse_claim(make(tmp_path, heads=text().replace(old, new, 1)), "claims/heads.yaml")
    at = [p for p in caught.value.problems if p.path == f"arms.{path}"]
    assert any(words in p.what + p.fix for p in at), caught.value.problems
