"""Seeds: every random choice of a measurement, derived from one key that nobody can choose.

A confirmatory key is the digest of a registration, which exists only once everything that it binds
is fixed; so nobody has seen what its seeds give. Locking again gives other seeds, and stands on the
ledger. An exploratory key is a constant and the claim's id: the same at every exploration, and
never the digest of anything, so that exploring cannot reveal what confirming will give. Claims on
one recipe explore on the same models.

A registration that promised public randomness is keyed by its digest and that value together, so
that its own author could not try out seeds by locking in secret; until the value is there, it has
no seeds (:class:`Awaited`). Nobody can name a seed: no claim and no recipe has a field for one.

    seed(purpose, *parts) = first 63 bits of SHA-256 of RFC 8785 JSON of [key, purpose, *parts]

Claims of one registration that name the same recipe share ``seed("train", recipe.id, replicate)``,
hence their models. Not covered: which generator a seed feeds (numpy's Philox, torch's own).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from harness.digest import canonical, digest, short
from harness.errors import ClaimsError, OutOfOrder

EXPLORATION = "causal-claims/exploration/1"
REGISTRATION = re.compile(r"sha256:[0-9a-f]{64}")
RANDOMNESS = re.compile(r"(?:[0-9a-f]{2}){16,64}")
"""128 to 512 bits in hexadecimal."""
BITS = 63
TRAIN = "train"
"""The purpose of training a model; its parts are the recipe and the replicate."""


@dataclass(frozen=True)
class Seeds:
    """The seeds that follow from one key."""

    key: str

    @classmethod
    def confirmatory(cls, registration: str, randomness: str | None = None) -> Seeds:
        """The seeds of a registration, with the public ``randomness`` that it promised, if it did.

        Raises :class:`ClaimsError` for anything but its digest, and for randomness that is not 128
        bits or more in lower-case hexadecimal.
        """
        if not REGISTRATION.fullmatch(registration):
            raise ClaimsError(
                f"{registration!r} is not the digest of a registration",
                fix="Confirmatory seeds come from a lock: register the claim first",
            )
        if randomness is None:
            return cls(registration)
        if not RANDOMNESS.fullmatch(randomness):
            raise ClaimsError(
                f"{randomness[:80]!r} is not public randomness",
                fix="It comes from the ledger: claims beacon ID --file PULSE",
            )
        return cls(digest([registration, randomness]))

    @staticmethod
    def exploratory(claim_id: str) -> Seeds:
        """The seeds of exploring a claim, the same every time."""
        return Exploratory(f"{EXPLORATION}:{claim_id}")

    def seed(self, purpose: str, *parts: str | int) -> int:
        """An integer in [0, 2**63): the seed for ``purpose``, told apart by ``parts``."""
        data = hashlib.sha256(canonical([self.key, purpose, *parts])).digest()
        return int.from_bytes(data[:8], "big") >> (64 - BITS)


@dataclass(frozen=True)
class Exploratory(Seeds):
    """The seeds of exploring. Training seeds are those of every claim on the recipe, so that
    exploring a second claim trains nothing; prompts, texts and noise are the claim's own."""

    def seed(self, purpose: str, *parts: str | int) -> int:
        """As :meth:`Seeds.seed`."""
        return Seeds(EXPLORATION if purpose == TRAIN else self.key).seed(purpose, *parts)


@dataclass(frozen=True)
class Awaited(Seeds):
    """The seeds of a registration whose promised ``beacon`` is not on the ledger yet: none."""

    beacon: str

    def seed(self, purpose: str, *parts: str | int) -> int:
        """Raise :class:`OutOfOrder`."""
        raise self.missing()

    def missing(self) -> OutOfOrder:
        """What is missing, and how it comes."""
        return OutOfOrder(
            f"its seeds wait for {self.beacon}, which it promised when it was locked",
            where=f"registration {short(self.key)}",
            fix=f"Once that is published: claims beacon {short(self.key)} --file PULSE.json",
        )
