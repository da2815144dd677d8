"""Rules that must not lock: what a claim, its recipe and a pilot say before anything is measured.

Each rule has an id; ``refusal.RULES`` says what it refuses, why, and which can be waived, by a
sentence under ``waivers`` that stands in the report. A rule without a waiver is one whose breach
leaves nothing to decide.

Not covered: whether names resolve and values have their types (``harness.claim.parse``), whether
the measurements will be healthy (preconditions). A claim that is locked is never looked at again:
rules that became stricter afterwards are about claims to come.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.claim.schema import Claim
from harness.lock.lint_recipe import seed_rules
from harness.lock.pilot import Pilot
from harness.lock.refusal import RULES, Refusal, refusal
from harness.lock.rules.ablations import ablations
from harness.lock.rules.checks import checks, outcomes
from harness.lock.rules.controls import controls
from harness.lock.rules.decidable import decidable
from harness.lock.rules.design import Design
from harness.lock.rules.margins import contradictions, margins
from harness.lock.rules.nulls import nulls
from harness.lock.rules.pilots import pilots
from harness.lock.rules.sequential import sequential
from harness.lock.rules.spans import FEATURES
from harness.subject.interface import Recipe

HEALTH_BOUNDS = ("loss_gap_at_most", "garbage_at_most")
"""By what a replicate may be left out. The rate of the behaviour is an outcome (ADR 9)."""
READS = {"garbage_at_most": "garbage_rate", "loss_gap_at_most": "ordinary_loss"}
"""The readout that a health bound looks at, before any intervention."""
WORD = re.compile(r"[^\W\d_]{2,}")
WORDS_AT_LEAST = 4


def lint(claim: Claim, recipe: Recipe, pilot: Pilot | None = None) -> tuple[Refusal, ...]:
    """The refusals that stand; empty where the claim may be locked.

    Raises :class:`harness.errors.UnknownName` for an arm or role that does not exist.
    """
    return tuple(r for r in findings(claim, recipe, pilot) if not r.waiver)


def findings(claim: Claim, recipe: Recipe, pilot: Pilot | None = None) -> tuple[Refusal, ...]:
    """Every breach, waived ones with their sentence."""
    design = Design(claim, recipe, pilot)
    found = [*_whole(design), *checks(design), *outcomes(design), *contradictions(design)]
    found += seed_rules(recipe)
    for criterion in claim.criteria:
        for rules in (decidable, sequential, margins, controls, ablations, nulls, pilots):
            found += rules(design, criterion)
    found += _waivers(claim, found, unseen=pilot is None)
    waived = (
        replace(r, waiver=claim.waivers.get(r.rule, "").strip())
        if r.waivable and is_sentence(claim.waivers.get(r.rule, ""))
        else r
        for r in found
    )
    return tuple(dict.fromkeys(waived))


def is_sentence(text: str) -> bool:
    """Whether a waiver says something: four different words at least."""
    return len({word.lower() for word in WORD.findall(text)}) >= WORDS_AT_LEAST


def _whole(design: Design) -> Iterator[Refusal]:
    claim = design.claim
    if not claim.criteria:
        yield refusal("criteria", "criteria", "no criterion decides anything")
    health = list(design.preconditions("health"))
    if not health:
        yield refusal(
            "health", "preconditions", "no precondition of kind health: a broken replicate counts"
        )
    elif all(p.params.get("roles") for p in health):
        looked_at = {role for p in health for role in p.params["roles"]}
        read = [arm.on for c in claim.criteria for arm in design.named(c)]
        for c in claim.criteria:
            if c.estimand.get("kind") in FEATURES:
                read += [c.estimand["trained"], c.estimand["standard"]]
            read += [c.estimand[k] for k in ("on", "over_on", "minus_on") if c.estimand.get(k)]
        for role in dict.fromkeys(role for role in read if role not in looked_at):
            where = f"preconditions.{health[0].name}.roles"
            yield refusal("health", where, f"criteria read {role}, whose health is not looked at")
    if claim.exclusion is None:
        return
    if not health:
        yield refusal("exclusion", "exclusion", "there is no health bound by which to exclude")
    for one in health:
        for name in [k for k in one.params if k.endswith(("_at_most", "_at_least"))]:
            yield from _excludes(design, one.name, name)
    if claim.exclusion.at_most >= claim.subject.replicates:
        yield refusal("exclusion", "exclusion.at_most", "every replicate could be excluded")


def _excludes(design: Design, precondition: str, bound: str) -> Iterator[Refusal]:
    """A bound by which replicates are left out looks at health, and at nothing that is judged."""
    where = f"preconditions.{precondition}.{bound}"
    if bound not in HEALTH_BOUNDS:
        reason = f"replicates would be excluded by {bound}, which is not health"
        yield refusal("exclusion", where, reason)
        return
    for criterion in design.claim.criteria:
        if criterion.estimand.get("readout") == READS[bound]:
            reason = (
                f"replicates would be excluded by {bound}, and criterion {criterion.name} judges "
                f"{READS[bound]}"
            )
            yield refusal("exclusion", where, reason)


def _waivers(claim: Claim, found: Sequence[Refusal], *, unseen: bool) -> Iterator[Refusal]:
    """``unseen``: there is no exploration here, as in a clone, so that nobody can say whether what
    was waived about it is breached."""
    breached = {one.rule for one in found}
    breached |= {"pilot"} if unseen else set()
    for rule, sentence in claim.waivers.items():
        where = f"waivers.{rule}"
        if rule not in RULES:
            yield refusal("waiver", where, f"no rule {rule!r}; rules: {', '.join(RULES)}")
        elif not RULES[rule].waivable:
            yield refusal("waiver", where, f"the rule {rule!r} cannot be waived")
        elif not is_sentence(sentence):
            yield refusal("waiver", where, "a waiver is a sentence that says why")
        elif rule not in breached:
            reason = f"the rule {rule!r} is not breached: there is nothing to waive. Remove it"
            yield refusal("waiver", where, reason)
