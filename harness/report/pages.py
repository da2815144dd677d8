"""Stored pages checked: each is rendered again from what is stored, and compared byte for byte.

A figure, a number or a word that was edited by hand is named with the page, the line and the
section it stands in. Pages of another renderer are listed as not examined.

Not covered: whether the measurements are what was recorded (``harness.verdict.verify``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from harness.errors import ClaimsError
from harness.lock.findings import Findings
from harness.paths import read_inside
from harness.report.build import claim_page, index_page
from harness.report.renderer import renderer, stamp

MOST_BYTES = 64 << 20
HEADING = re.compile(r"<h[1-3][^>]*>(.*?)</h[1-3]>|^#{1,3} (.*)$", re.MULTILINE)
TAGS = re.compile(r"<[^>]*>")


def examine_pages(root: Path, claim_ids: Sequence[str]) -> Findings:
    """Compare every stored page of these claims, and the index, with what they render to now.

    Never raises for a broken record: a claim whose page cannot be rendered is not examined here,
    and verification says elsewhere what is wrong with it.
    """
    out = Findings()
    agree = 0
    for name in claim_ids:
        stored = [f for f in (f"reports/{name}/index.html", f"reports/{name}/report.md")
                  if (root / f).exists()]  # fmt: skip
        if not stored:
            continue
        try:
            page = claim_page(root, name)
        except ClaimsError as error:
            out.not_examined.append(f"{name}: its page cannot be rendered ({error.what})")
            continue
        if page is None:
            out.problems.append(f"{name}: {stored[0]} exists, and nothing is measured")
            continue
        for file in stored:
            wanted = page.html if file.endswith(".html") else page.markdown
            agree += _compare(root, file, wanted, out)
    if (root / "reports" / "index.html").exists():
        index = index_page(root)
        for file, text in (("index.html", index.html), ("index.md", index.markdown)):
            if (root / "reports" / file).exists():
                agree += _compare(root, f"reports/{file}", text, out)
    if agree:
        out.examined.append(f"pages: {agree} are what the stored measurements render to")
    return out


def _compare(root: Path, file: str, wanted: str, out: Findings) -> bool:
    try:
        found = read_inside(root, file, MOST_BYTES).decode("utf-8", "replace")
    except ClaimsError as error:
        out.problems.append(error.sentence)
        return False
    if found == wanted:
        return True
    made_by = stamp(found)
    if made_by != renderer():
        out.not_examined.append(
            f"{file} was made by another renderer ({made_by or 'it does not say which'}): its "
            "words and figures were not compared; claims report makes it again"
        )
        return False
    line, where = _first_difference(found, wanted)
    section = f", under {where!r}" if where else ""
    out.problems.append(
        f"{file}:{line}{section} is not what the stored measurements render to: it was edited, or "
        "it is older than the record (claims report makes it again)"
    )
    return False


def _first_difference(found: str, wanted: str) -> tuple[int, str]:
    """The 1-based line at which two texts part, and the heading above it."""
    at = next(
        (n for n, (a, b) in enumerate(zip(found, wanted, strict=False)) if a != b),
        min(len(found), len(wanted)),
    )
    above = [a or b for a, b in HEADING.findall(found[:at])]
    return found.count("\n", 0, at) + 1, TAGS.sub("", above[-1]).strip()[:60] if above else ""
