"""Where the edits are: for every site that is used, its hook, its positions and a few texts; and
what the task's own position classes mean, on a text each.

The texts were stored when replicate 0 was measured, with the tokens at the site's positions in
brackets; records from before that have none, and their pages no such section.

Not covered: brackets that the text itself holds look like marks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.report.records import ReportInput
from harness.report.words import humane, listing

MOST_TEXTS, LONGEST, MOST_CLASSES = 3, 2000, 30


@dataclass(frozen=True)
class SiteView:
    """One site; ``arms`` are those that intervene there."""

    name: str
    hook: str
    positions: str
    arms: str
    texts: tuple[str, ...]


def sites_view(report: ReportInput) -> tuple[SiteView, ...]:
    """The sites with stored texts, in the claim's order; none where no record has any."""
    kept = [r["positions"] for r in report.replicates if r.get("positions")]
    stored: Mapping[str, Sequence[str]] = kept[0] if kept else {}
    arms = [a for a in report.claim.get("arms") or () if a.get("operation")]
    found = []
    for name, site in (report.claim.get("sites") or {}).items():
        used = ", ".join(humane(str(a["name"])) for a in arms if a.get("site") == name)
        if not used or not stored.get(name):
            continue
        texts = tuple(str(text)[:LONGEST] for text in stored[name][:MOST_TEXTS])
        written = site.get("positions")
        found.append(SiteView(humane(name), str(site.get("hook")), _words(written), used, texts))
    return tuple(found)


@dataclass(frozen=True)
class ClassView:
    """A position class of the task and a text in which its positions are marked."""

    name: str
    text: str


def classes_view(report: ReportInput) -> tuple[ClassView, ...]:
    """The task's classes that occur in the judged texts; none where no record has any."""
    kept = [r["classes"] for r in report.replicates if r.get("classes")]
    stored: Mapping[str, str] = kept[0] if kept else {}
    return tuple(
        ClassView(humane(str(name)), str(text)[:LONGEST])
        for name, text in list(stored.items())[:MOST_CLASSES]
    )


def _words(written: Any) -> str:
    if not isinstance(written, Mapping):
        return listing(written)
    if "code" in written:
        return f"as {listing(written['code'])} decides"
    return f"text ends with {listing(written.get('regex'))}"
