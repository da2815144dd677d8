"""Findings and their waivers; the rules themselves are in ``test_refusals.py``."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.claim.schema import Expectation
from harness.errors import UnknownName
from harness.lock.lint import findings, is_sentence, lint
from harness.lock.refusal import Refusal
from tests.lock.designs import RECIPE, claim, refusals

SENTENCE = "Eight pairs are all that the budget allows."
NOISY = {"criteria.closes.expect.sd": 0.5}


def test_a_sentence_waives_what_can_be_waived() -> None:
    """A waived refusal no longer stands, but stays on the list with its sentence."""
    waived = claim("removal", {**NOISY, "waivers": {"power": f"  {SENTENCE} "}})
    assert lint(waived, RECIPE) == ()
    (found,) = findings(waived, RECIPE)
    assert (found.rule, found.waiver) == ("power", SENTENCE)


def test_a_rule_beyond_waiving_stands() -> None:
    """A waiver for alpha leaves the refusal in place, and is refused itself."""
    edits = {"criteria.closes.test.alpha": 0.2, "waivers": {"alpha": SENTENCE}}
    assert {r.rule for r in refusals("removal", edits)} == {"alpha", "waiver"}


def test_one_waiver_covers_a_rule_wherever_it_is_breached() -> None:
    """Two criteria without power, one sentence; both stand on the list."""
    edits = {**NOISY, "criteria.beats.expect.sd": 0.9, "waivers": {"power": SENTENCE}}
    found = findings(claim("removal", edits), RECIPE)
    assert [r.where for r in found] == ["criteria.closes.expect", "criteria.beats.expect"]
    assert all(r.waiver for r in found)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (SENTENCE, True),
        ("There is no money", True),
        ("Kein Geld für mehr Läufe", True),
        ("", False),
        ("why not", False),
        ("no no no no no", False),
        ("a b c d e f", False),
        ("1 2 3 4 5", False),
    ],
)
def test_a_sentence_has_words(text: str, says: bool) -> None:
    """Four different ones; letters, digits and repetition are none."""
    assert is_sentence(text) is says


def test_refusals_say_where_and_what_to_do() -> None:
    """The refusal of a too coarse test names the place, the floor and the replicates needed."""
    edits = {"subject.replicates": 4, "criteria.closes.test.method": "sign-flip"}
    first = next(r for r in refusals("removal", edits) if r.rule == "smallest-p")
    assert first == Refusal(
        "smallest-p",
        "criteria.closes.test",
        "with 4 replicates no p lies below 0.0625, so alpha 0.05 cannot be reached; plan at "
        "least 5",
        False,
    )


def test_the_same_breach_is_said_once() -> None:
    """Three criteria with the same random controls have one refusal for their number."""
    found = [r for r in refusals("removal", {"arms.isotropic.count": 3}) if r.rule != "power"]
    assert len(found) == len(set(found)) == 1


def test_an_arm_that_does_not_exist_is_named() -> None:
    """What the language would have refused is an error here, not a refusal."""
    one = claim("removal")
    wrong = replace(one.criteria[0], estimand={**one.criteria[0].estimand, "arm": "treatmnt"})
    with pytest.raises(UnknownName, match="treatment"):
        lint(replace(one, criteria=(wrong,)), RECIPE)


def test_an_expected_sd_of_zero_is_no_test() -> None:
    """A program can say it, a file cannot."""
    one = claim("removal")
    flat = replace(one.criteria[0], expect=Expectation(0.75, 0.0))
    assert {r.rule for r in lint(replace(one, criteria=(flat,)), RECIPE)} == {"test"}
