"""Claims that a withdrawal ties together say so on both pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.lock.ledger import read
from harness.lock.register import register
from harness.lock.withdraw import withdraw
from harness.report.build import build_reports
from harness.report.related import related
from tests.measure.forged import attempted, workspace

CLAIMS = "claims"


def again(root: Path, name: str) -> None:
    """The claim under another name, registered."""
    text = (root / CLAIMS / "easy.yaml").read_text().replace("id: easy\n", f"id: {name}\n")
    (root / CLAIMS / f"{name}.yaml").write_text(text)
    register(root, [name])


@pytest.mark.parametrize("finished", [True, False])
def test_a_second_try_names_the_first_and_whether_its_outcome_could_be_known(
    tmp_path: Path, finished: bool
) -> None:
    """Said of the later claim, with the rows whose order shows it; the earlier points to it."""
    root = workspace(tmp_path / "study")
    if finished:
        attempted(root)
    again(root, "easy-again")
    withdraw(root, "easy", "asked again under the name easy-again, on fresh models.")
    rows = read(root)
    (tie,) = related(rows, "easy-again")
    assert tie["claim"] == "easy"
    assert tie["finished"] is finished
    assert "on fresh models." in tie["words"]
    assert ("its outcome could be known" in tie["words"]) is finished
    assert ("not measured to its end before" in tie["words"]) is not finished
    (back,) = related(rows, "easy")
    assert back["claim"] == "easy-again"
    assert "withdrawn" in back["words"]


def test_a_try_that_ended_after_the_lock_told_it_nothing(tmp_path: Path) -> None:
    """The order of the rows decides, not that both are there."""
    root = workspace(tmp_path / "study")
    again(root, "easy-again")
    attempted(root)
    withdraw(root, "easy", "the same as easy-again, measured twice.")
    (tie,) = related(read(root), "easy-again")
    assert tie["finished"]
    assert "not measured to its end before" in tie["words"]


def test_a_name_within_another_name_is_not_that_claim(tmp_path: Path) -> None:
    """``easy`` is not named where ``easy-again`` is."""
    root = workspace(tmp_path / "study")
    for name in ("easy-again", "other"):
        again(root, name)
    withdraw(root, "other", "see easy-again, which asks it better.")
    rows = read(root)
    assert related(rows, "easy") == ()
    assert [tie["claim"] for tie in related(rows, "easy-again")] == ["other"]


def test_a_successor_counts_as_a_name(tmp_path: Path) -> None:
    """Superseding ties two claims without a word in the reason."""
    root = workspace(tmp_path / "study")
    again(root, "harder")
    withdraw(root, "easy", "asked at equal dose", successor="harder")
    assert [tie["claim"] for tie in related(read(root), "harder")] == ["easy"]


def test_both_pages_show_the_tie_with_a_link(tmp_path: Path) -> None:
    """A reader of either comes to the other."""
    root = workspace(tmp_path / "study")
    attempted(root)
    again(root, "easy-again")
    withdraw(root, "easy", "asked again under the name easy-again, on fresh models.")
    build_reports(root)
    page = (root / "reports" / "easy" / "index.html").read_text()
    assert "<code>easy-again</code>" in page
    assert "../easy-again/index.html" not in page  # it has no page yet
    attempted(root, "easy-again")
    build_reports(root)
    page = (root / "reports" / "easy" / "index.html").read_text()
    assert '<a href="../easy-again/index.html">' in page
    later = (root / "reports" / "easy-again" / "index.html").read_text()
    assert '<a href="../easy/index.html">' in later
    assert "its outcome could be known" in later
