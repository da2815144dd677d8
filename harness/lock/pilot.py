"""What an exploration showed of a claim, as far as locking looks at it.

Filled in above this layer (``harness.verdict.pilot``), read by ``harness.lock.rules.pilots``.

Not covered: whether the exploration was honest. It is the author's own; the registration keeps the
digest of its evidence, so that a copy that is shown later can be held against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NONE = "none"
"""In a registration: it was looked for an exploration of this claim, and there was none."""
NOT_LOOKED_FOR = "not looked for"
"""In a registration: whoever locked did not look."""


@dataclass(frozen=True)
class Spread:
    """A readout of one arm over all replicates, doses and candidates: least, largest, and how many
    of its cells have no number."""

    low: float
    high: float
    blanks: int = 0


@dataclass(frozen=True)
class Pilot:
    """``values`` maps a criterion (or ``criterion/member``) to one number per replicate,
    ``missing`` a criterion without numbers to the reason; ``readouts`` (arm, readout) to its
    spread. ``evidence`` is the digest over the exploration's files."""

    evidence: str
    replicates: int
    values: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    readouts: Mapping[tuple[str, str], Spread] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """What a registration keeps of it, as information."""
        return {"evidence": self.evidence, "replicates": self.replicates}


def recorded(pilots: Mapping[str, Pilot | None] | None, claim_id: str) -> Any:
    """What a registration says about a claim's pilot."""
    if pilots is None or claim_id not in pilots:
        return NOT_LOOKED_FOR
    found = pilots[claim_id]
    return NONE if found is None else found.as_json()


def in_words(value: Any) -> str:
    """A recorded pilot in words; empty for registrations that were made before it was recorded."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return f"exploration of {value.get('replicates')} replicate(s), {value.get('evidence')}"
    if value == NONE:
        return "locked without a pilot"
    return "locked without looking for a pilot"
