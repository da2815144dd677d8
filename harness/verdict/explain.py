"""The sentences of a report, rendered from numbers and never written by hand.

Not covered: layout (``harness.report``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from harness.claim.schema import Claim, Criterion
from harness.verdict.production import Member
from harness.verdict.records import Estimate, Outcome, Shown, Status, Verdict

RATIOS = ("log-ratio", "feature-asymmetry", "marker-ratio", "norm-ratio")
NAMES = {
    "level": "{readout} of {arm}",
    "contrast": "difference in {readout}, {arm} minus {minus}",
    "closed-gap": "share of the gap in {readout} closed by {arm}",
    "beyond-controls": "share of the gap in {readout} closed by {arm} beyond its random controls",
    "damage-difference": "damage ({damage}) spared by {arm} against {than} at equal removal",
    "best-production": "largest {readout} at an admissible dose, as a share of {trained}'s",
    "feature-asymmetry": "ratio of marker features, trained over standard model",
    "marker-ratio": "firing rate of the marker feature, trained over standard model",
    "log-ratio": "ratio of {readout}, {arm} over {over}",
    "norm-ratio": "length of {direction} over that of {to}, fitted for {on}",
    "steering-asymmetry": "share of the gap in {readout} closed by {arm} minus that closed by "
    "{against} from the other side, at equal {equal}",
}


def what(spec: Mapping[str, Any]) -> str:
    """What an estimand is, in words."""
    name = NAMES[spec["kind"]].format_map({k: str(v) for k, v in spec.items()})
    if spec["kind"] == "feature-asymmetry":
        name += ", matched by text variant" if spec["matched"] else ", pooled over text variants"
    return name


def number(value: float | None) -> str:
    """Three significant digits; 'undefined' for None."""
    return "undefined" if value is None or not np.isfinite(value) else f"{value:.3g}"


def interval(one: Estimate) -> str:
    """'0.71 (90 % interval 0.62 to 0.80)'."""
    if one.low is None or one.high is None or one.level is None:
        return f"{number(one.estimate)} (no interval: {one.note or 'unknown precision'})"
    level = f"{100 * one.level:.3g} %"
    return f"{number(one.estimate)} ({level} interval {number(one.low)} to {number(one.high)})"


def p_value(p: float | None) -> str:
    """'p = .012', or 'p < .001'."""
    if p is None:
        return "p undefined"
    return "p < .001" if p < 0.001 else f"p = {p:.3f}".replace("0.", ".", 1)


NEEDS = {
    "superiority": "lies above {margin:g}",
    "below": "lies below {margin:g}",
    "equivalence": "lies within plus or minus {margin:g}",
    "ratio-above": "lies above {margin:g}",
    "none-of": "lies below {margin:g} in every member",
    "some-of": "lies above {margin:g} in some member",
}


def criterion(one: Criterion, got: Estimate, outcome: Outcome, n: int) -> str:
    """The sentence of one criterion."""
    needs = NEEDS[one.test.kind].format(margin=one.test.margin)
    verb = {
        Outcome.PASS: f"it {needs}",
        Outcome.FAIL: f"the evidence excludes that it {needs}",
        Outcome.INCONCLUSIVE: f"the evidence does not settle whether it {needs}",
    }[outcome]
    p = p_value(got.p_against if outcome is Outcome.FAIL else got.p)
    text = f"{what(one.estimand)} is {interval(got)} over {n} replicates: {verb} ({p})."
    return text[0].upper() + text[1:]


def family(one: Criterion, got: Estimate, outcome: Outcome, members: int, n: int) -> str:
    """The sentence of a family."""
    lead = f"The strongest of {members} candidates, {got.name}, reaches {interval(got)}"
    of = f"of {one.estimand['trained']}'s {one.estimand['readout']} over {n} replicates"
    verb = {
        Outcome.PASS: f"every candidate lies below {one.test.margin:g}",
        Outcome.FAIL: f"the evidence excludes that none reaches {one.test.margin:g}",
        Outcome.INCONCLUSIVE: f"it is not settled whether all lie below {one.test.margin:g}",
    }[outcome]
    p = p_value(got.p_against if outcome is Outcome.FAIL else got.p)
    return f"{lead} {of}: {verb} ({p})."


def precondition(name: str, held: bool, got: str, needed: str) -> str:
    """The sentence of one precondition."""
    return f"{name} {'held' if held else 'did not hold'}: {got}; needed: {needed}."


def scope(claim: Claim, n: int) -> str:
    """What the verdict does and does not generalise to."""
    if claim.unit == "replicate":
        return (
            f"The verdict speaks of models trained independently by the recipe "
            f"{claim.subject.recipe}, of which {n} were measured. It does not speak of other "
            "recipes, sizes, tasks or sites."
        )
    return (
        f"The verdict speaks of the one model of the recipe {claim.subject.recipe} and of prompts "
        f"like those sampled. It does not speak of other models, however alike."
    )


LEADS = {
    Status.PASS: "Supported",
    Status.FAIL: "Excluded by the evidence",
    Status.INCONCLUSIVE: "Not settled",
    Status.INVALID: "No verdict: the data cannot speak",
    Status.DEVIATED: "Ran otherwise than planned",
    Status.INCOMPLETE: "Not complete",
    Status.EXPLORATORY: "Exploration, not a verdict",
}


def with_sentence(verdict: Verdict) -> Verdict:
    """The verdict with its headline: the criteria that decided, or what did not hold."""
    lead = LEADS[verdict.status]
    if verdict.status is Status.INVALID:
        parts = [c.sentence for c in verdict.preconditions if not c.held]
        if not parts:
            parts = ["The claim has no preconditions or no criteria."]
    elif verdict.status is Status.DEVIATED:
        parts = [f"{one[0].upper()}{one[1:]}." for one in verdict.deviations]
        parts.append("What this version's criteria came to is shown, and is no verdict.")
    elif verdict.status is Status.INCOMPLETE:
        parts = [f"{verdict.n} replicates are measured so far; the rest are to be run."]
    elif verdict.status in (Status.FAIL, Status.INCONCLUSIVE):
        worst = Outcome[verdict.status.name]
        parts = [c.sentence for c in verdict.criteria if c.outcome is worst]
    else:
        parts = [c.sentence for c in verdict.criteria]
    return replace(verdict, sentence=" ".join([f"{lead}.", *parts]))


def shown(name: str, spec: Mapping[str, Any], got: Estimate, scale: str) -> Shown:
    """An estimand that is reported and never decides."""
    label = str(spec.get("label", "")) or what(spec)
    text = f"{what(spec)} is {interval(got)}; shown, not tested."
    return Shown(name, label, text[0].upper() + text[1:], dict(spec), got, scale)


def not_shown(name: str, spec: Mapping[str, Any], why: str) -> Shown:
    """An estimand that could not be computed, said so rather than dropped."""
    empty = Estimate(name, None, None, None, None, None, None, "", (), note=why)
    label = str(spec.get("label", "")) or what(spec)
    return Shown(name, label, f"Not available: {why}.", dict(spec), empty, "identity")


def shown_family(
    name: str, spec: Mapping[str, Any], found: Sequence[Member], replicates: Sequence[int]
) -> Shown:
    """A family that is reported: its strongest member's mean, without a test."""
    means = {m.name: float(np.mean([m.best[r] for r in replicates])) for m in found}
    lead = max(means, key=lambda key: means[key])
    values = next(tuple(m.best[r] for r in replicates) for m in found if m.name == lead)
    got = Estimate(
        name,
        means[lead],
        None,
        None,
        None,
        None,
        None,
        "",
        values,
        note=f"strongest of {len(means)}: {lead}",
        details={"members": means},
    )
    label = str(spec.get("label", "")) or what(spec)
    text = f"{label}: the strongest of {len(means)} candidates, {lead}, reaches {means[lead]:.3g}."
    return Shown(name, label, text, dict(spec), got, "identity")
