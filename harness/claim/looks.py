"""When a rule that adds replicates looks at what is there: after ``first``, then every ``step``.

A plan without such a rule is looked at once, when all of it is there.

Not covered: what is looked at, and what stops the rule (``harness.verdict.stopping``).
"""

from __future__ import annotations

from harness.claim.schema import Subject


def looks(subject: Subject) -> tuple[int, ...]:
    """After how many replicates, ascending; the last is the most there can be."""
    rule, most = subject.sequential, subject.replicates
    return (most,) if rule is None else (*range(rule.first, most, rule.step), most)


def fewest_replicates(subject: Subject) -> int:
    """Of which a verdict can come."""
    return looks(subject)[0]
