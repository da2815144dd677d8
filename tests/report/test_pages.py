"""A stored page that was edited is named with its line and section; a fresh one agrees."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from harness.cli import main
from harness.lock.ledger import append
from harness.lock.withdraw import withdraw
from harness.report.build import build_reports
from harness.report.pages import examine_pages
from harness.report.renderer import Stamp, renderer, stamp
from tests.measure.forged import attempted, workspace

PAGES = ("reports/easy/index.html", "reports/easy/report.md", "reports/index.html",
         "reports/index.md")  # fmt: skip


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with its pages; not to be written to."""
    root = workspace(tmp_path_factory.mktemp("pages") / "study")
    attempted(root)
    build_reports(root)
    return root


@pytest.fixture
def root(published: Path, tmp_path: Path) -> Path:
    """A copy, to be tampered with."""
    shutil.copytree(published, tmp_path / "study")
    return tmp_path / "study"


def test_pages_that_nobody_touched_agree(root: Path) -> None:
    """Both forms of the claim's page and of the index."""
    found = examine_pages(root, ["easy"])
    assert found.problems == found.not_examined == found.missing == []
    assert found.examined == ["pages: 4 are what the stored measurements render to"]
    assert all(stamp((root / page).read_text()) == Stamp(renderer(), 3) for page in PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_an_edited_word_is_named(root: Path, page: str) -> None:
    """In any page, with the line."""
    path = root / page
    text = path.read_text()
    path.write_text(text.replace("PASS", "FAIL", 1))
    (problem,) = examine_pages(root, ["easy"]).problems
    assert problem.startswith(f"{page}:")
    path.write_text(text)
    assert examine_pages(root, ["easy"]).problems == []


def test_a_draft_that_the_index_does_not_list_changes_no_agreement(root: Path) -> None:
    """It is said; an index that lists it, and an edited one, are held to every letter."""
    draft = (root / "claims/easy.yaml").read_text().replace("id: easy", "id: later", 1)
    (root / "claims/later.yaml").write_text(draft)
    found = examine_pages(root, ["easy"])
    assert found.problems == found.missing == []
    assert [note.partition(" does not list ")[0] for note in found.notes] == list(PAGES[2:])
    assert all("later" in note for note in found.notes)
    index = root / "reports/index.md"
    text = index.read_text()
    index.write_text(text.replace("PASS", "FAIL", 1))
    (problem,) = examine_pages(root, ["easy"]).problems
    assert problem.startswith("reports/index.md:")
    index.write_text(text)
    build_reports(root)
    found = examine_pages(root, ["easy"])
    assert found.problems == found.notes == []


def test_an_edited_figure_is_named_with_its_section(root: Path) -> None:
    """A point moved by a tenth of a pixel is another figure."""
    path = root / PAGES[0]
    text = path.read_text()
    start = text.index('id="replicates"')
    place = re.compile(r'd="M ?[0-9.]+').search(text, start) or re.compile(
        r'(?:x|cx|x1)="[0-9.]+'
    ).search(text, start)
    assert place
    path.write_text(text[: place.end()] + "1" + text[place.end() :])
    (problem,) = examine_pages(root, ["easy"]).problems
    assert "under " in problem
    assert "edited" in problem


def test_naming_another_renderer_is_not_a_way_around(root: Path) -> None:
    """The page is then listed as missing, and never among what agrees: the result is PARTIAL."""
    path = root / PAGES[0]
    path.write_text(path.read_text().replace(renderer(), "0" * 12).replace("PASS", "FAIL"))
    found = examine_pages(root, ["easy"])
    assert found.problems == []
    assert "another renderer (000000000000)" in found.missing[0]
    assert found.examined == ["pages: 3 are what the stored measurements render to"]


def test_a_row_that_changes_no_standing_leaves_the_pages_as_they_are(root: Path) -> None:
    """They are compared as of the row that they name: anchoring after reporting costs nothing."""
    append(root, "recovery", {"witness": "lost"})
    append(root, "reproduction", {"claim": "easy", "agrees": True})
    found = examine_pages(root, ["easy"])
    assert found.problems == found.missing == []
    path = root / PAGES[0]
    path.write_text(path.read_text().replace("PASS", "FAIL", 1))
    assert examine_pages(root, ["easy"]).problems
    build_reports(root)
    assert stamp(path.read_text()).row == 5
    assert "reproduction" in path.read_text()
    assert examine_pages(root, ["easy"]).problems == []


def test_a_page_that_cannot_know_of_a_withdrawal_is_not_taken_for_current(root: Path) -> None:
    """Neither as it is, nor edited, nor with another row in its stamp."""
    withdraw(root, "easy", "the readout counts separators")
    found = examine_pages(root, ["easy"])
    assert found.problems == []
    assert len(found.missing) == 4
    assert "as of ledger row 3 and was not compared: it cannot know of row 4" in found.missing[0]
    path = root / PAGES[0]
    kept = path.read_text()
    for row in (4, 9):
        path.write_text(kept.replace("as of ledger row 3", f"as of ledger row {row}"))
        assert examine_pages(root, ["easy"]).problems[0].startswith(PAGES[0])
    build_reports(root)
    assert examine_pages(root, ["easy"]).missing == []


def test_a_page_without_measurements_is_named(root: Path) -> None:
    """Nothing measured renders to nothing."""
    shutil.rmtree(next((root / "reports" / "easy").glob("*/")))
    assert examine_pages(root, ["easy"]).problems


def test_verification_writes_nothing(root: Path) -> None:
    """Not a byte, not a file, also where a verdict is not published yet."""
    next(root.glob("reports/easy/*/a1/verdict.json")).unlink()
    for page in PAGES:
        (root / page).unlink()
    before = {p: p.read_bytes() for p in root.rglob("*") if p.is_file()}
    assert main(["verify", "--workspace", str(root)]) == 4
    assert {p: p.read_bytes() for p in root.rglob("*") if p.is_file()} == before
