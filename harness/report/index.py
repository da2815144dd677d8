"""The index: every claim of the workspace with its standing, also those that have no verdict.

Not covered: how a standing comes about (``harness.verdict.standing``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from harness.digest import short
from harness.report.environment import (
    Raw,
    html_environment,
    markdown_environment,
    paragraphs,
    policy,
    style,
)
from harness.report.records import IndexRow, Rendered
from harness.report.renderer import renderer
from harness.report.words import STANDINGS, Standing, clean, humane, standing


@dataclass(frozen=True)
class IndexEntry:
    """One claim on the index; ``criteria`` are (name, outcome), empty where none may be shown."""

    claim: str
    title: str
    standing: Standing
    sentence: str
    facts: tuple[str, ...]
    href: str
    markdown_href: Raw
    note: str
    criteria: tuple[tuple[str, Standing], ...]


def render_index(rows: Sequence[IndexRow], row: int = 0) -> Rendered:
    """The index page as of a row of the ledger. Claims keep their order; the same input gives the
    same bytes."""
    entries = tuple(_entry(row) for row in rows)
    counts = Counter(entry.standing.word for entry in entries)
    known = [word for word in STANDINGS if counts[word]]
    others = sorted(word for word in counts if word not in STANDINGS)
    tally = tuple((standing(word), counts[word]) for word in [*known, *others])
    html = html_environment().get_template("index.html.j2")
    text = markdown_environment().get_template("index.md.j2")
    shared = {"entries": entries, "tally": tally, "total": len(entries), "row": row}
    return Rendered(
        html=html.render(**shared, style=style(), policy=policy(), renderer=renderer()),
        markdown=paragraphs(text.render(**shared, renderer=renderer())),
    )


def _entry(row: IndexRow) -> IndexEntry:
    found = standing(row.standing)
    facts = []
    if row.n is not None:
        facts.append(f"n = {row.n} ({row.unit or 'replicate'})")
    if row.registration:
        facts.append(f"registration {short(row.registration)}")
    if row.attempt:
        facts.append(f"attempt {row.attempt}")
    withheld = found.withheld or row.standing == "EXPLORATORY"
    href = quote(clean(row.href), safe="/")  # a relative path; a colon is quoted, so never a scheme
    return IndexEntry(
        claim=row.claim,
        title=row.title or humane(row.claim),
        standing=found,
        sentence=row.sentence,
        facts=tuple(facts),
        href="" if href.startswith("/") else href,
        markdown_href=Raw("" if href.startswith("/") else href.replace("index.html", "report.md")),
        note=row.note,
        criteria=() if withheld else tuple((humane(n), standing(o)) for n, o in row.criteria if o),
    )
