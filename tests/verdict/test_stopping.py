"""Replicates added under a locked rule: what is measured, when it stops, and what nobody can do."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import OutOfOrder, RecordBroken
from harness.measure.artefacts import Silent
from harness.measure.job import Job, attempt_job, begin, finish, measured, reproduction_job
from harness.measure.run import measure_all
from harness.measure.tables import load_evidence
from harness.report.build import build_reports
from harness.verdict.judge import settled
from harness.verdict.judging import judge_job
from harness.verdict.records import Status
from harness.verdict.reported import registered, unpublished
from harness.verdict.standing import standing
from harness.verdict.stopping import DECIDED, HOPELESS, MOST, elsewhere
from harness.verdict.verify import verify
from tests.measure.adding import ABOVE, BELOW, RULE, measured_as, run, text, workspace
from tests.measure.forged import write_replicate

ALL = [ABOVE] * 12
MIXED = [ABOVE, BELOW] * 6
LATE = [ABOVE, ABOVE, BELOW, *[ABOVE] * 9]
"""1.85^8 * .15 is the first to exceed 20: the ninth replicate, after one that lies below."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return workspace(tmp_path, grows=text("grows"))


def write(job: Job, losses: list[float], replicates: range) -> None:
    for r in replicates:
        write_replicate(job, r, losses[r] - r / 10)


@pytest.mark.parametrize(
    ("losses", "n", "status"),
    [
        (ALL, 5, Status.PASS),
        ([BELOW] * 12, 5, Status.FAIL),
        (LATE, 9, Status.PASS),
        (MIXED, 12, Status.INCONCLUSIVE),
    ],
)
def test_replicates_are_added_until_the_bet_is_decided(
    root: Path, monkeypatch: pytest.MonkeyPatch, losses: list[float], n: int, status: Status
) -> None:
    """In order, no more than are needed; then the record is closed, published and verified."""
    order = measured_as(monkeypatch, losses)
    job = run(root, "grows")
    assert order == list(range(n))
    row = standing(root, "grows")
    assert (row.status, row.replicates_done, row.replicates_planned) == (status, n, n)
    assert f"stopped after {n} of at most 12 replicates" in row.sentence
    verdict = judge_job(job)
    assert verdict.n == n
    assert verdict.sequential is not None
    assert verdict.sequential["stopped"] == n
    assert (verdict.sequential["why"] == MOST) is (status is Status.INCONCLUSIVE)
    build_reports(root)
    assert unpublished(root) == ()
    found = verify(root, ["grows"])
    assert found.problems == []
    assert found.missing == []
    measure_all(attempt_job(root, "grows"), Silent(), stops=None)  # it is closed: nobody is asked
    assert order == list(range(n))


def test_a_step_measures_whole_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The decision is the bet's own, the ninth; the replicates that were there anyway count too."""
    rule = RULE.replace("first: 5", "first: 5, step: 3")
    root = workspace(tmp_path, grows=text("grows", rule))
    order = measured_as(monkeypatch, LATE)
    verdict = judge_job(run(root, "grows"))
    assert order == list(range(11))
    assert verdict.criteria[0].number.details["decided_at"] == 8
    assert verdict.criteria[0].n == 11


def test_the_first_look_is_as_a_fixed_plan_of_as_many(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bet over all twelve decides the same: looking at it on the way takes nothing away."""
    fixed = "{recipe: models/toy.yaml, replicates: 12}"
    other = workspace(tmp_path / "other", grows=text("grows", fixed))
    measured_as(monkeypatch, LATE)
    one, two = (judge_job(run(place, "grows")).criteria[0] for place in (root, other))
    assert (one.n, two.n) == (9, 12)
    assert one.outcome is two.outcome
    assert one.number.p == two.number.p
    assert one.number.details == two.number.details


def test_every_criterion_keeps_its_own_crossing_and_the_last_one_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second one that takes eight in a row has eight measured; the first decided at five."""
    whole = text("grows")
    second = whole.split("  surprised:\n")[1].split("does_not_show")[0]
    second = "  slower:\n" + second.replace("stake: 0.85", "stake: 0.5")
    root = workspace(tmp_path, grows=whole.replace("does_not_show", second + "does_not_show"))
    order = measured_as(monkeypatch, ALL)
    first, slower = judge_job(run(root, "grows")).criteria
    assert order == list(range(8))
    assert first.number.details["decided_at"] == 4
    assert slower.number.details["decided_at"] == 7


def test_who_stops_early_has_no_verdict_and_is_told_how_to_go_on(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five of five are not asked for; four above and one below decide nothing, so it goes on."""
    job = attempt_job(root, "grows")
    begin(job)
    write(job, LATE, range(5))
    row = standing(root, "grows")
    assert row.status is Status.INCOMPLETE
    assert "5 of at most 12 replicates are measured" in row.sentence
    assert "goes on: claims run grows" in row.sentence
    assert "has not stopped" in unpublished(root)[0].reason
    order = measured_as(monkeypatch, LATE)
    run(root, "grows")
    assert order == [5, 6, 7, 8]
    assert standing(root, "grows").status is Status.PASS


def test_a_record_that_is_closed_before_its_rule_stops_stands_for_nothing(root: Path) -> None:
    """Closed on the ledger by hand after five, where the rule goes on: nothing of it is a verdict,
    and nothing can be added to it."""
    job = attempt_job(root, "grows")
    begin(job)
    write(job, LATE, range(5))
    assert finish(Job(**{**vars(job), "until": 5}))
    row = standing(root, "grows")
    assert row.status is Status.TAMPERED
    assert "closed after 5 of at most 12" in row.sentence
    assert any("closed after 5" in problem for problem in verify(root, ["grows"]).problems)
    with pytest.raises(RecordBroken, match="closed after 5"):
        judge_job(attempt_job(root, "grows"))


@pytest.mark.parametrize("losses", [[*[ABOVE] * 5, *[BELOW] * 7], [*[BELOW] * 5, *[ABOVE] * 7]])
def test_who_goes_on_after_the_stop_changes_no_outcome_and_has_no_verdict(
    root: Path, monkeypatch: pytest.MonkeyPatch, losses: list[float]
) -> None:
    """The bet was decided by five; what was measured beyond is on the record, and deviates."""
    job = attempt_job(root, "grows")
    begin(job)
    write(job, losses, range(5))
    decided = judge_job(job).criteria[0]
    write(job, losses, range(5, 11))
    measured_as(monkeypatch, losses)
    run(root, "grows")
    verdict = judge_job(attempt_job(root, "grows"))
    assert verdict.status is Status.DEVIATED
    assert "stopped after 5 replicates, and more were measured" in verdict.sentence
    assert verdict.n == 5
    assert verdict.criteria[0].outcome is decided.outcome
    assert verdict.criteria[0].number.values == decided.number.values
    assert len(measured(job)) == 11
    build_reports(root)
    assert verify(root, ["grows"]).problems == []


def test_a_replicate_that_is_added_to_a_closed_record_is_named(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Adding breaks the record, as taking away does."""
    measured_as(monkeypatch, ALL)
    job = run(root, "grows")
    write(job, [BELOW] * 12, range(5, 7))
    row = standing(root, "grows")
    assert row.status is Status.TAMPERED
    assert "was added after the record was closed" in row.sentence


def test_a_replicate_that_is_taken_from_a_closed_record_is_missed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the record beside it is written anew without it."""
    measured_as(monkeypatch, LATE)
    job = run(root, "grows")
    for path in job.folder.rglob("*r8.*"):
        path.unlink()
    (job.folder / "replicate.8.json").unlink()
    assert standing(root, "grows").status is Status.TAMPERED
    record = job.folder / "attempt.json"
    value = json.loads(record.read_text())
    value["files"] = {
        k: v for k, v in value["files"].items() if ".r8." not in k and "e.8." not in k
    }
    record.write_text(json.dumps(value))
    row = standing(root, "grows")
    assert row.status is Status.TAMPERED
    assert "not the record that the ledger has" in row.sentence


def test_a_gap_is_no_prefix(root: Path) -> None:
    """Replicates are judged in their order: the rule stops nowhere beyond one that is not there."""
    job = attempt_job(root, "grows")
    begin(job)
    write(job, ALL, range(4))
    write(job, ALL, range(5, 12))
    row = standing(root, "grows")
    assert row.status is Status.INCOMPLETE
    assert "goes on" in row.sentence


def test_what_is_broken_for_good_stops_the_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loss that is no number makes the claim INVALID; no later replicate could mend it."""
    root = workspace(tmp_path, grows=text("grows"))
    order = measured_as(monkeypatch, [ABOVE, float("nan"), *LATE])
    verdict = judge_job(run(root, "grows"))
    assert verdict.status is Status.INVALID
    assert order == list(range(5))
    assert verdict.sequential is not None
    assert verdict.sequential["why"] == HOPELESS


def test_a_rule_is_not_followed_by_somebody_who_does_not_ask_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Measuring alone cannot know when to stop, and neither goes on nor closes the record."""
    order = measured_as(monkeypatch, ALL)
    with pytest.raises(OutOfOrder, match="nobody asks it"):
        measure_all(attempt_job(root, "grows"), Silent())
    assert order == list(range(5))
    assert not (attempt_job(root, "grows").folder / "attempt.json").exists()


def test_a_reproduction_measures_as_many_as_were_published(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It compares like with like, and says where its own numbers would have stopped."""
    measured_as(monkeypatch, LATE)
    published = judge_job(run(root, "grows"))
    for losses, stops_at, status in (
        (LATE, 9, Status.PASS),
        (ALL, 5, Status.PASS),
        (MIXED, None, Status.INCONCLUSIVE),
    ):
        order = measured_as(monkeypatch, losses)
        again = reproduction_job(root, "grows")
        measure_all(again, Silent())
        verdict = judge_job(again)
        assert order == list(range(9))
        assert verdict.status is status
        assert verdict.sequential is not None
        assert verdict.sequential["stopped"] == stops_at
        said = elsewhere(published.sequential, verdict.sequential)
        assert bool(said) is (stops_at != 9)
        shutil.rmtree(again.folder)


def test_items_are_those_that_are_needed_whatever_comes(root: Path) -> None:
    """A replicate that may not be needed is no item: it would pass without being measured."""
    items = registered(root)[0].items
    assert [i for i in items if i.startswith("replicate")] == [f"replicate::{r}" for r in range(5)]


def test_what_is_decided_and_not_on_the_ledger_has_no_verdict_yet(root: Path) -> None:
    """Killed between the last measurement and the record: running again closes it."""
    job = attempt_job(root, "grows")
    begin(job)
    write(job, ALL, range(5))
    row = standing(root, "grows")
    assert row.status is Status.INCOMPLETE
    assert "not on the ledger as finished: claims run grows" in row.sentence
    run(root, "grows")
    assert standing(root, "grows").status is Status.PASS


def test_a_test_that_is_no_bet_never_stops_the_rule(root: Path) -> None:
    """A lock by hand that carries one is measured to the most, as a fixed plan would be."""
    job = attempt_job(root, "grows")
    begin(job)
    write(job, ALL, range(5))
    evidence = load_evidence(job)
    assert settled(evidence) == DECIDED
    (one,) = evidence.claim.criteria
    peeks = replace(one, test=replace(one.test, method="t", stake=None))
    assert settled(replace(evidence, claim=replace(evidence.claim, criteria=(peeks,)))) == ""
