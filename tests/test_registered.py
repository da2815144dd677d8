"""This repository's own claims are as they were locked: nothing bound is edited in passing."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.lock.compare import compare
from harness.lock.ledger import read
from harness.lock.memory import remembered
from harness.lock.withdraw import withdrawal
from harness.measure.job import lock_of

ROOT = Path(__file__).parents[1]
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
