"""This repository's own claims are as they were locked: nothing bound is edited in passing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.claim.parse import load_claim
from harness.lock.compare import compare
from harness.lock.ledger import read
from harness.lock.memory import remembered
from harness.lock.withdraw import withdrawal
from harness.measure.job import attempt_job, lock_of
from harness.measure.store import read_json

ROOT = Path(__file__).parents[1]
LISTED = re.compile(r"\[([a-z0-9-]+)\]\(\.\./reports/\1/report\.md\) ([A-Z]+)")
CLAIMS = sorted(p.name.removesuffix(".lock.json") for p in (ROOT / "claims").glob("*.lock.json"))


@pytest.mark.parametrize("claim_id", CLAIMS)
def test_nothing_that_a_lock_binds_was_changed(claim_id: str) -> None:
    """Claim, recipe, files, and the builder's code, down to the last function of ``models/``; of a
    withdrawn claim all but the code. To mend: restore it, and improve in a module of its own."""
    lock = lock_of(ROOT, claim_id)
    gone = withdrawal(read(ROOT), claim_id, lock.registration)
    ended = gone is not None and gone.ends_it
    with remembered():
        broken = [d for d in compare(ROOT, lock) if d.breaks_record]
    assert [str(d) for d in broken if not (ended and d.of_code)] == []


def test_every_source_row_lists_the_claims_that_name_it_and_how_they_came_out() -> None:
    """docs/sources.md: all claims that stand with their published verdicts, and no other."""
    rows = read(ROOT)
    expected: set[tuple[str, str, str]] = set()
    for claim_id in CLAIMS:
        lock = lock_of(ROOT, claim_id)
        if withdrawal(rows, claim_id, lock.registration) is None:
            status = read_json(attempt_job(ROOT, claim_id).folder / "verdict.json")["status"]
            expected |= {(row, claim_id, status) for row in load_claim(ROOT, claim_id).source}
    lines = (ROOT / "docs" / "sources.md").read_text().splitlines()
    listed = [
        (line[2:5], *match.groups())
        for line in lines
        if line.startswith("| A")
        for match in LISTED.finditer(line)
    ]
    assert set(listed) == expected
    assert len(listed) == len(expected)
    assert sum(line.startswith("| A") for line in lines) == 24
