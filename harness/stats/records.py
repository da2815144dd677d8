"""Records of the statistics: a decision rule, its result, and what is refused as data.

The unit of every record here is one number per *replicate* (an independently trained model, or a
prompt cluster where the claim says so); prompts are averaged before they arrive.

Two rules hold for every result. A p-value is never 0: below ``P_FLOOR`` it is reported as
``P_FLOOR``. Unknown precision is never reported as perfect: fewer than two replicates are refused,
and values without any spread have no interval (``low`` and ``high`` are None, ``reason`` says so).

Not covered: what the numbers mean (``harness.verdict``), whether a rule can decide with the planned
replicates (``harness.lock.lint``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from harness.errors import ClaimsError

Decision = Literal["support", "refute", "neither"]

ONE_SAMPLE_KINDS = ("superiority", "below", "equivalence", "ratio-above")
FAMILY_KINDS = ("none-of", "some-of", "all-of")
EVERY = ("none-of", "all-of")
"""Of these: supported by every member (intersection-union), refuted by some (family-wise)."""
MEANS_KINDS = ("mean-ratio-above",)
KINDS = ONE_SAMPLE_KINDS + MEANS_KINDS + FAMILY_KINDS
"""``superiority``: mean above the margin; ``below``: mean below it; ``equivalence``: mean within
plus or minus the margin; ``ratio-above``: geometric mean above the margin;
``mean-ratio-above``: ratio of two means above the margin; ``none-of`` /
``some-of`` / ``all-of``: no / at least one / every member of a family has a mean above it."""

ONE_SAMPLE_METHODS = ("t", "sign-flip")
BET = "sign-bet"
BETTING_KINDS = ("superiority", "below", "ratio-above")
"""Kinds that an e-process over replicates in order can decide as well."""
MEANS_METHODS = ("fieller",)
FAMILY_METHODS = ("t", "sign-flip", "sign-flip-holm")
"""For families: ``t`` takes t tests and Holm, ``sign-flip`` exact sign flips and the joint max-T,
``sign-flip-holm`` exact sign flips and Holm (floor: members / 2**n)."""

STAKE = 0.85
"""Of the wealth, on every replicate: five of five on one side give 1.85**5 = 21.7 > 1 / .05."""

P_FLOOR = 1e-12
"""No smaller p-value is reported: the models behind the tests do not carry that far."""


class UntestableError(ClaimsError):
    """The numbers, or the rule, admit no test; says which replicate and what to do.

    ``place``: the position (from 0) of the replicate at fault, None where there is not one.
    """

    def __init__(self, what: str, *, where: str = "", fix: str = "", place: int | None = None):
        self.place, self._words = place, what
        super().__init__(self._of(place), where=where, fix=fix)

    def what_of(self, replicates: Sequence[int]) -> str:
        """What is wrong, with the replicate's own number in place of its position."""
        return self._of(None if self.place is None else replicates[self.place])

    def _of(self, replicate: int | None) -> str:
        return self._words if replicate is None else f"replicate {replicate} {self._words}"


def methods_of(kind: str) -> tuple[str, ...]:
    """The methods a kind of test can use. Raises :class:`UntestableError` for an unknown kind."""
    if kind in ONE_SAMPLE_KINDS:
        return (*ONE_SAMPLE_METHODS, BET) if kind in BETTING_KINDS else ONE_SAMPLE_METHODS
    if kind in MEANS_KINDS:
        return MEANS_METHODS
    if kind in FAMILY_KINDS:
        return FAMILY_METHODS
    raise UntestableError(f"unknown kind of test {kind!r}", fix=f"Use one of: {', '.join(KINDS)}")


@dataclass(frozen=True)
class Rule:
    """A decision rule: ``kind`` and ``method`` as above, ``margin`` in the unit of the values.

    ``alpha`` is one-sided, for each of the two verdicts. ``seed`` is used only where sign flips
    are too many to enumerate (see ``attainable.ENUMERATE_UP_TO``); it comes from the lock.
    ``stake`` is that of the method ``sign-bet``.
    Raises :class:`UntestableError` for a rule that has no meaning.
    """

    kind: str
    margin: float
    alpha: float = 0.05
    method: str = "t"
    seed: int = 0
    stake: float = STAKE

    def __post_init__(self) -> None:
        methods = methods_of(self.kind)
        if self.method not in methods:
            raise UntestableError(
                f"a {self.kind} test has no method {self.method!r}",
                fix=f"Use one of: {', '.join(methods)}",
            )
        if not (math.isfinite(self.alpha) and 0 < self.alpha < 0.5):
            raise UntestableError(f"alpha is {self.alpha}", fix="Use a number between 0 and 0.5")
        if not math.isfinite(self.margin):
            raise UntestableError(f"the margin is {self.margin}", fix="Use a finite number")
        if self.kind == "equivalence" and self.margin <= 0:
            raise UntestableError(
                f"the equivalence margin is {self.margin:g}", fix="Use a number above 0"
            )
        if not 0 < self.stake < 1:
            raise UntestableError(f"the stake is {self.stake}", fix="Use a share between 0 and 1")
        if self.kind in ("ratio-above", *MEANS_KINDS) and self.margin <= 0:
            raise UntestableError(f"the ratio margin is {self.margin:g}", fix="Use a ratio above 0")


@dataclass(frozen=True)
class TestResult:
    """What one test says about one number per replicate.

    ``low`` and ``high`` bound the two-sided interval of coverage ``level``: 1 - 2 alpha for t, the
    nearest attainable level at or above it for sign flips where there is one (otherwise the widest
    finite one). They are None where precision is unknown. ``p_support`` and ``p_refute`` are
    one-sided; ``decision`` compares each with ``alpha``. In a family they are adjusted where the
    family asks for it, and the unadjusted ones are in ``p_support_raw`` and ``p_refute_raw``.
    ``smallest_p`` is the smallest either could have been. ``scale`` is ``log`` where the test was
    made on logarithms; estimate, bounds and margin are then back on the ratio scale, ``hedges_g``
    is on the log scale. ``hedges_g`` is measured from "no effect" (0, or ratio 1), not from the
    margin. ``constant`` marks values without spread.
    """

    __test__ = False  # the name is the field's; pytest must not collect it

    kind: str
    method: str
    margin: float
    alpha: float
    estimate: float
    low: float | None
    high: float | None
    level: float
    n: int
    df: float | None
    p_support: float
    p_refute: float
    smallest_p: float
    decision: Decision
    values: tuple[float, ...]
    scale: Literal["identity", "log"] = "identity"
    hedges_g: float | None = None
    g_low: float | None = None
    g_high: float | None = None
    p_support_raw: float | None = None
    p_refute_raw: float | None = None
    constant: bool = False
    reason: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    """``decided_at`` (which value, from 0; None: none), ``wealth`` and ``wealth_against`` of a bet;
    ``numerator`` and ``denominator`` of a ratio of means."""

    def as_json(self) -> dict[str, Any]:
        """A JSON value: numbers, words, None; no NaN, no infinity."""
        numbers = [v if math.isfinite(v) else None for v in (self.estimate, *self.values)]
        return asdict(self) | {"estimate": numbers[0], "values": numbers[1:]}


@dataclass(frozen=True)
class FamilyResult:
    """What a family of members says together.

    ``leading`` names the member on which the family turns: the one with most evidence of lying
    above the margin for ``none-of`` and ``some-of``, below it for ``all-of``.
    """

    kind: str
    method: str
    margin: float
    alpha: float
    n: int
    p_support: float
    p_refute: float
    smallest_p: float
    decision: Decision
    leading: str
    members: Mapping[str, TestResult]
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """A JSON value; members keep their order."""
        out = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return out | {"members": {name: one.as_json() for name, one in self.members.items()}}


def checked(values: Sequence[float] | np.ndarray, where: str = "") -> np.ndarray:
    """The values as float64 [n], n >= 2 and all finite.

    Raises :class:`UntestableError` naming the first replicate (from 0) that is NaN or infinite.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise UntestableError(
            f"values have shape {list(array.shape)}", where=where, fix="Give one per replicate"
        )
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        raise UntestableError(
            f"has the value {array[bad[0]]}",
            place=int(bad[0]),
            where=where,
            fix="A missing or infinite measurement makes the claim INVALID; it cannot be tested",
        )
    if array.size < 2:
        raise UntestableError(
            f"{array.size} replicate(s) have no spread between them",
            where=where,
            fix="A test over replicates needs at least two",
        )
    return array


def reported(p: float) -> float:
    """A p-value as it is reported: in [P_FLOOR, 1]."""
    return float(min(1.0, max(P_FLOOR, p)))


LEVELS = ("0.005", "0.010", "0.025", "0.050", "0.100")
"""Three decimals of the levels at which people decide."""


def in_decimals(p: float) -> str:
    """A p-value with three decimals, or four where three would show a level that it is not: 0.0497
    and 0.0503 are different decisions."""
    text = f"{p:.3f}"
    return f"{p:.4f}" if text in LEVELS and abs(p - float(text)) > 1e-9 else text


def decision(p_support: float, p_refute: float, alpha: float) -> Decision:
    """Support, refute or neither, each at its own one-sided alpha."""
    if p_support <= alpha:
        return "support"
    return "refute" if p_refute <= alpha else "neither"
