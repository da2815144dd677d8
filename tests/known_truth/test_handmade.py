"""Models written by hand, in which a claim is true, false, undecidable or cannot be asked.

The whole way is real: workspace, claim file, engine, judge. See ``handmade/models/handmade.py``.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.lock.register import register
from harness.lock.stored import is_registered
from harness.measure.artefacts import Silent
from harness.measure.job import attempt_job, exploration_job
from harness.measure.run import measure_all
from harness.verdict.judging import judge_job
from harness.verdict.records import Outcome, Status, Verdict
from harness.verdict.standing import standing
from harness.verdict.verify import verify

SOURCE = Path(__file__).parent / "handmade"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the workspace, whose models are built once for all tests here."""
    place = tmp_path_factory.mktemp("known") / "truth"
    shutil.copytree(SOURCE, place, ignore=shutil.ignore_patterns("__pycache__"))
    return place


def explored(root: Path, claim_id: str) -> Verdict:
    job = exploration_job(root, claim_id)
    measure_all(job, Silent())
    return judge_job(job)


@pytest.mark.parametrize(
    ("claim_id", "outcome"),
    [("true", Outcome.PASS), ("false", Outcome.FAIL), ("undecidable", Outcome.INCONCLUSIVE)],
)
def test_the_criterion_says_what_was_built_in(root: Path, claim_id: str, outcome: Outcome) -> None:
    """A removable behaviour, one that arises above the site, and a mixture of both."""
    verdict = explored(root, claim_id)
    assert all(p.held for p in verdict.preconditions)
    assert verdict.criteria[0].outcome is outcome
    assert verdict.status is Status.EXPLORATORY


def test_every_shape_of_statement_has_its_truth(root: Path) -> None:
    """Orders, families, ratios with zeros, odds within strata and a bet, on one hand-made model."""
    verdict = explored(root, "many")
    assert all(p.held for p in verdict.preconditions)
    assert {c.name: c.outcome for c in verdict.criteria} == {
        "falls-with-the-dose": Outcome.PASS,
        "rises-with-the-dose": Outcome.FAIL,
        "in-order": Outcome.PASS,
        "some-arm-raises-it": Outcome.PASS,
        "all-arms-raise-it": Outcome.FAIL,
        "nothing-of-it-is-left": Outcome.FAIL,
        "more-of-it-with-the-opposite": Outcome.PASS,
        "by-a-bet": Outcome.PASS,
    }


def test_a_behaviour_that_is_not_there_cannot_be_asked_about(root: Path) -> None:
    """The precondition fails, and the criterion is withheld rather than computed from nothing."""
    verdict = explored(root, "absent")
    failed = {p.name for p in verdict.preconditions if not p.held}
    assert {"behaviour-present", "closes-half-measurable"} <= failed
    assert verdict.criteria == ()


def test_the_registered_attempt_gives_the_verdict_and_survives_verification(root: Path) -> None:
    """Locked, measured, judged, verified; then one changed cell is named and nothing stands."""
    register(root, ["true", "absent"])
    for claim_id in ("true", "absent"):
        measure_all(attempt_job(root, claim_id), Silent())
    assert standing(root, "true").status is Status.PASS
    assert standing(root, "absent").status is Status.INVALID
    checked = verify(root, ["true"])
    assert checked.problems == []
    assert checked.ok

    folder = attempt_job(root, "true").folder / "cells"
    one, two = (folder / f"treatment.r{r}.confirm.generate.parquet" for r in (0, 1))
    kept = one.read_bytes()
    one.write_bytes(two.read_bytes())
    assert standing(root, "true").status is Status.TAMPERED
    problems = " ".join(verify(root, ["true"]).problems)
    assert "treatment.r0.confirm.generate.parquet" in problems
    one.write_bytes(kept)
    assert standing(root, "true").status is Status.PASS


def test_a_claim_edited_after_locking_has_no_standing(root: Path) -> None:
    """The changed leaf is named with both values."""
    if not is_registered(root, "true"):  # another worker has the test that registers it
        register(root, ["true", "absent"])
    path = root / "claims" / "true.yaml"
    text = path.read_text()
    path.write_text(text.replace("margin: 0.5", "margin: 0.4"))
    try:
        row = standing(root, "true")
    finally:
        path.write_text(text)
    assert row.status is Status.TAMPERED
    assert "margin" in row.sentence
    assert "0.5" in row.sentence
    assert "0.4" in row.sentence
