"""Withdrawing a registered claim, and pointing to the one that takes its place.

A withdrawal is a row on the ledger with a reason. Nothing is removed: the claim stays listed, its
measurements and its verdict stay on the record. A registration that is withdrawn before its attempt
is complete is not measured any further. With a successor the claim is superseded: its verdict
stands, and its page says where to go on.

Not covered: changing a claim (``harness.lock.amend``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import ClaimsError, OutOfOrder
from harness.lock.chain import Row
from harness.lock.ledger import append_locked, locked, read
from harness.lock.record import registrations
from harness.lock.stored import restore


@dataclass(frozen=True)
class Withdrawal:
    """A claim's withdrawal as its row says it; ``successor`` is empty where there is none."""

    claim: str
    registration: str
    reason: str
    successor: str
    seq: int
    time: str

    @property
    def ends_it(self) -> bool:
        """Whether nothing stands on the claim any more; with a successor its verdict stands."""
        return not self.successor

    @property
    def sentence(self) -> str:
        """What a reader is told."""
        if self.successor:
            return f"Superseded by {self.successor}: {self.reason}"
        return f"Withdrawn by its authors: {self.reason}"


def withdrawal(rows: Sequence[Row], claim_id: str, registration: str) -> Withdrawal | None:
    """The first withdrawal of a claim under that registration, or None."""
    for row in rows:
        body = row.body
        if (
            row.kind == "withdrawal"
            and body.get("claim") == claim_id
            and body.get("registration") == registration
        ):
            reason, successor = str(body.get("reason") or ""), str(body.get("successor") or "")
            return Withdrawal(claim_id, registration, reason, successor, row.seq, row.time)
    return None


def withdraw(root: Path, claim_id: str, reason: str, successor: str = "") -> Withdrawal:
    """Withdraw the current registration of a claim.

    Raises :class:`OutOfOrder` for a claim, or a successor, that is not registered,
    :class:`ClaimsError` without a reason or for a claim that is withdrawn already.
    """
    words = reason.strip()
    if len(words.split()) < 3:
        raise ClaimsError("withdrawing needs a reason", fix="Say it in a sentence: --reason TEXT")
    with locked(root):
        rows = read(root)
        restore(root, rows)
        for name in (claim_id, successor) if successor else (claim_id,):
            if not registrations(rows, name):
                raise OutOfOrder(
                    "not registered",
                    where=name,
                    fix="Only a registered claim can be withdrawn or take another's place",
                )
        if successor == claim_id:
            raise ClaimsError(
                "a claim cannot supersede itself", where=claim_id, fix="Use claims amend"
            )
        registration = str(registrations(rows, claim_id)[-1].body["registration"])
        earlier = withdrawal(rows, claim_id, registration)
        if earlier is not None:
            raise ClaimsError(
                f"withdrawn already (ledger row {earlier.seq})", where=claim_id, fix="Leave it so"
            )
        body = {"claim": claim_id, "registration": registration, "reason": words}
        if successor:
            body["successor"] = successor
        append_locked(root, "withdrawal", body)
        found = withdrawal(read(root), claim_id, registration)
    assert found is not None
    return found
