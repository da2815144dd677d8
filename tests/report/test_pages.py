"""A stored page that was edited is named with its line and section; a fresh one agrees."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from harness.cli import main
from harness.report.build import build_reports
from harness.report.pages import examine_pages
from harness.report.renderer import renderer, stamp
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
    assert found.problems == found.not_examined == []
    assert found.examined == ["pages: 4 are what the stored measurements render to"]
    assert all(stamp((root / page).read_text()) == renderer() for page in PAGES)


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
    """The page is then listed as not examined, and never among what agrees."""
    path = root / PAGES[0]
    path.write_text(path.read_text().replace(renderer(), "0" * 12).replace("PASS", "FAIL"))
    found = examine_pages(root, ["easy"])
    assert found.problems == []
    assert "another renderer (000000000000)" in found.not_examined[0]
    assert found.examined == ["pages: 3 are what the stored measurements render to"]


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
