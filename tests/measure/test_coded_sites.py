"""A site whose positions code decides: measured, generated, recorded and shown as any other."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from harness.errors import ClaimsError
from harness.lock.register import register
from harness.measure.artefacts import Silent
from harness.measure.job import Job, TamperedError, attempt_job, measured
from harness.measure.run import measure_all, measure_replicate
from harness.measure.store import CellName, read_cell
from harness.report.build import report_input
from harness.report.page import render_claim
from harness.verdict.judging import judge_job
from tests.measure.rows import explored, record, text, workspace
from tests.toy_workspace import claim as toy
from tests.toy_workspace import make

DIRECTIONS = """
difference: {method: mean-difference, site: onset, positive: regulation, negative: standard}
row: {method: dictionary-row, site: onset, positive: regulation, negative: standard}
"""
ARMS = """
removed: {on: regulation, site: onset, operation: subtract, directions: [difference, row],
          doses: [0.0, 0.5]}
"""
NAMED = text(DIRECTIONS, ARMS)
PLACE = """\
from models.handmade import Handmade  # a module of the builder's, too


def all_of_them(tokens, task):
    return task.positions("step_onset", tokens)


def later(tokens, task):
    onset = task.positions("step_onset", tokens)
    return onset & (onset.cumsum(1) > 2)


def ahead(tokens, task):
    onset = task.positions("step_onset", tokens)
    return onset & onset.flip(1).cumsum(1).flip(1).gt(1)


def never(tokens, task):
    return tokens < 0


def broken(tokens, task):
    return task.positions(Handmade.nothing, tokens)


number = 3
"""


def written(root: Path, function: str) -> Job:
    claim = NAMED.replace("positions: step_onset", f"positions: {{code: models.place:{function}}}")
    (workspace(root, claim) / "models/place.py").write_text(PLACE)
    return explored(root, claim)


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Job]:
    root = tmp_path_factory.mktemp("coded")
    found = {name: written(root / name, name) for name in ("all_of_them", "later")}
    return {"named": explored(root / "named", NAMED), **found}


def cell(job: Job, arm: str, mode: str) -> pd.DataFrame:
    return read_cell(job.folder / "cells" / CellName(arm, 0, "explore", mode).file)


@pytest.mark.parametrize("mode", ["generate", "score"])
def test_the_same_positions_by_code_give_the_same_cells(jobs: dict[str, Job], mode: str) -> None:
    """Fitted, generated under the cache and scored: every number to the last bit; a class that
    needs the history gives others."""
    one, two, three = (cell(jobs[n], "removed", mode) for n in ("named", "all_of_them", "later"))
    pd.testing.assert_frame_equal(one, two)
    assert 0 < three["fired"].sum() < one["fired"].sum()


def test_the_page_says_where_the_edits_are(jobs: dict[str, Job]) -> None:
    """With the function, and the same marked texts as the class that it equals."""
    assert record(jobs["all_of_them"])["positions"] == record(jobs["named"])["positions"]
    assert record(jobs["later"])["positions"] != record(jobs["named"])["positions"]
    page = render_claim(report_input(jobs["later"]))
    for words in (page.html, page.markdown):
        assert "Where the edits are" in words
        assert "as models.place:later decides" in words


@pytest.mark.parametrize(
    ("function", "kind", "words"),
    [
        ("ahead", ClaimsError, r"place\.py: the positions 'ahead'.*depends on what comes after"),
        ("never", ClaimsError, "no position of class|no activation|never"),
        ("broken", ClaimsError, r"place\.py:23: .*raised AttributeError"),
        ("number", ClaimsError, "int, which cannot be called"),
    ],
)
def test_what_is_no_position_class_stops_the_measurement(
    tmp_path: Path, function: str, kind: type[Exception], words: str
) -> None:
    """With one problem and nothing measured."""
    with pytest.raises(kind, match=words):
        written(tmp_path / "study", function)
    assert not list((tmp_path / "study").rglob("replicate.0.json"))


def test_a_module_that_fails_as_it_is_imported_is_named(tmp_path: Path) -> None:
    """Whatever it raises."""
    claim = NAMED.replace("positions: step_onset", "positions: {code: models.place:f}")
    place = workspace(tmp_path / "study", claim) / "models/place.py"
    place.write_text("def f(tokens, task):\n    return tokens == 2\n\n\n1 / 0\n")
    with pytest.raises(ClaimsError, match=r"models/place\.py: cannot load .*ZeroDivisionError"):
        explored(tmp_path / "study", claim)


def test_an_attempt_reads_the_code_that_is_locked_and_stops_at_another(tmp_path: Path) -> None:
    """Under watch, as a builder's modules are; a change before it is complete is a difference from
    the lock, and the code of another claim's positions is none."""
    site = "positions: step_onset}\n"
    text_ = toy("seen", replicates=3).replace(site, "positions: {code: models.place:late}}\n")
    text_ = text_.replace(
        "preconditions:\n",
        "  gone: {on: regulation, site: onset, operation: replace-zero, doses: [0, 1]}\n"
        "preconditions:\n",
    )
    root = make(tmp_path / "w", seen=text_, plain=toy("plain", replicates=3))
    place = root / "models/place.py"
    late = "def late(tokens, task):\n    return task.positions('step_onset', tokens)\n"
    place.write_text(late)
    register(root, ["seen"])
    register(root, ["plain"])
    measure_replicate(attempt_job(root, "seen"), 0, Silent())
    job = attempt_job(root, "seen")
    assert measured(job) == (0,)
    assert "read_besides" not in record(job)
    place.write_text(late.replace("step_onset", "step_body"))
    with pytest.raises(TamperedError, match=r"code\.models\.place"):
        attempt_job(root, "seen")
    with pytest.raises(TamperedError, match=r"code\.models\.place"):
        measure_replicate(job, 1, Silent())
    assert measured(attempt_job(root, "plain")) == ()
    place.write_text(late)
    measure_all(attempt_job(root, "seen"), Silent())
    assert attempt_job(root, "seen").complete
    verdict = judge_job(attempt_job(root, "seen"))
    assert verdict.status.name == "PASS"
