"""Pilots: what an exploration of a claim as it stands gave, per criterion, for those who lock.

An exploration counts where it measured what the claim measures now (``harness.measure.exploration``
says what that is), with however many replicates. The criteria are read from its cells as they stand
in the claim now, so that a margin that was set from it is held against it.

Not covered: verdicts. An exploration has none.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from harness.claim.schema import Criterion
from harness.digest import digest
from harness.errors import BadInput, ClaimsError, RecordBroken
from harness.lock.code import measuring_closure
from harness.lock.pilot import Pilot, Spread
from harness.measure.exploration import design, largest
from harness.measure.job import exploration_job
from harness.measure.store import digests
from harness.measure.tables import READOUTS, load_evidence
from harness.verdict.estimands import estimate
from harness.verdict.families import FAMILIES
from harness.verdict.ratios import TWO_MEANS
from harness.verdict.view import MissingNumber, View


def pilots_of(root: Path, claim_ids: Iterable[str]) -> dict[str, Pilot | None]:
    """Claim -> its pilot, None where nothing on disk is one. See :func:`pilot_of`.

    A claim that cannot be read is left out: whoever registers it says what is wrong with it, and
    with all the others.
    """
    found = {}
    for name in claim_ids:
        try:
            found[name] = pilot_of(root, name)
        except BadInput:
            continue
    return found


def pilot_of(root: Path, claim_id: str) -> Pilot | None:
    """The pilot of the claim as it stands: its exploration with most replicates.

    Raises :class:`harness.errors.BadInput` where the claim cannot be read, and
    :class:`RecordBroken` where the exploration cannot.
    """
    if not (root / "reports" / "explore" / claim_id).is_dir():
        return None
    job = exploration_job(root, claim_id)
    code = measuring_closure(root, job.recipe, job.claim)
    found = largest(job.folder.parent, design(job.claim, job.recipe, code))
    if found is None:
        return None
    subject = replace(job.claim.subject, replicates=found.replicates)
    job = replace(job, folder=found.folder, claim=replace(job.claim, subject=subject))
    try:
        evidence = load_evidence(job)
        files = digests(found.folder, found.measured)
        return pilot(View(evidence, evidence.replicates), digest(files))
    except ClaimsError as error:
        what = error.what
    except (KeyError, TypeError, ValueError, IndexError) as error:  # a record lacks a part
        what = f"a part is missing or malformed: {error!r}"
    raise RecordBroken(
        f"the exploration of {claim_id} cannot be read ({what})",
        where=str(found.folder.relative_to(root)),
        fix="Remove that folder, and explore again",
    )


def pilot(view: View, evidence: str) -> Pilot:
    """What the evidence of an exploration gives for each criterion of its claim."""
    values: dict[str, tuple[float, ...]] = {}
    missing: dict[str, str] = {}
    for one in view.claim.criteria:
        try:
            if one.estimand["kind"] in FAMILIES:
                for m in FAMILIES[one.estimand["kind"]](view, one.estimand):
                    values[f"{one.name}/{m.name}"] = _ordered(view, m.below)
            elif one.estimand["kind"] in TWO_MEANS:
                values |= _two(view, one)
            else:
                values[one.name] = _ordered(view, estimate(view, one.estimand))
        except (MissingNumber, RecordBroken) as error:
            missing[one.name] = error.what
    return Pilot(evidence, len(view.replicates), values, missing, readouts(view))


def _two(view: View, one: Criterion) -> dict[str, tuple[float, ...]]:
    """Numerator and denominator as shares of the denominator's mean, as ``expect`` is about them.

    Raises :class:`MissingNumber` where there is none.
    """
    found = [_ordered(view, v) for v in TWO_MEANS[one.estimand["kind"]](view, one.estimand)]
    mean = sum(found[1]) / len(found[1])
    if not mean:
        raise MissingNumber("the denominator is 0 in every replicate", where=one.name)
    names = ("numerator", "denominator")
    return {
        f"{one.name}/{name}": tuple(v / mean for v in values)
        for name, values in zip(names, found, strict=True)
    }


def readouts(view: View) -> dict[tuple[str, str], Spread]:
    """(arm, readout) -> its spread over replicates, doses and candidates of the judged split."""
    out = {}
    rows = view.summary[view.summary["split"] == view.final] if len(view.summary) else view.summary
    for arm, part in rows.groupby("arm", sort=True):
        for name in [r for r in READOUTS if r in part]:
            out[str(arm), name] = _spread(part[name])
    return out


def _spread(column: pd.Series[float]) -> Spread:
    numbers = [float(v) for v in column]
    finite = [v for v in numbers if math.isfinite(v)]
    blanks = len(numbers) - len(finite)
    if not finite:
        return Spread(math.nan, math.nan, blanks)
    return Spread(min(finite), max(finite), blanks)


def _ordered(view: View, values: Mapping[int, float]) -> tuple[float, ...]:
    return tuple(float(values[r]) for r in view.replicates)
