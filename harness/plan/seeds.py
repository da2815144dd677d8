"""Seeds: every random choice of a measurement, derived from one key that nobody can choose.

A confirmatory key is the digest of a registration, which exists only once everything that it binds
is fixed; so nobody has seen what its seeds give. Locking again gives other seeds, and stands on the
ledger. An exploratory key is a constant and the claim's id: the same at every exploration, and
never the digest of anything, so that exploring cannot reveal what confirming will give.

    seed(purpose, *parts) = first 63 bits of SHA-256 of RFC 8785 JSON of [key, purpose, *parts]

Claims of one registration that name the same recipe share ``seed("train", recipe.id, replicate)``,
hence their models. Not covered: which generator a seed feeds (numpy's Philox, torch's own).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from harness.digest import canonical
from harness.errors import ClaimsError

EXPLORATION = "causal-claims/exploration/1"
REGISTRATION = re.compile(r"sha256:[0-9a-f]{64}")
BITS = 63


@dataclass(frozen=True)
class Seeds:
    """The seeds that follow from one key."""

    key: str

    @classmethod
    def confirmatory(cls, registration: str) -> Seeds:
        """The seeds of a registration. Raises :class:`ClaimsError` for anything but its digest."""
        if not REGISTRATION.fullmatch(registration):
            raise ClaimsError(
                f"{registration!r} is not the digest of a registration",
                fix="Confirmatory seeds come from a lock: register the claim first",
            )
        return cls(registration)

    @classmethod
    def exploratory(cls, claim_id: str) -> Seeds:
        """The seeds of exploring a claim, the same every time."""
        return cls(f"{EXPLORATION}:{claim_id}")

    def seed(self, purpose: str, *parts: str | int) -> int:
        """An integer in [0, 2**63): the seed for ``purpose``, told apart by ``parts``."""
        data = hashlib.sha256(canonical([self.key, purpose, *parts])).digest()
        return int.from_bytes(data[:8], "big") >> (64 - BITS)
