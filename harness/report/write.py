"""Reports on disk: a folder per claim and an index, each file replaced as a whole or not at all.

Not covered: ``verdict.json``, which the judging side writes beside the cells.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from harness.digest import write_atomic
from harness.errors import ClaimsError
from harness.paths import inside
from harness.report.index import render_index
from harness.report.page import render_claim
from harness.report.records import IndexRow, Rendered, ReportInput

IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9-]*")


def write_reports(
    root: Path,
    inputs: Sequence[ReportInput],
    rows: Sequence[IndexRow] | None = None,
    row: int = 0,
) -> list[Path]:
    """Write ``reports/<claim>/index.html`` and ``report.md`` of each input, and the index.

    ``rows`` are the index's rows, in order; without them the index lists the inputs; ``row`` the
    ledger's last row, for the index. All pages are
    rendered before the first is written. Returns the paths written, the index last. Raises
    :class:`ClaimsError` for a claim id that cannot name a folder, and for a folder that is a link.
    """
    pages: list[tuple[Path, Rendered]] = []
    for report in inputs:
        if not IDENTIFIER.fullmatch(report.id):
            raise ClaimsError(
                f"{report.id!r} cannot name a folder",
                where="reports",
                fix="Use lower-case letters, digits and hyphens",
            )
        pages.append((inside(root, f"reports/{report.id}"), render_claim(report)))
    index = render_index(rows if rows is not None else [index_row(r) for r in inputs], row)
    written = []
    for folder, page in pages:
        written += _write(folder, page, "report.md")
    return written + _write(inside(root, "reports"), index, "index.md")


def index_row(report: ReportInput) -> IndexRow:
    """The index's row for a claim that has a page."""
    verdict = report.verdict
    return IndexRow(
        claim=report.id,
        title=str(verdict.get("title") or ""),
        standing=report.status,
        sentence=str(verdict["sentence"]),
        n=verdict.get("n"),
        unit=str(verdict.get("unit") or ""),
        registration=str(verdict.get("registration") or ""),
        attempt=str(verdict.get("attempt") or ""),
        href=f"{report.id}/index.html",
        criteria=tuple(
            (str(c["name"]), str(c.get("outcome") or "")) for c in verdict.get("criteria") or ()
        ),
    )


def _write(folder: Path, page: Rendered, markdown: str) -> list[Path]:
    files = {folder / "index.html": page.html, folder / markdown: page.markdown}
    for path, text in files.items():
        write_atomic(path, text.encode("utf-8"))
    return list(files)
