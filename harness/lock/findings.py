"""What an examination found, in words: looked at, could not look at, wrong, worth knowing.

Shared by everything that checks a record for a sceptic (ledger, history, anchors, pages, claims),
so that each part says what it examined and none can pass by saying nothing.

Not covered: exit codes (``harness.cli.verify``).
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Findings:
    """Sentences under four headings; ``problems`` are what fails a verification."""

    examined: list[str] = field(default_factory=list)
    not_examined: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, other: Findings) -> None:
        """Take over what another examination found."""
        self.examined += other.examined
        self.not_examined += other.not_examined
        self.problems += other.problems
        self.notes += other.notes
