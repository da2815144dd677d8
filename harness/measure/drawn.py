"""Seeds of what a replicate reads: its prompts, its texts, the noise it samples under.

``samples.drawn`` of the claim decides. ``once``: every replicate reads the same under the same
noise, so that replicates differ by their training alone, and verdicts are conditional on it.
``per-replicate``: each has its own, and what prompts contribute is part of the spread between
replicates that a test sees (docs/adr/0007). Within a replicate all arms and doses share theirs
either way.

Not covered: texts that directions are fitted on, which every replicate has of its own.
"""

from __future__ import annotations

from harness.measure.job import Job


def seed_of(job: Job, what: str, split: str, replicate: int) -> int:
    """The seed of ``prompts``, ``texts`` or ``generation`` on a split."""
    if job.claim.samples.drawn == "per-replicate":
        return job.seeds.seed(what, split, replicate)
    return job.seeds.seed(what, split)
