"""A reason not to lock, and the rules that give one: id, what is refused, why, whether waivable.

``python -m harness.lock.refusal`` writes the table of ``docs/rules-that-must-not-lock.md``; a test
compares the two.

Not covered: the rules themselves (``harness.lock.rules``), applying them (``harness.lock.lint``).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """What is refused, why, and whether a sentence under ``waivers`` can waive it."""

    refuses: str
    why: str
    waivable: bool = False


RULES: Mapping[str, Rule] = {
    "alpha": Rule(
        "an alpha above .1",
        "each verdict is one-sided at alpha: above .1 one false PASS in ten studies is planned",
    ),
    "coverage": Rule(
        "a null claim about an intervention without dose coverage of every tested arm, at the dose "
        "that is judged; another arm must be the one known to act",
        "a null below the dose that is known to act is underdosed, not a null",
    ),
    "criteria": Rule("a claim without a criterion", "nothing decides"),
    "dose-band": Rule(
        "an arm that adds or subtracts and decides, without a dose band",
        "an intervention that did not happen as planned is none",
    ),
    "exclusion": Rule(
        "an exclusion without health bounds, by bounds other than training loss and garbage, by a "
        "bound on what a criterion reads, or of every replicate",
        "leaving out replicates by their outcome chooses the verdict",
    ),
    "expect-missing": Rule(
        "a criterion without `expect`", "without it there is no power to compute", True
    ),
    "expect-side": Rule(
        "an expected effect that does not meet the margin, or that cannot come out",
        "power for an effect that is not the claim's says nothing about the claim",
    ),
    "gate": Rule(
        "a production gate that next to nothing passes (for `none-of`), or next to everything "
        "(for `some-of` and `all-of`)",
        "a null by a gate that is shut, or a production by a broken model, is made by the author",
    ),
    "health": Rule(
        "a claim without a health precondition, or one that leaves out a role that is read",
        "a half-trained model changes every number",
    ),
    "margin": Rule(
        "a margin that every outcome meets, that doing nothing meets where the estimand is an "
        "effect, or a null without a margin above 0",
        "a criterion that cannot lose decides nothing",
    ),
    "one-way": Rule(
        "an ablation that decides, by one or two of zero, mean and resample, where the others are "
        "neither arms nor named under `does_not_show`",
        "the three ask different things, and an effect of one may be none of another",
        True,
    ),
    "outcome": Rule(
        "a precondition on the number that a criterion judges",
        "a result against the claim would come out as INVALID, never as FAIL",
    ),
    "pilot": Rule(
        "a metric at its floor or ceiling, without variation or without a number in the "
        "exploration of this claim; a margin that, from there, every outcome meets; a spread there "
        "that the expected one does not allow",
        "what cannot move cannot be moved",
        True,
    ),
    "positive-control": Rule(
        "a null claim without a precondition (`share` or `ratio`) that something outside the "
        "tested arms moves the same readout, by a bound that doing nothing fails",
        "a measurement that sees nothing cannot see that there is nothing",
    ),
    "power": Rule(
        "simulated power below .80, or FAIL in less than .50 of simulations at the mirror image",
        "a study that will not settle the question should say so beforehand",
        True,
    ),
    "random-controls": Rule(
        "fewer than 20 random directions, or a quantile of them below .9",
        "a direction that is nothing special exceeds half of the random ones half of the time",
        True,
    ),
    "recipe-seed": Rule(
        "a parameter of the recipe that is called a seed, at any depth",
        "confirmatory seeds are derived from the registration, and nobody's to choose",
    ),
    "replicates": Rule(
        "fewer than 3 replicates after exclusions, or an arm on a role trained in fewer than all",
        "without replicates there is no spread to test against",
    ),
    "same": Rule(
        "a comparison of an arm with itself, under whichever names, or of an intervention at "
        "dose 0",
        "the number is fixed before anything is measured",
    ),
    "sequential": Rule(
        "a criterion without a bet where a rule adds replicates",
        "a test for a fixed number of replicates, looked at until it says something, is false more "
        "often than its alpha says",
    ),
    "smallest-p": Rule(
        "a test whose smallest p, with the replicates that may remain, is above alpha",
        "neither PASS nor FAIL can be reached",
    ),
    "test": Rule("a rule that no test carries out", "there is nothing to compute"),
    "unlike-controls": Rule(
        "random controls at another site or with another operation, unit or rank than their arm",
        "what is compared must differ in the direction alone",
    ),
    "unreachable": Rule(
        "a margin that no outcome meets, a precondition that every outcome fails, criteria that "
        "exclude each other, a PASS or FAIL that no simulation of its truth reaches",
        "a gate with a verdict that cannot be reached is no gate",
    ),
    "vacuous": Rule(
        "a precondition, or a bound of the dose rule, that no outcome fails",
        "a check that cannot fail only looks like one",
    ),
    "waiver": Rule(
        "a waiver of an unknown rule, of one that cannot be waived or is not breached, or without "
        "a sentence",
        "a waiver stands in the report as the reason why something was let through",
    ),
}
"""Rule id -> the rule."""


@dataclass(frozen=True)
class Refusal:
    """One reason not to lock: the ``rule``'s id, ``where`` in the claim, ``reason`` in words.

    ``waiver`` is the sentence that waives it, empty where it stands.
    """

    rule: str
    where: str
    reason: str
    waivable: bool
    waiver: str = ""


def refusal(rule: str, where: str, reason: str) -> Refusal:
    """A refusal under a known rule."""
    return Refusal(rule, where, reason, RULES[rule].waivable)


def table() -> str:
    """The rules as a Markdown table."""
    rows = [
        f"| `{name}`{' (W)' if one.waivable else ''} | {one.refuses} | {one.why} |"
        for name, one in RULES.items()
    ]
    return "\n".join(("| rule | refused | because |", "|---|---|---|", *rows)) + "\n"


if __name__ == "__main__":
    sys.stdout.write(table())
