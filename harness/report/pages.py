"""Stored pages checked: each is rendered again from what is stored, and compared byte for byte.

A figure, a number or a word that was edited by hand is named with the page, the line and the
section it stands in. A page of another renderer, and one that is older than a row which may change
a standing, cannot be compared: verification is then PARTIAL.

Not covered: whether the measurements are what was recorded (``harness.verdict.verify``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from harness.errors import ClaimsError
from harness.lock.ledger import Row, as_of, read
from harness.lock.stored import is_registered
from harness.paths import read_inside
from harness.report.build import claim_page, index_page
from harness.report.records import Rendered
from harness.report.renderer import renderer, stamp
from harness.verdict.standing import claim_ids as known_claims
from harness.verdict.verification import Verification

BESIDE = ("anchor", "reproduction", "recovery", "randomness")
"""Kinds of rows that change no standing: a page that lacks them is no worse for it."""
MOST_BYTES = 64 << 20
HEADING = re.compile(r"<h[1-3][^>]*>(.*?)</h[1-3]>|^#{1,3} (.*)$", re.MULTILINE)
TAGS = re.compile(r"<[^>]*>")


def examine_pages(root: Path, claim_ids: Sequence[str]) -> Verification:
    """Compare every stored page of these claims, and the index, with what they render to as of the
    ledger's row that they name.

    Never raises for a broken record: a claim whose page cannot be rendered is not examined here,
    and verification says elsewhere what is wrong with it.
    """
    pages = _Pages(root)
    for name in claim_ids:
        for file in (f"reports/{name}/index.html", f"reports/{name}/report.md"):
            pages.examine(file, name)
    for file in ("reports/index.html", "reports/index.md"):
        pages.examine(file, "")
    if pages.agree:
        said = f"pages: {pages.agree} are what the stored measurements render to"
        pages.out.examined.append(said)
    return pages.out


class _Pages:
    """The pages of one workspace; ``claim`` "" is the index."""

    def __init__(self, root: Path) -> None:
        self.root, self.out, self.agree = root, Verification(), 0
        self._rows = read(root)
        self._rendered: dict[tuple[str, int], Rendered | None] = {}

    def examine(self, file: str, claim: str) -> None:
        """Count it as agreeing, or say what keeps it from that."""
        if not os.path.lexists(self.root / file):
            if any((self.root / "reports").glob(f"{claim or '*'}/*/*/verdict.json")):
                self.out.not_examined.append(f"{file} is not there: claims report writes it")
            return
        try:
            found = read_inside(self.root, file, MOST_BYTES).decode("utf-8", "replace")
        except ClaimsError as error:
            self.out.problems.append(error.sentence)
            return
        made = stamp(found)
        if made.renderer != renderer():
            self.out.missing.append(
                f"{file} was made by another renderer ({made.renderer or 'it does not say which'})"
                ": its words and figures were not compared; claims report makes it again"
            )
            return
        later = [row for row in self._rows[made.row :] if _matters(row, claim)]
        if later:
            said = ", ".join(f"{row.seq} ({row.kind})" for row in later[:5])
            self.out.missing.append(
                f"{file} is as of ledger row {made.row} and was not compared: it cannot know of "
                f"row {said}; claims report makes it again"
            )
            return
        try:
            page = self._page(claim, made.row)
        except ClaimsError as error:
            self.out.missing.append(f"{file} was not compared: {error.what}")
            return
        if page is None:
            self.out.problems.append(f"{claim}: {file} exists, and nothing is measured")
            return
        wanted = page.html if file.endswith(".html") else page.markdown
        if found == wanted:
            self.agree += 1
            return
        if not claim and (drafts := self._unlisted(found)):
            page = self._index(made.row, drafts)
            if found == (page.html if file.endswith(".html") else page.markdown):
                self.agree += 1
                said = f"{file} does not list what was never registered: {', '.join(drafts)}"
                self.out.notes.append(f"{said} (claims report adds it)")
                return
        line, where = _first_difference(found, wanted)
        section = f", under {where!r}" if where else ""
        self.out.problems.append(
            f"{file}:{line}{section} is not what the stored measurements render to: it was edited, "
            "or it is older than a published verdict (claims report makes it again)"
        )

    def _unlisted(self, found: str) -> tuple[str, ...]:
        """Claims that have no lock, and that an index does not speak of: written since."""
        names = [n for n in known_claims(self.root) if not is_registered(self.root, n)]
        return tuple(name for name in names if name not in found)

    def _index(self, row: int, without: tuple[str, ...]) -> Rendered:
        with as_of(row):
            return index_page(self.root, without)

    def _page(self, claim: str, row: int) -> Rendered | None:
        if (claim, row) not in self._rendered:
            with as_of(row):
                page = claim_page(self.root, claim) if claim else index_page(self.root)
            self._rendered[claim, row] = page
        return self._rendered[claim, row]


def _matters(row: Row, claim: str) -> bool:
    """Whether a row may change the standing that a page shows; the index shows all of them."""
    if row.kind in BESIDE:
        return False
    return not claim or row.body.get("claim") == claim or claim in (row.body.get("claims") or ())


def _first_difference(found: str, wanted: str) -> tuple[int, str]:
    """The 1-based line at which two texts part, and the heading above it."""
    at = next(
        (n for n, (a, b) in enumerate(zip(found, wanted, strict=False)) if a != b),
        min(len(found), len(wanted)),
    )
    above = [a or b for a, b in HEADING.findall(found[:at])]
    return found.count("\n", 0, at) + 1, TAGS.sub("", above[-1]).strip()[:60] if above else ""
