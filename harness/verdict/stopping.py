"""How far a rule that adds replicates had to go, from the replicates that are there; pure.

The rule (``subject.sequential`` of the claim) looks after ``first`` replicates and then after every
``step``. It stops at the first look at which the bet of every criterion is decided, or at which no
more replicates can help (a model is not healthy beyond what may be left out, a criterion has no
number), and at the most there can be. So what is measured is a function of what was measured
before, and nobody chooses when to stop: the bets are e-processes, whose chance of ever reaching
1 / alpha is alpha at most wherever they stop (Ville 1939; Ramdas, Gruenwald, Vovk and Shafer 2023,
doi 10.1214/23-STS894). Each criterion keeps the decision of its own first crossing.

Replicates that are there beyond the stop are not judged; that they are there is a deviation. Where
the rule has not stopped there is no verdict.

Not covered: what decides at a look (``harness.verdict.judge``); measuring.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.claim.looks import looks
from harness.claim.schema import Claim
from harness.errors import RecordBroken
from harness.measure.job_record import REPRODUCTION
from harness.measure.tables import Evidence, first_replicates

DECIDED = "every criterion is decided"
HOPELESS = "no verdict can come of it any more"
MOST = "no more may be measured"
Settled = Callable[[Evidence], str]
"""Why the rule stops with this evidence; empty where it goes on."""


@dataclass(frozen=True)
class Course:
    """What is judged, whether it is all that was to be measured, and what the rule did.

    ``told`` is None where no rule adds replicates; else ``first``, ``step`` and ``most``, how many
    are ``measured``, after how many the rule ``stopped`` (None: it goes on), and ``why``.
    """

    counted: Evidence
    complete: bool
    told: dict[str, Any] | None = None
    deviations: tuple[str, ...] = ()


def followed(evidence: Evidence, settled: Settled) -> Course:
    """The course of one attempt, exploration or reproduction.

    A reproduction measures as many replicates as the published attempt, and all of them count.
    Raises :class:`RecordBroken` for a record that was closed before its rule stopped.
    """
    subject = evidence.claim.subject
    there = evidence.replicates
    if subject.sequential is None:
        return Course(evidence, len(there) == subject.replicates)
    stop, why = _stop(evidence, settled)
    rule = subject.sequential
    told: dict[str, Any] = {"first": rule.first, "step": rule.step, "most": subject.replicates}
    told |= {"measured": len(there), "stopped": stop, "why": why}
    if evidence.kind == REPRODUCTION:
        return Course(evidence, len(there) == evidence.recorded, told)
    if stop is None:
        if evidence.recorded is not None:
            raise RecordBroken(
                f"its record was closed after {evidence.recorded} of at most {subject.replicates} "
                "replicates, and its locked rule goes on there",
                where=evidence.claim.id,
                fix="Restore the attempt from version control; an attempt that was closed too "
                "early has no verdict: claims amend, and measure the new version",
            )
        return Course(evidence, False, told)
    beyond = [str(r) for r in there if r >= stop]
    deviations: tuple[str, ...] = ()
    if beyond:
        deviations = (
            f"the locked rule stopped after {stop} replicates, and more were measured (replicate "
            f"{', '.join(beyond)}), which do not count",
        )
    return Course(first_replicates(evidence, stop), True, told, deviations)


def _stop(evidence: Evidence, settled: Settled) -> tuple[int | None, str]:
    """After how many replicates the rule stops, and why; (None, "") where it needs more."""
    there, subject = set(evidence.replicates), evidence.claim.subject
    for look in looks(subject):
        if not set(range(look)) <= there:
            return None, ""
        why = settled(first_replicates(evidence, look))
        if why:
            return look, why
    return subject.replicates, MOST


def words(claim: Claim, told: Mapping[str, Any] | None, kind: str) -> str:
    """What the rule did, in a sentence; empty where no rule adds replicates."""
    if told is None:
        return ""
    if kind == REPRODUCTION:
        return (
            f"{told['measured']} replicates were measured, as in the published attempt; by these "
            f"numbers the locked rule {_stops(told)}."
        )
    if told["stopped"] is None:
        return (
            f"{told['measured']} of at most {told['most']} replicates are measured, and the locked "
            f"rule goes on: claims run {claim.id}."
        )
    return (
        f"The locked rule stopped after {told['stopped']} of at most {told['most']} replicates: "
        f"{told['why']}."
    )


def _stops(told: Mapping[str, Any]) -> str:
    return "goes on" if told["stopped"] is None else f"stops after {told['stopped']}"


def elsewhere(published: Mapping[str, Any] | None, reproduced: Mapping[str, Any] | None) -> str:
    """Where the rule stopped otherwise in a reproduction than in the published attempt."""
    if not published or not reproduced or published["stopped"] == reproduced["stopped"]:
        return ""
    return (
        f"the locked rule stopped after {published['stopped']} replicates as published; by the "
        f"reproduced numbers it {_stops(reproduced)} (as many were measured as published)"
    )
