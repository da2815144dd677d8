"""What is registered against what is published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.claim.parse import load_claim
from harness.errors import ClaimsError
from harness.lock.ledger import append, ledger_path
from harness.lock.register import register
from harness.measure.job import Job, attempt_job, begin
from harness.measure.store import json_bytes
from harness.report.build import publish_verdict
from harness.verdict.records import Status
from harness.verdict.reported import (
    bounded,
    contradicted,
    items_of,
    ranked,
    registered,
    unpublished,
)
from harness.verdict.standing import standing
from tests.lock.workspace import unwitness
from tests.measure.forged import attempted, workspace, write_replicate
from tests.toy_workspace import claim, make

JUDGED = ("verdict", "criterion::surprised", "precondition::healthy")
REPLICATES = ("replicate::0", "replicate::1", "replicate::2")


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A registered claim of which nothing is measured."""
    return attempt_job(workspace(tmp_path / "study"), "easy")


def missing(root: Path) -> list[tuple[str, tuple[str, ...], str]]:
    return [(one.claim, one.items, one.reason) for one in unpublished(root)]


def test_a_long_list_names_some_and_counts_the_rest() -> None:
    """Never a wall of names, and never "and 0 more"."""
    assert bounded([]) == ""
    assert bounded("abc") == "a, b, c"
    assert bounded("abcd") == "a, b, c and 1 more"
    assert bounded(["precondition::dose", "criterion::beats", "x", "y", "z"], 2) == (
        "precondition::dose, criterion::beats and 3 more"
    )


def test_what_decides_is_named_first() -> None:
    """Verdict, criteria, preconditions, replicates; the order within each is kept."""
    items = ["replicate::1", "criterion::b", "verdict", "precondition::p", "criterion::a"]
    ordered = ("verdict", "criterion::b", "criterion::a", "precondition::p", "replicate::1")
    assert ranked(items) == ordered


def test_the_items_of_a_claim_are_those_of_its_lock(job: Job) -> None:
    """The ledger's registration gives the same names as the file from which it was made."""
    (one,) = registered(job.root)
    assert one.items == items_of(load_claim(job.root, "easy")) == (*JUDGED, *REPLICATES)
    assert one.registration == job.registration


def test_what_is_registered_does_not_depend_on_files_that_may_go(job: Job) -> None:
    """Claim file and lock file removed, claim file edited: the same answer."""
    before = registered(job.root)
    path = job.root / "claims" / "easy.yaml"
    path.write_text(path.read_text().replace("replicates: 3", "replicates: 30"))
    assert registered(job.root) == before
    path.unlink()
    (job.root / "claims" / "easy.lock.json").unlink()
    assert registered(job.root) == before


def test_a_lock_without_a_ledger_still_counts(job: Job) -> None:
    """It says at least that there was a verdict to come."""
    ledger_path(job.root).unlink()
    unwitness(job.root)
    assert [(one.claim, one.items) for one in registered(job.root)] == [("easy", ("verdict",))]


def test_only_the_last_registration_counts(job: Job) -> None:
    """A claim locked again with fewer replicates has the items of the new lock."""
    path = job.root / "claims" / "easy.yaml"
    path.write_text(path.read_text().replace("replicates: 3", "replicates: 4"))
    register(job.root, ["easy"], reason="more of them")
    (one,) = registered(job.root)
    assert one.items[-1] == "replicate::3"
    assert one.registration != job.registration


@pytest.mark.parametrize("body", [{}, {"claims": ["easy"]}, {"claims": {"\x1b[2J": "sha256:0"}}])
def test_a_row_that_names_no_claims_breaks_the_record(job: Job, body: dict[str, Any]) -> None:
    """A registration that was written past the harness is an error in words."""
    with pytest.raises(ClaimsError, match="no body of its kind"):
        append(job.root, "registration", {"registration": "sha256:0", **body})
    assert [one.claim for one in registered(job.root)] == ["easy"]


def test_an_unregistered_claim_is_not_expected(tmp_path: Path) -> None:
    """Nothing was promised, so nothing is missing."""
    root = workspace(tmp_path / "study", locked=False)
    assert registered(root) == ()
    assert unpublished(root) == ()


def test_publication_follows_the_work(job: Job) -> None:
    """Nothing measured, measured in part, not published, published."""
    root = job.root
    everything = (*JUDGED, *REPLICATES)
    assert missing(root) == [("easy", everything, "nothing is measured: claims run easy")]
    begin(job)
    write_replicate(job, 0)
    part = "measured in part, 1 of 3 replicates: claims run easy"
    assert missing(root) == [("easy", (*JUDGED, *REPLICATES[1:]), part)]
    publish_verdict(job)  # what is published of an incomplete attempt is no verdict
    assert missing(root) == [("easy", (*JUDGED, *REPLICATES[1:]), part)]
    attempted(root)
    why = "measured, but its verdict is not published: claims report"
    assert missing(root) == [("easy", JUDGED, why)]
    (job.folder / "verdict.json").unlink()
    assert missing(root) == [("easy", JUDGED, why)]
    publish_verdict(job)
    assert missing(root) == []


def edited(job: Job, **changes: Any) -> list[tuple[str, tuple[str, ...], str]]:
    attempted(job.root)
    publish_verdict(job)
    assert missing(job.root) == []
    path = job.folder / "verdict.json"
    path.write_bytes(json_bytes({**json.loads(path.read_bytes()), **changes}))
    return missing(job.root)


@pytest.mark.parametrize(
    ("changes", "items"),
    [
        ({"criteria": []}, ("criterion::surprised",)),
        ({"preconditions": []}, ("precondition::healthy",)),
        ({"preconditions": "all", "criteria": [3]}, JUDGED[1:]),
    ],
)
def test_what_the_published_verdict_leaves_out_is_named(
    job: Job, changes: dict[str, Any], items: tuple[str, ...]
) -> None:
    """A verdict without its criteria, its preconditions or its status does not report them."""
    assert edited(job, **changes) == [("easy", items, "not in the published verdict")]


def test_a_verdict_of_another_registration_reports_nothing(job: Job) -> None:
    """Copied from an earlier attempt, it is none of this one's."""
    why = "the published verdict is of another registration"
    assert edited(job, registration="sha256:0") == [("easy", JUDGED, why)]


def test_an_unreadable_verdict_reports_nothing(job: Job) -> None:
    """Its file is named."""
    attempted(job.root)
    (job.folder / "verdict.json").write_text("{")
    ((_, items, why),) = missing(job.root)
    assert items == JUDGED
    assert "verdict.json" in why


def test_a_criterion_without_a_number_is_reported(job: Job) -> None:
    """It stands in the verdict as a precondition that failed."""
    begin(job)
    for replicate in job.replicates:
        write_replicate(job, replicate, loss=float("nan"))
    attempted_nan = publish_verdict(job)
    assert attempted_nan["criteria"] == []
    assert missing(job.root) == []


def test_a_pass_that_was_not_judged_so_is_a_contradiction(tmp_path: Path) -> None:
    """Each item is held against what judging says of that very item."""
    root = make(tmp_path, bad=claim("bad", margin=20.0))
    register(root, ["bad"])
    everything = (*REPLICATES, *JUDGED)
    assert standing(root, "bad").status is Status.LOCKED
    (one,) = contradicted(root, standing(root, "bad"), everything)
    assert (one.judged, set(one.items)) == ("LOCKED", set(everything))
    attempted(root, "bad")
    row = standing(root, "bad")
    (one,) = contradicted(root, row, everything)
    assert one.sentence == "bad: verdict, criterion::surprised: reported passed, judged FAIL"
    assert contradicted(root, row, REPLICATES) == ()
    assert contradicted(root, row, ()) == ()


def test_a_pass_that_was_judged_so_is_none(job: Job) -> None:
    """Nor is anything of a claim whose status is PASS."""
    attempted(job.root)
    assert contradicted(job.root, standing(job.root, "easy"), (*JUDGED, *REPLICATES)) == ()


def test_nothing_of_a_tampered_claim_can_pass(job: Job) -> None:
    """Not even a replicate that is measured."""
    attempted(job.root)
    path = job.root / "claims" / "easy.yaml"
    path.write_text(path.read_text().replace("margin: 1.0", "margin: 0.5"))
    (one,) = contradicted(job.root, standing(job.root, "easy"), REPLICATES)
    assert (one.judged, one.items) == ("TAMPERED", REPLICATES)
