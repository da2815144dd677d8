"""The evidence as estimands read it: a number for (replicate, arm, readout, dose, variant).

Not covered: what is computed from the numbers (``harness.verdict.estimands``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
import pandas as pd

from harness.claim.schema import Arm, Claim
from harness.claim.terms import LARGEST_DOSE, UNITS
from harness.errors import ClaimsError, RecordBroken
from harness.measure.tables import KEYS, Evidence, summarise, was_measured, was_scored
from harness.verdict.acted import UNMOVED, Key, unmoved

JUDGED = "judged"


class MissingNumber(ClaimsError):
    """A number the claim needs was not measured, or is not a number; names the cell."""

    exit_code = 3


@dataclass(frozen=True)
class View:
    """One claim's evidence, averaged within replicates. ``replicates`` are those that count."""

    evidence: Evidence
    replicates: tuple[int, ...]

    @property
    def claim(self) -> Claim:
        return self.evidence.claim

    @property
    def final(self) -> str:
        """The split that is judged."""
        return "explore" if self.evidence.kind == "exploration" else "confirm"

    @cached_property
    def summary(self) -> pd.DataFrame:
        return summarise(self.evidence.generate, self.evidence.score)

    @cached_property
    def _rows(self) -> dict[tuple[Any, ...], Mapping[str, Any]]:
        rows = cast(list[dict[str, Any]], self.summary.to_dict("records"))
        names = KEYS[1:4]
        return {(int(r["replicate"]), *(r[n] for n in names), float(r["dose"])): r for r in rows}

    @cached_property
    def _curves(self) -> dict[tuple[Any, ...], pd.DataFrame]:
        """All doses of (replicate, split, arm) and of (replicate, split, arm, variant), ascending;
        cut once, because a family asks for hundreds of them."""
        keys = ["replicate", "split", "arm"]
        out: dict[tuple[Any, ...], pd.DataFrame] = {}
        for columns in (keys, [*keys, "variant"]):
            for found, rows in self.summary.groupby(columns, sort=False):
                key: tuple[Any, ...] = cast(tuple[Any, ...], found)
                out[int(key[0]), *key[1:]] = rows.sort_values("dose")
        return out

    @cached_property
    def _doses(self) -> dict[tuple[Any, ...], frozenset[float]]:
        """The doses that were measured, by (replicate, split, arm, variant)."""
        found: dict[tuple[Any, ...], set[float]] = {}
        for replicate, split, arm, variant, dose in self._rows:
            found.setdefault((replicate, split, arm, variant), set()).add(dose)
        return {key: frozenset(doses) for key, doses in found.items()}

    @cached_property
    def _features(self) -> dict[tuple[Any, ...], pd.DataFrame]:
        table = self.evidence.features
        keys = ["replicate", "split", "hook", "positions_class"]
        if not len(table):
            return {}
        out: dict[tuple[Any, ...], pd.DataFrame] = {}
        for found, rows in table.groupby(keys, sort=False):
            key: tuple[Any, ...] = cast(tuple[Any, ...], found)
            out[int(key[0]), *key[1:]] = rows
        return out

    def features(self, replicate: int, split: str, hook: str, positions: str) -> pd.DataFrame:
        """Feature counts of a replicate at one hook and position class; empty without any."""
        return self._features.get((replicate, split, hook, positions), pd.DataFrame())

    @cached_property
    def _probed(self) -> dict[tuple[int, str], dict[tuple[str, str, str], float]]:
        out: dict[tuple[int, str], dict[tuple[str, str, str], float]] = {}
        columns = ("replicate", "probe", "model", "item", "quantity", "value")
        for r, probe, *key, value in zip(*(self.evidence.probes[c] for c in columns), strict=True):
            model, item, quantity = key
            out.setdefault((int(r), str(probe)), {})[model, item, quantity] = float(value)
        return out

    def probed(self, replicate: int, probe: str) -> Mapping[tuple[str, str, str], float]:
        """Numbers of a probe by (model, item, quantity); empty where it was not measured."""
        return self._probed.get((replicate, probe), {}) if len(self.evidence.probes) else {}

    def record(self, replicate: int) -> Mapping[str, Any]:
        """What was recorded of a replicate beside its cells."""
        return self.evidence.records[replicate]

    def cosine(self, replicate: int, direction: str) -> float:
        """Split-half cosine of a direction. Raises :class:`MissingNumber` if none is recorded."""
        known = self.record(replicate)["split_half"]
        if direction not in known:
            raise MissingNumber(
                f"the split-half cosine of {direction!r} is not recorded",
                where=f"replicate {replicate}",
                fix="Restore the replicate's record",
            )
        return float(known[direction])

    def length(self, replicate: int, direction: str, role: str) -> float:
        """Natural length of a direction fitted for a role within its replicate, in activation
        units. Raises :class:`MissingNumber` if none is recorded."""
        known = self.record(replicate).get("direction_length") or {}
        if f"{direction}@{role}+0" not in known:
            raise MissingNumber(
                f"the length of {direction!r} fitted for {role} is not recorded",
                where=f"replicate {replicate}",
                fix="Restore the replicate's record, or measure it with an arm on that role",
            )
        return float(known[f"{direction}@{role}+0"])

    def judged(self, replicate: int) -> float:
        """The judged dose. Raises :class:`MissingNumber` if the rule found none."""
        dose = self.record(replicate)["dose"]["judged"]
        if dose is None:
            raise MissingNumber(
                f"no judged dose in replicate {replicate}",
                where=self.claim.id,
                fix="No dose of the grid was admissible on the select split",
            )
        return float(dose)

    def planned(self, replicate: int, arm: Arm, variant: str, dose: float) -> float | None:
        """A dose of an arm in median residual norms; None where its target is out of reach.

        Raises :class:`MissingNumber` where the replicate's record does not say.
        """
        if arm.unit == UNITS[0] or dose == 0:
            return dose
        rows = (self.record(replicate).get("planned") or {}).get(arm.name, {}).get(variant, ())
        for row in rows:
            if float(row["dose"]) == dose:
                return None if row["residual"] is None else float(row["residual"])
        raise MissingNumber(
            f"the residual dose of arm {arm.name!r} {variant!r} at {dose:g} {arm.unit} is not "
            f"recorded in replicate {replicate}",
            where=self.claim.id,
            fix="Restore the replicate's record",
        )

    def _require_reached(self, replicate: int, arm: Arm, variant: str, dose: float) -> None:
        """Raise :class:`MissingNumber` where a dose was looked up and not found."""
        if arm.unit != UNITS[0] and self.planned(replicate, arm, variant, dose) is None:
            raise MissingNumber(
                f"UNDERDOSED: no dose up to {LARGEST_DOSE[UNITS[0]]:g} residual norms takes arm "
                f"{arm.name!r} {variant!r} to {dose:g} nats in replicate {replicate}",
                where=self.claim.id,
                fix="Ask for a smaller KL, or accept that this direction does not reach it",
            )

    def _require_acted(self, arm: Arm, key: Key, scored: bool) -> None:
        """Raise :class:`MissingNumber` where an arm on features changed nothing."""
        row = self._rows.get(key)
        if row is not None and (words := unmoved(arm, key, row, scored)):
            raise MissingNumber(words, where=self.claim.id, fix=UNMOVED)

    def dose(self, replicate: int, arm: Arm, at: str | float | None) -> float:
        """The dose meant by ``at`` for an arm: 0 for no intervention."""
        if arm.operation is None:
            return 0.0
        if at == JUDGED or at is None:
            return self.judged(replicate)
        return float(at)

    def value(
        self,
        replicate: int,
        arm_name: str,
        readout: str,
        at: str | float | None = None,
        variant: str | None = None,
        split: str | None = None,
    ) -> float:
        """One number. Raises :class:`MissingNumber` where it is absent or not finite."""
        arm = self.claim.arm(arm_name)
        if variant is None:
            variant = self.variants(arm)[0]
        key = (replicate, split or self.final, arm_name, variant, self.dose(replicate, arm, at))
        self._require_reached(replicate, arm, variant, key[-1])
        row = self._rows.get(key)
        self._require_acted(arm, key, was_scored(readout))
        number = float("nan") if row is None else float(row.get(readout, np.nan))
        if not np.isfinite(number):
            known = was_measured(readout, self.evidence.generate, self.evidence.score)
            what = "is not a number" if row is not None and known else "was not measured"
            raise MissingNumber(
                f"{readout} of arm {arm_name!r} {variant!r} at dose {key[-1]:g} "
                f"on {key[1]}, replicate {replicate}, {what}",
                where=self.claim.id,
                fix="An empty or degenerate cell makes the claim INVALID",
            )
        return number

    @cached_property
    def _generated(self) -> dict[tuple[Any, ...], pd.DataFrame]:
        keys = ["replicate", "split", "arm", "variant", "dose"]
        out: dict[tuple[Any, ...], pd.DataFrame] = {}
        if not len(self.evidence.generate):
            return out
        for found, rows in self.evidence.generate.groupby(keys, sort=False):
            replicate, split, arm, variant, dose = cast(tuple[Any, ...], found)
            out[int(replicate), split, arm, variant, float(dose)] = rows
        return out

    def generated(
        self, replicate: int, arm_name: str, at: str | float | None = None
    ) -> pd.DataFrame:
        """The generated prompts of an arm on the judged split: one row each, with its stratum and
        its counts of steps. Raises :class:`MissingNumber` where there are none."""
        arm = self.claim.arm(arm_name)
        dose, variant = self.dose(replicate, arm, at), self.variants(arm)[0]
        key = (replicate, self.final, arm_name, variant, dose)
        self._require_acted(arm, key, False)
        rows = self._generated.get(key)
        if rows is None:
            raise MissingNumber(
                f"nothing was generated by arm {arm_name!r} {variant!r} at dose {dose:g} on "
                f"{self.final}, replicate {replicate}",
                where=self.claim.id,
                fix="Run the claim again; a missing cell is measured anew",
            )
        return rows

    @staticmethod
    def variants(arm: Arm) -> tuple[str, ...]:
        """The arm's variants, as cells name them."""
        if arm.operation is None or arm.undirected:
            return ("",)
        if arm.control is not None:
            return tuple(f"r{n:02d}" for n in range(arm.count))
        return arm.directions

    def share(self, part: float, whole: float, what: str) -> float:
        """part / whole. Raises :class:`MissingNumber` where the whole is zero."""
        if whole == 0:
            raise MissingNumber(
                f"{what} is zero, and a share of nothing is no number", where=self.claim.id
            )
        return part / whole

    def require_grid(self, replicate: int, arm_name: str, split: str | None = None) -> None:
        """Raise :class:`MissingNumber` unless every variant of an arm has every planned dose."""
        arm = self.claim.arm(arm_name)
        planned = {self.judged(replicate)} if arm.at_judged_dose else set(arm.doses or ())
        for variant in self.variants(arm):
            key = (replicate, split or self.final, arm_name, variant)
            found = self._doses.get(key, frozenset())
            for dose in sorted(planned - found):
                self._require_reached(replicate, arm, variant, dose)
            if not planned <= found:
                missing = ", ".join(f"{d:g}" for d in sorted(planned - found))
                raise MissingNumber(
                    f"arm {arm_name!r} {variant!r} has no cell at dose {missing}, "
                    f"replicate {replicate}",
                    where=self.claim.id,
                    fix="Run the claim again; a missing cell is measured anew",
                )

    def curve(
        self, replicate: int, arm_name: str, variant: str | None = None, split: str | None = None
    ) -> pd.DataFrame:
        """All doses of an arm's variant in a replicate, ascending."""
        key = (replicate, split or self.final, arm_name)
        rows = self._curves.get(key if variant is None else (*key, variant))
        if rows is None:
            raise RecordBroken(
                f"no cells of arm {arm_name!r} in replicate {replicate}",
                where=self.claim.id,
                fix="Run the claim again; a missing cell is measured anew",
            )
        return rows
