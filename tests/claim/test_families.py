"""Families of differences in the claim language: what is read, and what is refused where."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.claim.canonical import claim_from_json, claim_to_json
from harness.claim.parse import parse_claim
from harness.claim.power import adjacent, family_size
from tests.claim.texts import CLAIM, problems, write

APART = "{kind: contrasts, arms: [treatment, other], minus: baseline, readout: rate, at: 1.0}"
ORDER = "{kind: ordering, arms: [other, treatment, baseline], readout: rate, at: judged}"
ALONG = "{kind: dose-ordering, arm: other, readout: rate, doses: [2, 1, 0.5, 0]}"


def text(estimand: str, test: str) -> str:
    """The valid claim with one more criterion."""
    one = f"  more:\n    estimand: {estimand}\n    test: {test}\n    why: because\n"
    assert CLAIM.count("criteria:\n") == 1
    return CLAIM.replace("criteria:\n", "criteria:\n" + one)


@pytest.mark.parametrize(
    ("estimand", "test", "members"),
    [
        (APART, "{kind: some-of, margin: 0.1, method: sign-flip}", 2),
        (APART, "{kind: all-of, margin: 0.1}", 2),
        (APART.replace("treatment, other", "shared, separate").replace("baseline", "reference"),
         "{kind: none-of, margin: 0.1}", 4),
        (ORDER, "{kind: all-of, margin: 0, method: sign-flip-holm}", 2),
        (ALONG, "{kind: all-of, margin: 0}", 3),
    ],
)  # fmt: skip
def test_a_family_is_read_and_survives_its_canonical_form(
    estimand: str, test: str, members: int, tmp_path: Path
) -> None:
    """With as many members as arms and candidates, or steps, are named."""
    claim = parse_claim(tmp_path, write(tmp_path, text(estimand, test)))
    assert claim_from_json(claim_to_json(claim)) == claim
    one = claim.criteria[0]
    assert family_size(claim, one) == members
    assert adjacent(one) == ("ordering" in estimand)


REFUSED = {
    "an-order-is-no-some-of": (ORDER, "{kind: some-of, margin: 0}", "test", "all-of"),
    "one-number-is-no-family": (ORDER, "{kind: superiority, margin: 0}", "test", "is a family"),
    "an-order-of-one": (ORDER.replace("other, treatment, baseline", "treatment"), "",
                        "estimand.arms", "two arms"),
    "an-order-of-candidates": (ORDER.replace("baseline", "shared"), "", "estimand.arms",
                               "2 candidates"),
    "an-order-with-one-twice": (ORDER.replace("baseline", "other"), "", "estimand.arms", "twice"),
    "an-order-without-a-dose": (ORDER.replace(", at: judged", ""), "", "estimand", "at which dose"),
    "at-a-dose-not-measured": (ORDER.replace("judged", "2.0"), "", "estimand.at", "not measured"),
    "doses-of-no-grid": (ALONG.replace("0.5, 0]", "0.4]"), "", "estimand.doses", "dose 0.4"),
    "one-dose": (ALONG.replace("2, 1, 0.5, 0", "1"), "", "estimand.doses", "two doses"),
    "a-dose-twice": (ALONG.replace("2, 1, 0.5, 0", "1, 1.0"), "", "estimand.doses", "twice"),
    "doses-of-an-arm-without-any": (ALONG.replace("arm: other", "arm: baseline"), "",
                                    "estimand.arm", "does not intervene"),
    "contrast-with-itself": (APART.replace("minus: baseline", "minus: other"), "",
                             "estimand.minus", "compared with itself"),
    "contrast-of-random-directions": (APART.replace("other]", "isotropic]")
                                      .replace("at: 1.0", "at: judged"),
                                      "{kind: some-of, margin: 0}", "estimand.arms", "random"),
    "contrast-minus-many": (APART.replace("minus: baseline", "minus: shared"), "",
                            "estimand.minus", "2 candidates"),
    "contrast-of-a-labelled-arm": (APART.replace("other]", "opposite]")
                                   .replace("at: 1.0", "at: judged"),
                                   "", "estimand.arms", "label"),
}  # fmt: skip


@pytest.mark.parametrize("defect", REFUSED)
def test_a_family_that_cannot_be_is_refused_where_it_stands(defect: str, tmp_path: Path) -> None:
    """Once, in words that help."""
    estimand, test, path, words = REFUSED[defect]
    found = problems(tmp_path, text(estimand, test or "{kind: all-of, margin: 0}"))
    assert [at for at, _ in found] == [f"criteria.more.{path}"], found
    assert words in found[0][1]
