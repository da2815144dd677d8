"""A claim as one JSON value: nothing is lost, nothing is invented, JSON is enough to carry it."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.claim.canonical import claim_from_json, claim_to_json
from harness.claim.parse import load_claims, read_claim
from harness.claim.schema import Claim, Criterion, Direction, Expectation, Samples
from harness.claim.schema import Test as Gate
from harness.claim.terms import DRAWN, METHODS
from harness.claim.vocabulary import METHOD_NEEDS
from harness.digest import canonical, digest
from harness.errors import BadInput
from harness.yamlio import load_bytes
from tests.claim.texts import CLAIM

VALID = read_claim(load_bytes(CLAIM.encode()))

words = st.text("abc XYZ 0:#-'\"{}é漢", min_size=1, max_size=30).map(str.strip).filter(bool)
numbers = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: x + 0.0)
positive = st.floats(1e-6, 1e6)
grids = st.lists(st.floats(1.125, 4.0), max_size=5, unique=True).map(
    lambda more: (0.0, 0.5, 1.0, *sorted(more))
)


@st.composite
def claims(draw: st.DrawFn) -> Claim:
    """The valid claim with its words, numbers, grids and options drawn anew."""
    arms = []
    for arm in VALID.arms:
        new = replace(arm, label=draw(words)) if arm.label else arm
        if arm.name in ("other", "shared", "separate"):
            new = replace(new, doses=draw(grids))
        if arm.control:
            new = replace(new, count=draw(st.integers(1, 1000)))
        if arm.donor:
            new = replace(new, donor=draw(st.integers(0, 5)))
        arms.append(new)
    method = draw(st.sampled_from([m for m in METHODS if METHOD_NEEDS[m].positive == "required"]))
    needs = METHOD_NEEDS[method].negative
    spare = Direction("spare", method, "body", "tuned", "standard" if needs == "required" else None)
    if method == "dictionary-row":
        whose = ("regulation", "standard", "random")
        sides = ("regulation", "standard")  # the pair whose features the claim compares
        spare = Direction("spare", method, "body", *sides, dictionary=draw(st.sampled_from(whose)))
    criteria = [_gate(draw, c) for c in VALID.criteria]
    counts = {f.name: draw(st.integers(2, 500)) for f in fields(Samples) if f.name != "drawn"}
    drawn = draw(st.sampled_from(DRAWN))
    showing = draw(st.booleans())
    return replace(
        VALID,
        title=draw(words),
        statement=draw(words),
        source=tuple(draw(st.lists(words, min_size=1, max_size=3, unique=True))),
        samples=Samples(**counts, drawn=drawn),
        directions=(*VALID.directions, *draw(st.sampled_from([(), (spare,)]))),
        arms=tuple(arms),
        criteria=tuple(draw(st.permutations(criteria))),
        preconditions=tuple(replace(p, why=draw(words)) for p in VALID.preconditions),
        shown=VALID.shown if showing else {},
        probes=VALID.probes if showing else (),  # one that nothing reads is refused
        exclusion=draw(st.sampled_from([None, VALID.exclusion])),
        waivers=draw(st.dictionaries(st.sampled_from(["margin", "coverage"]), words)),
        does_not_show=tuple(draw(st.lists(words, min_size=1, max_size=2, unique=True))),
    )


def _gate(draw: st.DrawFn, one: Criterion) -> Criterion:
    test = Gate(
        one.test.kind,
        draw(positive),
        draw(st.floats(1e-6, 0.499)),
        draw(st.sampled_from(["t", "sign-flip"])),
    )
    expect = draw(st.sampled_from([None, Expectation(draw(positive), draw(positive))]))
    return replace(one, test=test, expect=expect, why=draw(words))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(claims())
def test_a_claim_survives_the_way_through_its_digested_bytes(claim: Claim) -> None:
    """to JSON, to bytes and back gives an equal claim with the same digest."""
    value = claim_to_json(claim)
    back = claim_from_json(json.loads(canonical(value)))
    assert back == claim
    assert digest(claim_to_json(back)) == digest(value)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(claims(), claims())
def test_different_claims_have_different_digests(one: Claim, two: Claim) -> None:
    """The digest forgets nothing that the records hold."""
    assert (digest(claim_to_json(one)) == digest(claim_to_json(two))) == (one == two)


def test_the_order_of_what_is_shown_survives(repository: Path) -> None:
    """A mapping would come back sorted; readers see shown estimands in the author's order."""
    for claim in load_claims(repository):
        back = claim_from_json(json.loads(canonical(claim_to_json(claim))))
        assert back == claim
        assert list(back.shown) == list(claim.shown)
        assert [a.name for a in back.arms] == [a.name for a in claim.arms]


def test_every_field_of_the_records_is_bound() -> None:
    """A field added to a record without a place in the JSON value would escape the lock."""
    value = claim_to_json(VALID)
    assert {f.name for f in fields(Claim)} <= {*value}
    arm = next(a for a in value["arms"] if a["name"] == "separate")
    assert {"name", "on", "site", "operation", "directions", "doses", "donor"} <= {*arm}
    assert value["criteria"][0]["test"] == {
        "kind": "superiority", "margin": 0.5, "alpha": 0.05, "method": "t"
    }  # fmt: skip


def damage(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A copy of a JSON value with one place set anew."""
    copy = json.loads(json.dumps(value))
    at = copy
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = new
    return copy


@pytest.mark.parametrize(
    ("path", "new", "words"),
    [
        (("schema",), "causal-claims/claim/0", "unknown schema"),
        (("extra",), 1, "unknown key 'extra'"),
        (("criteria", 0, "test", "margin"), "half", "a number"),
        (("criteria", 0, "test", "margin"), None, "a number"),
        (("criteria", 1, "name"), "closes-half", "a mapping of criterion names"),
        (("arms",), [], "arms"),
        (("arms", 4, "doses"), [0.5, 1.0], "start at 0"),
        (("shown", 0, "kind"), "nothing", "unknown kind"),
        (("subject",), None, "subject"),
    ],
)
def test_a_hand_edited_value_is_refused(path: tuple[Any, ...], new: Any, words: str) -> None:
    """What could not have come from a claim is refused in words, naming the claim."""
    with pytest.raises(BadInput, match=words) as caught:
        claim_from_json(damage(claim_to_json(VALID), path, new))
    assert all("valid" in p.file for p in caught.value.problems)
