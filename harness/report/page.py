"""One claim's page, as HTML and as Markdown.

Order: the verdict's sentence; criteria; dose-response; replicates; candidates; probes;
preconditions; samples; where the edits are and what is read there; the lock; what the verdict does
not show; commands.
Where no verdict can stand, the preconditions (or deviations) come first and the criteria's numbers
are in a box that says that they are not admissible. An exploration is stamped and has no outcomes.

Not covered: reading a workspace (``harness.report.build``), writing (``harness.report.write``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.digest import short
from harness.report import criteria as cr
from harness.report.bet_view import measured_words
from harness.report.commands import Command, commands, criterion_command, folder
from harness.report.curves import judged_doses, summary
from harness.report.dose_figure import judged_words
from harness.report.environment import (
    html_environment,
    markdown_environment,
    paragraphs,
    policy,
    style,
)
from harness.report.features_view import edited_table
from harness.report.figure import Table
from harness.report.gallery import Gallery, dictionary_table, gallery, health_table
from harness.report.heads_view import HEADS_NOTE, heads_view
from harness.report.lock_view import LockView, lock_view
from harness.report.probes_view import ProbesView, probes_view
from harness.report.records import Rendered, ReportInput, checked
from harness.report.renderer import renderer
from harness.report.samples import PromptSamples, samples
from harness.report.sites_view import ClassView, SiteView, classes_view, sites_view
from harness.report.splits_view import SPLITS_NOTE, splits_view
from harness.report.versions_view import VersionsView, versions_view
from harness.report.words import Standing, listing, standing

UNANCHORED = (
    "UNANCHORED: no outside timestamp or signature covers this ledger. Whoever holds every copy of "
    "it could have rebuilt the whole history; the order of lock and attempt rests on the ledger's "
    "own chain."
)
ALWAYS = (
    "that the measurements were produced by running the models: a reproduction shows that",
    "that the margins, the task and the readouts are the right ones for the question",
)
"""What no verdict shows, whatever the claim says."""


@dataclass(frozen=True)
class PageView:
    """Everything a claim's template shows."""

    id: str
    title: str
    statement: str
    sentence: str
    scope: str
    standing: Standing
    facts: tuple[tuple[str, str], ...]
    registered: bool
    criteria: tuple[cr.CriterionView, ...]
    recompute: tuple[Command | None, ...]
    shown: tuple[cr.CriterionView, ...]
    preconditions: tuple[cr.PreconditionView, ...]
    gallery: Gallery
    probes: ProbesView | None
    health: Table | None
    dictionaries: Table | None
    edited: Table | None
    heads: Table | None
    heads_note: str
    splits: Table | None
    splits_note: str
    samples: tuple[PromptSamples, ...]
    marked: bool
    """Whether any step of the samples carries a mark."""
    sites: tuple[SiteView, ...]
    classes: tuple[ClassView, ...]
    lock: LockView
    versions: VersionsView
    excluded: tuple[str, ...]
    not_shown: tuple[str, ...]
    not_shown_ever: tuple[str, ...]
    sources: tuple[str, ...]
    superseded: str
    related: tuple[tuple[str, str, bool], ...]
    """Other claims' names, what ties them to this one, and whether they have a page."""
    commands: tuple[Command, ...]
    folder: str
    unanchored: str
    row: int


def render_claim(report: ReportInput) -> Rendered:
    """The claim's page. The same input gives the same bytes.

    Raises :class:`harness.errors.RecordBroken` where no honest page can be made of the input.
    """
    view = page_view(checked(report))
    html = html_environment().get_template("claim.html.j2")
    text = markdown_environment().get_template("claim.md.j2")
    return Rendered(
        html=html.render(page=view, style=style(), policy=policy(), renderer=renderer()),
        markdown=paragraphs(text.render(page=view, renderer=renderer())),
    )


def page_view(report: ReportInput) -> PageView:
    """The view-model: words and figures, nothing left to compute."""
    verdict, claim = report.verdict, report.claim
    frame = summary(report)
    rows = tuple(verdict.get("criteria") or ())
    quoted = samples(report, frame)
    status, sentence = _stands(report)
    return PageView(
        id=report.id,
        title=str(verdict.get("title") or claim.get("title") or report.id),
        statement=str(verdict.get("statement") or claim.get("statement") or ""),
        sentence=sentence,
        scope=str(verdict.get("scope") or ""),
        standing=standing(status),
        facts=_facts(report),
        registered=report.status != "EXPLORATORY",
        criteria=cr.criteria_views(verdict),
        recompute=tuple(criterion_command(report, row) for row in rows),
        shown=cr.shown_views(verdict),
        preconditions=cr.preconditions(verdict),
        gallery=gallery(report, frame),
        probes=probes_view(report),
        health=health_table(report),
        dictionaries=dictionary_table(report),
        edited=edited_table(report),
        heads=heads_view(report),
        heads_note=HEADS_NOTE,
        splits=splits_view(report),
        splits_note=SPLITS_NOTE,
        samples=quoted,
        marked=any(step.kind for p in quoted for s in p.samples for step in s.steps),
        sites=sites_view(report),
        classes=classes_view(report),
        lock=lock_view(report),
        versions=versions_view(report.versions, str(verdict.get("registration") or "")),
        excluded=tuple(listing(x) for x in verdict.get("excluded") or ()),
        not_shown=_not_shown(verdict, claim),
        not_shown_ever=ALWAYS,
        sources=tuple(str(s) for s in claim.get("source") or ()),
        superseded=listing(verdict["superseded_by"]) if verdict.get("superseded_by") else "",
        related=tuple(
            (str(one["claim"]), str(one["words"]), bool(one["finished"])) for one in report.related
        ),
        commands=commands(report),
        folder=folder(report),
        unanchored="" if report.anchors else UNANCHORED,
        row=report.row,
    )


def _stands(report: ReportInput) -> tuple[str, str]:
    """What the page leads with: the verdict and its sentence, or that the claim was taken back."""
    verdict = report.verdict
    status, sentence = report.status, str(verdict["sentence"])
    mine = [v for v in report.versions if v["registration"] == verdict.get("registration")]
    said = str(mine[0].get("withdrawn") or "") if mine else ""
    if not said:
        return status, sentence
    sentence = f"{said.rstrip('.')}. Its verdict was {status}: {sentence}"
    return ("WITHDRAWN" if mine[0].get("status") == "WITHDRAWN" else status), sentence


def _not_shown(verdict: Mapping[str, Any], claim: Mapping[str, Any]) -> tuple[str, ...]:
    rows = verdict.get("does_not_show") or claim.get("does_not_show") or ()
    return tuple(str(row) for row in rows)


def _facts(report: ReportInput) -> tuple[tuple[str, str], ...]:
    """Short facts under the headline."""
    verdict = report.verdict
    found = [("unit", str(verdict.get("unit") or "")), ("n", f"{listing(verdict.get('n'))}")]
    ruled = measured_words(verdict.get("sequential"))
    if ruled:
        found.append(("replicates", ruled))
    judged = judged_doses(report)
    if judged:
        found.append(("judged dose", judged_words(judged)))
    if report.status == "EXPLORATORY":
        found.append(("registration", "none"))
    else:
        found.append(("registration", short(str(verdict.get("registration")))))
        found.append(("attempt", str(verdict.get("attempt") or "")))
    again = [r["body"].get("reproduced") for r in report.ledger if r.get("kind") == "reproduction"]
    if again:
        found.append(("reproduced as", ", ".join(listing(status) for status in again)))
    if verdict.get("judged_by"):
        found.append(("judged by", short(str(verdict["judged_by"]))))
    return tuple((term, value) for term, value in found if value)
