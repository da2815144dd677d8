"""The sentences of families: what is said of the member that stands out, and of all of them.

Not covered: criteria on one number (``harness.verdict.explain``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from harness.claim.schema import Criterion
from harness.verdict.explain import interval, p_value, what
from harness.verdict.records import Estimate, Outcome, Shown

Spec = Mapping[str, Any]

MEMBERS = {
    "best-production": ("candidate", "candidates"),
    "contrasts": ("contrast", "contrasts"),
    "ordering": ("step", "steps"),
    "dose-ordering": ("step", "steps"),
}
"""What a member is called: one, and several."""


def leading(spec: Spec, test: str, name: str) -> str:
    """The note beside the number that stands for a family."""
    if spec["kind"] == "best-production":
        most = "least" if test == "all-of" else "most"
        return f"the member with {most} production: {name}"
    most = "lowest" if test == "all-of" else "highest"
    return f"the {MEMBERS[spec['kind']][0]} that lies {most}: {name}"


def family(one: Criterion, got: Estimate, outcome: Outcome, members: int, n: int) -> str:
    """The sentence of a family's criterion."""
    spec, test = one.estimand, one.test.kind
    member, several = MEMBERS[spec["kind"]]
    if spec["kind"] == "best-production":
        which = "weakest" if test == "all-of" else "strongest"
        which = f"{which} of {members} {several}" if members > 1 else f"one {member}"
        lead = f"The {which}, {got.name}, reaches {interval(got)}"
        lead += f" of {spec['trained']}'s {spec['readout']} over {n} replicates"
    else:
        which = "lowest" if test == "all-of" else "highest"
        which = f"{which} of {members} {several}" if members > 1 else f"one {member}"
        lead = f"The {which} in {spec['readout']}, {got.name}, is "
        lead += f"{interval(got)} over {n} replicates"
    margin = f"{one.test.margin:g}"
    every = f"every {member}" if members > 1 else "it"
    verb = {
        ("none-of", Outcome.PASS): f"{every} lies below {margin}",
        ("none-of", Outcome.FAIL): f"the evidence excludes that none reaches {margin}",
        ("none-of", Outcome.INCONCLUSIVE): f"it is not settled whether all lie below {margin}",
        ("some-of", Outcome.PASS): f"some {member} lies above {margin}",
        ("some-of", Outcome.FAIL): f"the evidence excludes that any reaches {margin}",
        ("some-of", Outcome.INCONCLUSIVE): f"it is not settled whether any lies above {margin}",
        ("all-of", Outcome.PASS): f"{every} lies above {margin}",
        ("all-of", Outcome.FAIL): f"the evidence excludes that all lie above {margin}",
        ("all-of", Outcome.INCONCLUSIVE): f"it is not settled whether all lie above {margin}",
    }[test, outcome]
    p = p_value(got.p_against if outcome is Outcome.FAIL else got.p)
    return f"{lead}: {verb} ({p})."


def shown(name: str, spec: Spec, values: Mapping[str, Sequence[float]]) -> Shown:
    """A family that is reported: the mean of the member that lies highest, without a test."""
    means = {member: float(np.mean(found)) for member, found in values.items()}
    lead = max(means, key=lambda key: means[key])
    production = spec["kind"] == "best-production"
    which = "strongest" if production else "highest"
    got = Estimate(
        name,
        means[lead],
        None,
        None,
        None,
        None,
        None,
        "",
        tuple(values[lead]),
        note=f"{which} of {len(means)}: {lead}",
        details={"members": means},
    )
    label = str(spec.get("label", "")) or what(spec)
    several, verb = MEMBERS[spec["kind"]][1], "reaches" if production else "is"
    text = f"{label}: the {which} of {len(means)} {several}, {lead}, {verb} {means[lead]:.3g}."
    return Shown(name, label, text, dict(spec), got, "identity")
