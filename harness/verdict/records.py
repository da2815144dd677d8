"""Verdicts as records: outcomes of preconditions and criteria, the claim's status, its numbers.

A status has no truth value: comparing it with True is an error, because "not FAIL" is not PASS.
``as_json`` gives ``verdict.json`` (schema ``causal-claims/verdict/1``), which holds no NaN.

Not covered: how outcomes come about (``harness.verdict.judge``), sentences
(``harness.verdict.explain``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any, NoReturn

SCHEMA = "causal-claims/verdict/1"


class Status(Enum):
    """A claim's standing; the values are advice."""

    TAMPERED = "something differs from the lock: restore it, or amend the claim in the open"
    DEVIATED = "it ran otherwise than planned: read the deviations"
    INVALID = "a precondition failed: the data cannot speak for or against"
    FAIL = "the evidence excludes the claim"
    INCONCLUSIVE = "the evidence excludes neither the claim nor its opposite"
    PASS = "every criterion is supported and every precondition held"
    EXPLORATORY = "not registered: explore, then lock"
    LOCKED = "registered, not yet run: claims run"
    INCOMPLETE = "an attempt has begun and is not complete: claims run resumes it"
    UNLOCKED = "not registered: claims lock"
    WITHDRAWN = "withdrawn by its authors"

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "a verdict has no truth value: compare it with a status, such as Status.PASS"
        )


class Outcome(Enum):
    """What one criterion says."""

    PASS = "supported"
    FAIL = "refuted"
    INCONCLUSIVE = "neither supported nor refuted"

    def __bool__(self) -> NoReturn:
        raise TypeError("an outcome has no truth value: compare it with an Outcome")


@dataclass(frozen=True)
class PreconditionResult:
    """Whether the data can speak in one respect; ``values`` has one number per replicate."""

    name: str
    kind: str
    why: str
    held: bool
    got: str
    needed: str
    values: tuple[float, ...]
    sentence: str


@dataclass(frozen=True)
class Estimate:
    """One tested number: interval, p for and against, replicate values. ``None``: not defined."""

    name: str
    estimate: float | None
    low: float | None
    high: float | None
    level: float | None
    p: float | None
    p_against: float | None
    outcome: str
    values: tuple[float, ...]
    hedges_g: float | None = None
    note: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CriterionResult:
    """One criterion: its outcome and the numbers a reader can check."""

    name: str
    why: str
    outcome: Outcome
    sentence: str
    estimand: Mapping[str, Any]
    test: Mapping[str, Any]
    number: Estimate
    scale: str
    method: str
    n: int
    smallest_p: float | None
    members: tuple[Estimate, ...] = ()


@dataclass(frozen=True)
class Shown:
    """An estimand that is reported and never decides."""

    name: str
    label: str
    sentence: str
    estimand: Mapping[str, Any]
    number: Estimate
    scale: str


@dataclass(frozen=True)
class Verdict:
    """What the evidence allows to be said about one claim."""

    claim: str
    title: str
    statement: str
    status: Status
    sentence: str
    scope: str
    unit: str
    n: int
    registration: str
    attempt: str
    kind: str
    judged_by: str
    excluded: tuple[str, ...]
    preconditions: tuple[PreconditionResult, ...]
    criteria: tuple[CriterionResult, ...]
    shown: tuple[Shown, ...]
    dose: Mapping[str, Any]
    deviations: tuple[str, ...] = ()
    does_not_show: tuple[str, ...] = ()
    sequential: Mapping[str, Any] | None = None
    """What the rule that adds replicates did; None where there is none."""

    def as_json(self) -> dict[str, Any]:
        """The value of ``verdict.json``."""
        out: dict[str, Any] = _plain(asdict(self))
        out["schema"] = SCHEMA
        out["status"] = self.status.name
        if self.sequential is None:
            del out["sequential"]
        for row, one in zip(out["criteria"], self.criteria, strict=True):
            row["outcome"] = one.outcome.name
            number = row.pop("number")
            row.update({k: v for k, v in number.items() if k not in ("name", "outcome")})
            row["margin"] = row["test"]["margin"]
            row["unit"] = self.unit
        for row in out["shown"]:
            number = row.pop("number")
            row.update({k: v for k, v in number.items() if k not in ("name", "outcome")})
        return out


def _plain(value: Any) -> Any:
    """JSON value: tuples to lists, enums to names, non-finite numbers to None, mappings copied."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if hasattr(value, "item"):
        return _plain(value.item())
    return value
