"""Tests of harness.report.write: files of a report, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ClaimsError
from harness.report.records import IndexRow
from harness.report.write import write_reports
from tests.report import others


def test_files_and_links(tmp_path: Path) -> None:
    """A claim's folder and the index are written, and every relative link between them resolves."""
    paths = write_reports(tmp_path, [others.asymmetry()])
    names = [str(p.relative_to(tmp_path / "reports")) for p in paths]
    folder = "asymmetry-survives"
    assert names == [f"{folder}/index.html", f"{folder}/report.md", "index.html", "index.md"]
    assert all(p.is_file() for p in paths)
    assert not list(tmp_path.rglob("*.part"))
    assert f'href="{folder}/index.html"' in paths[2].read_text()
    assert 'href="../index.html"' in paths[0].read_text()


def test_index_lists_claims_without_a_page(tmp_path: Path) -> None:
    """Rows given by the caller are the index, also where nothing was rendered."""
    paths = write_reports(tmp_path, [], (IndexRow("a", "", "LOCKED", "Not yet run."),))
    assert len(paths) == 2
    assert "Not yet run." in paths[0].read_text()


def test_id_that_is_no_folder_name_writes_nothing(tmp_path: Path) -> None:
    """A claim id that would leave the folder is refused before anything is written."""
    one = others.asymmetry()
    claim = dict(one.claim) | {"id": "../outside"}
    verdict = dict(one.verdict) | {"claim": "../outside"}
    bad = type(one)(verdict=verdict, claim=claim, lock=one.lock, cells=one.cells)
    with pytest.raises(ClaimsError, match="cannot name a folder"):
        write_reports(tmp_path, [one, bad])
    assert not list(tmp_path.rglob("*"))
