"""The sentences of a report, rendered from numbers and never written by hand.

Not covered: layout (``harness.report``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from harness.claim.schema import Claim, Criterion, Test
from harness.claim.terms import DRAWN
from harness.stats.records import BET, in_decimals
from harness.verdict.records import Estimate, Outcome, Shown, Status, Verdict

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
    "mean-ratio": "ratio of the mean {readout} of {arm} to that of {over}",
    "stratified-odds": "odds ratio of {readout}, {arm} over {over}",
    "contrasts": "difference in {readout}, each of {arms} minus {minus}",
    "ordering": "difference in {readout} between neighbours in the order {arms}",
    "dose-ordering": "difference in {readout} of {arm} between neighbouring doses of {doses}",
    "norm-ratio": "length of {direction} over that of {to}, fitted for {on}",
    "steering-asymmetry": "share of the gap in {readout} closed by {arm} minus that closed by "
    "{against} from the other side, at equal {equal}",
    "probe": "{read} of {item} in {on} ({probe})",
    "probe-contrast": "{read} of {item} in {on} ({probe}) minus {other}",
    "probe-ratio": "{read} of {item} in {on} ({probe}) over {other}",
}
COMPARED = {"probe-contrast": "minus", "probe-ratio": "over"}


def what(spec: Mapping[str, Any]) -> str:
    """What an estimand is, in words."""
    words = {k: _word(v) for k, v in spec.items()}
    if spec["kind"] in COMPARED:
        words["other"] = _other(spec, COMPARED[spec["kind"]])
    name = NAMES[spec["kind"]].format_map(words)
    if spec["kind"] == "feature-asymmetry":
        name += ", matched by text variant" if spec["matched"] else ", pooled over text variants"
    if spec["kind"] == "stratified-odds":
        name += ", common to all strata of prompts" if spec["stratified"] else ", strata together"
    return name


def _other(spec: Mapping[str, Any], key: str) -> str:
    """What a probe's number is compared with: only what differs from it."""
    read, item, on, probe = (spec.get(f"{key}_{k}") for k in ("read", "item", "on", "probe"))
    words = "that" if read is None else str(read)
    words += f" of {item or spec['item']}" if read or item else ""
    words += f" in {on}" if on else ""
    return f"{words} ({probe})" if probe else words


def _word(value: Any) -> str:
    if not isinstance(value, list | tuple):
        return str(value)
    return ", ".join(f"{v:g}" if isinstance(v, float) else str(v) for v in value)


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
    if p < 0.001 or p > 0.999:
        return "p < .001" if p < 0.001 else "p > .999"
    return f"p = {in_decimals(p)}".replace("0.", ".", 1)


NEEDS = {
    "superiority": "lies above {margin:g}",
    "below": "lies below {margin:g}",
    "equivalence": "lies within plus or minus {margin:g}",
    "ratio-above": "lies above {margin:g}",
    "mean-ratio-above": "lies above {margin:g}",
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
    median = "median " if one.test.method == BET else ""
    text = f"{median}{what(one.estimand)} is {interval(got)} over {n} replicates: {verb} ({p})."
    text += decided(one.test, got)
    return text[0].upper() + text[1:]


def decided(test: Test, got: Estimate) -> str:
    """When a bet on signs was decided; nothing for other methods."""
    if test.method != BET:
        return ""
    at, rounds = got.details["decided_at"], len(got.details["wealth"])
    bet = f" The bet of {test.stake:g} on each replicate"
    if at is not None:
        return f"{bet} was decided at replicate {at}, the {ordinal(rounds)}."
    best = max((*got.details["wealth"], *got.details["wealth_against"]))
    return f"{bet} reached {number(best)} at most, of the {1 / test.alpha:g} that decide."


def ordinal(n: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th, 21st."""
    ending = "th" if n // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"


def precondition(name: str, held: bool, got: str, needed: str) -> str:
    """The sentence of one precondition."""
    return f"{name} {'held' if held else 'did not hold'}: {got}; needed: {needed}."


def scope(claim: Claim, n: int) -> str:
    """What the verdict does and does not generalise to."""
    if claim.unit == "replicate":
        own = claim.samples.drawn == DRAWN[1]
        read = (
            "Each of them was judged on prompts and texts drawn for it, under noise of its own."
            if own
            else "All of them were judged on the same prompts and texts, under the same noise."
        )
        return (
            f"The verdict speaks of models trained independently by the recipe "
            f"{claim.subject.recipe}, of which {n} were measured. {read} It does not speak of "
            "other recipes, sizes, tasks or sites."
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


def with_sentence(verdict: Verdict, ruled: str = "") -> Verdict:
    """The verdict with its headline: the criteria that decided, or what did not hold; then what a
    rule that adds replicates did."""
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
        parts = [] if ruled else parts
    elif verdict.status in (Status.FAIL, Status.INCONCLUSIVE):
        worst = Outcome[verdict.status.name]
        parts = [c.sentence for c in verdict.criteria if c.outcome is worst]
    else:
        parts = [c.sentence for c in verdict.criteria]
    return replace(verdict, sentence=" ".join([f"{lead}.", *parts, *([ruled] if ruled else [])]))


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
