"""Which replicates count: the claim's locked exclusion rule, which looks at health only.

Not covered: judging with those that are left (``harness.verdict.judge``).
"""

from __future__ import annotations

from harness.claim.schema import Claim
from harness.measure.tables import Evidence
from harness.verdict.preconditions import unhealthy


def exclude(claim: Claim, evidence: Evidence) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Replicates that count, and those left out with their reason. Looks at health only."""
    rule = claim.exclusion
    params = next((p.params for p in claim.preconditions if p.kind == "health"), None)
    if rule is None or params is None:
        return evidence.replicates, ()
    bad = {r: unhealthy(evidence.records[r], params) for r in evidence.replicates}
    out = [r for r in evidence.replicates if bad[r]]
    if len(out) > rule.at_most:
        return evidence.replicates, ()
    kept = tuple(r for r in evidence.replicates if r not in out)
    return kept, tuple(f"replicate {r}: {', '.join(bad[r])}" for r in out)
