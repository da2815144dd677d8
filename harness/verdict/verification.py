"""What a verification looked at and what came out: a record, and what it allows to be said.

Not covered: looking (``harness.verdict.verify``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.errors import EXIT_EMPTY, EXIT_NO_STANDING, EXIT_OK
from harness.lock.findings import Findings

PROVES_NOT = (
    "that the measurements were produced by running the models: run claims reproduce for that",
    "that the registered recipe, task and margins are the right ones for the question",
    "that nobody ran the same plan in private and kept silent about it",
    "when anything happened: git's order is that of commits, and dates are what a machine said",
)
UNANCHORED = (
    "that the whole history was not rebuilt by someone who holds every copy: the ledger is "
    "UNANCHORED, no outside timestamp or signature that you trust covers it"
)


@dataclass
class Verification(Findings):
    """Findings, and ``missing``: registered results that are not there to be examined.

    ``claims`` counts the registered claims looked at; ``anchored`` says up to which row of the
    ledger an outside anchor that the verifier trusts reaches (0: none).
    """

    missing: list[str] = field(default_factory=list)
    claims: int = 0
    anchored: int = 0

    def add(self, other: Findings) -> None:
        """Take over what another examination found, what it missed included."""
        super().add(other)
        if isinstance(other, Verification):
            self.missing += other.missing

    @property
    def ok(self) -> bool:
        """True only if something was examined and nothing was wrong with it."""
        return bool(self.examined) and not self.problems

    @property
    def partial(self) -> bool:
        """Whether results that were registered could not be examined."""
        return bool(self.missing)

    @property
    def does_not_prove(self) -> tuple[str, ...]:
        """What agreement leaves open."""
        return PROVES_NOT if self.anchored else (*PROVES_NOT, UNANCHORED)

    @property
    def word(self) -> str:
        """The result in a word or two."""
        if self.problems:
            return "NOT verified"
        if not self.claims:
            return "nothing to verify: no claim is registered"
        return (
            "PARTIAL: what is there agrees, and results are missing" if self.missing else "verified"
        )

    @property
    def exit_code(self) -> int:
        """0 verified, 3 not verified, 4 partial or nothing to verify."""
        if self.problems:
            return EXIT_NO_STANDING
        return EXIT_EMPTY if self.missing or not self.claims else EXIT_OK

    def as_json(self) -> dict[str, Any]:
        """What ``claims verify --json`` prints."""
        return {
            "ok": self.ok,
            "partial": self.partial,
            "result": self.word,
            "examined": list(self.examined),
            "missing": list(self.missing),
            "not_examined": list(self.not_examined),
            "problems": list(self.problems),
            "notes": list(self.notes),
            "anchored_to_row": self.anchored,
            "does_not_prove": list(self.does_not_prove),
        }
