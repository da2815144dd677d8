"""Sample generations: the same prompts under baseline, treatment and control, steps marked.

Decoded text may carry marks: ``⟦...⟧`` around behaviour steps, ``⟨...⟩`` around garbage. With or
without them each sample shows the grader's counts. Separator and end tokens that a task's decoding
leaves in the text (``<sep>``, ``<end>``) are not shown.
A sample is an illustration. Which prompts are shown is fixed (the first ones of the first counted
replicate), so that nobody picks them.

Not covered: grading (``harness.readout``), whether a sample is typical.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from harness.report.curves import arms_of, controls, judged_doses, plain_arms, sweeps
from harness.report.records import ReportInput
from harness.report.words import finite, humane, plain

MARKS = {"⟦": ("⟧", "behaviour"), "⟨": ("⟩", "garbage")}
SEPARATOR = "<sep>"
ENDS = re.compile(r"<(?:end|pad)>")
PROMPTS = 3
SWEEPS = 3


@dataclass(frozen=True)
class Step:
    """One step of a plan; ``kind`` is ``behaviour``, ``garbage`` or empty (ordinary)."""

    text: str
    kind: str


@dataclass(frozen=True)
class Sample:
    """One generation."""

    arm: str
    about: str
    counts: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class PromptSamples:
    """One prompt under every arm that is shown."""

    prompt: str
    samples: tuple[Sample, ...]


def steps(text: str, separator: str) -> tuple[Step, ...]:
    """The steps of a decoded generation. A mark without its end runs to the end of its step."""
    found = []
    for part in re.split(f"{re.escape(separator.strip() or SEPARATOR)}|{SEPARATOR}", text):
        piece = ENDS.sub("", part).strip()
        while piece:
            opening = next((i for i, c in enumerate(piece) if c in MARKS), None)
            if opening is None:
                found.append(Step(piece, ""))
                break
            if before := piece[:opening].strip():
                found.append(Step(before, ""))
            closing, kind = MARKS[piece[opening]]
            inner, _, piece = piece[opening + 1 :].partition(closing)
            found.append(Step(inner.strip(), kind))
            piece = piece.strip()
    return tuple(found)


def samples(report: ReportInput, frame: pd.DataFrame) -> tuple[PromptSamples, ...]:
    """The first prompts that have text; ``frame`` is :func:`harness.report.curves.summary`."""
    cells = report.cells.get("generate")
    if cells is None or not len(cells):
        return ()
    rows = cells[(cells["split"] == report.split) & (cells["text"].astype(str) != "")]
    if not len(rows):
        return ()
    counted = (report.verdict.get("dose") or {}).get("replicates") or ()
    kept = [r for r in counted if r in set(rows["replicate"])]
    replicate = int(kept[0]) if kept else int(rows["replicate"].min())
    rows = rows[rows["replicate"] == replicate]
    picked = [
        (label, about, rows[(rows["arm"] == arm) & (rows["variant"] == v) & (rows["dose"] == d)])
        for arm, v, d, label, about in _conditions(report, frame, rows, replicate)
    ]
    found = []
    for prompt in sorted(rows["prompt"].unique())[:PROMPTS]:
        shown = tuple(
            Sample(label, about, _counts(part), steps(str(part["text"].iloc[0]), report.separator))
            for label, about, part in (
                (name, words, block[block["prompt"] == prompt]) for name, words, block in picked
            )
            if len(part)
        )
        stratum = (
            str(rows.loc[rows["prompt"] == prompt, "stratum"].iloc[0])
            if ("stratum" in rows.columns)
            else ""
        )
        about = f" ({stratum})" if stratum else ""
        found.append(PromptSamples(f"Prompt {prompt}{about}, replicate {replicate}", shown))
    return tuple(found)


def _counts(part: pd.DataFrame) -> str:
    """What the grader counted in one generation."""
    row = part.iloc[0]
    return f"{row['steps']} steps: {row['behaviour']} behaviour, {row['garbage']} garbage"


def _conditions(
    report: ReportInput, frame: pd.DataFrame, rows: pd.DataFrame, replicate: int
) -> list[tuple[str, str, float, str, str]]:
    """(arm, variant, dose, label, words): plain arms, treatments, the first random control."""
    arms = arms_of(report.claim)
    judged = judged_doses(report).get(replicate)
    random = controls(frame, arms)
    deciding = _deciding(report.claim)
    treated = [a for a in sweeps(frame, arms) if not deciding or a in deciding]
    names = [*plain_arms(frame, arms), *treated[:SWEEPS], *random[:1]]
    found = []
    for name in names:
        part = rows[rows["arm"] == name]
        if not len(part):
            continue
        variant = _variant(report, name, part)
        doses = sorted(part.loc[part["variant"] == variant, "dose"].unique())
        dose = _dose(report, name, variant, replicate, doses)
        if judged is not None and judged in doses:
            dose = judged
        words = f"dose {plain(dose)}" if arms[name].get("operation") else "no intervention"
        if variant:
            words = f"{variant}, {words}"
        found.append((name, str(variant), float(dose), humane(name), words))
    return found


def _deciding(claim: Mapping[str, Any]) -> set[str]:
    """Arms that criteria are about."""
    found: set[str] = set()
    for row in claim.get("criteria") or ():
        estimand = row.get("estimand") or {}
        arms = estimand.get("arms", estimand.get("arm", ()))
        found |= {arms} if isinstance(arms, str) else set(arms)
        if estimand.get("against"):
            found.add(str(estimand["against"]))
    return found


def _members(report: ReportInput) -> dict[str, Mapping[str, Any]]:
    return {
        str(m.get("name")): m
        for row in report.verdict.get("criteria") or ()
        for m in row.get("members") or ()
    }


def _variant(report: ReportInput, arm: str, part: pd.DataFrame) -> str:
    """The arm's candidate with the largest estimate, or its first variant."""
    variants = [str(v) for v in part["variant"].drop_duplicates()]
    found = _members(report)
    scored = [
        (finite(found[f"{arm}/{v}"].get("estimate")) or 0.0, v)
        for v in variants
        if f"{arm}/{v}" in found
    ]
    return max(scored)[1] if scored else variants[0]


def _dose(report: ReportInput, arm: str, variant: str, replicate: int, doses: list[float]) -> float:
    """The dose at which the replicate was judged for this candidate, else the largest."""
    details = (_members(report).get(f"{arm}/{variant}") or {}).get("details") or {}
    order = list((report.verdict.get("dose") or {}).get("replicates") or ())
    best = details.get("best_dose") or ()
    if replicate in order and order.index(replicate) < len(best):
        dose = best[order.index(replicate)]
        if dose in doses and dose > 0:
            return float(dose)
    return float(doses[-1])
