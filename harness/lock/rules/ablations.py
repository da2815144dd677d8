"""A criterion that rests on one way of ablating: it says so, or the other ways are arms too.

Zero, mean and resample ablation ask different things and may disagree (Zhang & Nanda 2023): a claim
whose number would be another one had the author ablated otherwise should not be silent about it.

Not covered: whether the ways agree (a family of contrasts can be asked to), ``replace-zero`` and
``replace-mean``, which name their way in the operation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.claim.schema import Arm, Criterion
from harness.claim.terms import WAYS
from harness.lock.refusal import Refusal, refusal
from harness.lock.rules.design import Design

SAID = {"zero": re.compile(r"\bzero"), "mean": re.compile(r"\bmeans?\b"),
        "resample": re.compile(r"\bresampl")}  # fmt: skip
"""How a sentence under ``does_not_show`` names a way."""


def ablations(design: Design, criterion: Criterion) -> Iterator[Refusal]:
    """Ways that neither an arm takes nor a sentence names, of each ablation that decides."""
    for arm in design.tested(criterion):
        if arm.operation != "ablate":
            continue
        taken = {a.way for a in design.claim.arms if _what(design, a) == _what(design, arm)}
        open_ = [w for w in WAYS if w not in taken and not _said(design, w)]
        if open_:
            reason = (
                f"{arm.name} ablates by {arm.way} alone; add arms with {' and '.join(open_)}, or "
                "name them under does_not_show"
            )
            yield refusal("one-way", f"criteria.{criterion.name}", reason)


def _what(design: Design, arm: Arm) -> tuple[object, ...]:
    """What an arm ablates, whichever way."""
    site = design.claim.sites.get(arm.site or "")
    return (arm.operation, arm.on, site, *arm.part[1:])


def _said(design: Design, way: str) -> bool:
    return any(SAID[way].search(one.lower()) for one in design.claim.does_not_show)
