"""What a second look at a claim needs: its parts by name, and which of them are sound.

Parts in which the reader has found a fault are passed over, so that one mistake is one problem.

Not covered: the rules (``suits``, ``suits_kinds``, ``offers``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.claim.kinds import ESTIMANDS, PRECONDITIONS, Kind
from harness.claim.schema import Arm, Claim
from harness.fields import Reader


class Check:
    """The claim, the problems so far, and what is sound enough to be looked at."""

    def __init__(self, claim: Claim, reader: Reader) -> None:
        self.claim, self.reader = claim, reader
        self.arms = {arm.name: arm for arm in claim.arms}
        self.directions = {d.name: d for d in claim.directions}
        self.faulty = {".".join(p.path.split("[")[0].split(".")[:2]) for p in reader.problems}

    def sound(self, section: str, name: str) -> bool:
        """Whether an entry of a section was read without a problem."""
        return f"{section}.{name}" not in self.faulty and section not in self.faulty

    def arm(self, name: object) -> Arm | None:
        """The arm called ``name`` if there is a sound one."""
        if not isinstance(name, str) or name not in self.arms or not self.sound("arms", name):
            return None
        return self.arms[name]

    def listed(self, value: object) -> Iterator[Arm]:
        """Sound arms among the names in a parameter's value."""
        for name in (
            (value,) if isinstance(value, str) else value if isinstance(value, tuple) else ()
        ):
            found = self.arm(name)
            if found is not None:
                yield found

    def specs(self) -> Iterator[tuple[str, str, Kind, Mapping[str, Any]]]:
        """(path, section, kind, parameters) of every sound estimand and precondition."""
        claim = self.claim
        for p in claim.preconditions:
            if self.sound("preconditions", p.name):
                path = f"preconditions.{p.name}"
                yield path, "preconditions", PRECONDITIONS[p.kind], p.params
        for c in claim.criteria:
            if self.sound("criteria", c.name):
                path = f"criteria.{c.name}.estimand"
                yield path, "criteria", ESTIMANDS[c.estimand["kind"]], c.estimand
        for name, spec in claim.shown.items():
            if self.sound("shown", name):
                yield f"shown.{name}", "shown", ESTIMANDS[spec["kind"]], spec
