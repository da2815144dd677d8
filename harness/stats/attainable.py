"""The smallest p-value a test can give with n replicates: what no data can undercut.

A bet on signs ends at 1 / alpha, so its floor is (1 + stake)**-k for the k wins that takes, or for
all n where n is fewer (1.85**-5 = .046 at the stake of .85).

Sign flips: 2**-n one-sided (1/32 at n = 5, 1/256 at n = 8), and 1 / (draws + 1) where flips are
drawn; Holm multiplies it by the number of members, the joint max-T does not. A t test has no floor
of its own: ``P_FLOOR``, the smallest p this package reports, stands in; ``fieller`` is t tests.

Not covered: power (``harness.claim.power``); a p-value that can be reached may still be unlikely.
"""

from __future__ import annotations

from harness.stats.records import BET, FAMILY_KINDS, P_FLOOR, STAKE, UntestableError, methods_of
from harness.stats.sequential import best_p

ENUMERATE_UP_TO = 4096
"""The largest number of sign flips that are enumerated (n = 12)."""

WITHOUT_FLOOR = ("t", "fieller")

DRAWS = 9_999
"""Seeded random sign flips beyond that."""


def enumerable(n: int) -> bool:
    """Whether all 2**n sign flips are enumerated."""
    return n.bit_length() <= 5 and 2**n <= ENUMERATE_UP_TO


def smallest_p(
    kind: str,
    method: str,
    n: int,
    members: int = 1,
    *,
    stake: float = STAKE,
    alpha: float | None = None,
) -> float:
    """The smallest p that both verdicts of a test can reach with ``n`` replicates.

    For families the larger of the two floors: with Holm one verdict costs ``members`` times more.
    ``stake`` and ``alpha`` are those of a bet; without ``alpha`` it goes on to the last replicate.
    Raises :class:`UntestableError` for an unknown kind or method, or fewer than two replicates.
    """
    if method not in methods_of(kind):
        raise UntestableError(
            f"a {kind} test has no method {method!r}", fix=f"Use {', '.join(methods_of(kind))}"
        )
    if n < 2:
        raise UntestableError(f"{n} replicate(s) admit no test", fix="Use at least two")
    if method in WITHOUT_FLOOR:
        return P_FLOOR
    if method == BET:
        return best_p(n, stake, alpha)
    floor = 0.5**n if enumerable(n) else 1 / (DRAWS + 1)
    holm = kind in FAMILY_KINDS and method == "sign-flip-holm"
    return min(1.0, floor * members) if holm else floor


def replicates_needed(
    kind: str, method: str, alpha: float, members: int = 1, *, stake: float = STAKE
) -> int:
    """The fewest replicates with which both verdicts can be reached at ``alpha``."""
    n = 2
    while n < 64 and smallest_p(kind, method, n, members, stake=stake) > alpha:
        n += 1
    return n
