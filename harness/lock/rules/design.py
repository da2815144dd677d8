"""A claim's design as the rules look at it: what an arm is, whatever it is called, and what a
readout can be.

Two arms are the same *source* where the same is done to the same model; an arm at dose 0 is the
model itself. Two sources are *related* where they push the same model at the same site with a
direction in common, whatever the sign, the dose and the donor: such an arm is no outsider.

Natural ranges: rates and masses are shares. Losses and divergences are nats, never negative, and
``NATS`` stands for "more than any mean that a model gives" (a uniform guess over a million words
costs 13.8). The divergence of a model from itself is 0.

Not covered: what an estimand can be (``spans``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from harness.claim.feature_arms import FEATURE_OPERATIONS, STEER
from harness.claim.kinds import ESTIMANDS
from harness.claim.schema import Arm, Claim, Criterion, Precondition
from harness.claim.vocabulary import HOST
from harness.lock.pilot import Pilot
from harness.subject.interface import Recipe

Span = tuple[float, float]

SHARES = (
    *("rate", "garbage_rate", "onset_mass", "elsewhere_mass"),
    *("fidelity", "placed", "repetition", "format_valid"),
)
"""Readouts that lie in [0, 1]."""
NATS = 30.0
DAMAGE = ("garbage_rate", "ordinary_loss", "kl", "repetition", "clean_nats")
"""Readouts that rise where a model is disturbed."""
DECIDING = ("arm", "arms", "minus", "over", "than", "against")
"""Parameters of an estimand whose arms decide, where they intervene."""
COMPARED = ("arm", "arms", "minus", "over")
"""Those that decide where none intervenes."""
PUSHES = ("add", "subtract", STEER)
"""Operations whose dose is planned, so that the realised one can be held against it."""

KIN = {
    **dict.fromkeys(("add", "subtract"), "push"),
    **dict.fromkeys(FEATURE_OPERATIONS, "feature"),
    **dict.fromkeys(("ablate", "replace-mean", "replace-zero"), "replace"),
}
"""Operations that are one kind of change, whatever the sign, the way and the part of the site."""


@dataclass(frozen=True)
class Source:
    """The model ``on`` with a ``change`` (None: as it is) at a ``dose`` (None: any of its grid).

    ``kin`` is what related sources share: site, operation without its sign, directions without
    theirs.
    """

    on: str
    change: tuple[Any, ...] | None = None
    dose: str | float | None = None
    kin: tuple[Any, ...] = field(default=(), compare=False)

    @property
    def still(self) -> bool:
        """Whether nothing is done to the model."""
        return self.change is None

    @property
    def itself(self) -> Source:
        """The model without the change."""
        return Source(self.on)

    def related(self, other: Source) -> bool:
        if self.on != other.on or self.still != other.still:
            return False
        if self.still:
            return True
        (site, push, names), (site2, push2, names2) = self.kin, other.kin
        return bool(site == site2 and push == push2 and (names & names2 or not names | names2))


@dataclass(frozen=True)
class Design:
    """A claim with its recipe and, where there is one, its pilot."""

    claim: Claim
    recipe: Recipe
    pilot: Pilot | None = None

    @cached_property
    def arms(self) -> dict[str, Arm]:
        return {arm.name: arm for arm in self.claim.arms}

    @property
    def fewest(self) -> int:
        """Replicates that remain where as many are excluded as may be."""
        rule = self.claim.exclusion
        return self.claim.subject.replicates - (rule.at_most if rule else 0)

    def preconditions(self, *kinds: str) -> Iterator[Precondition]:
        return (p for p in self.claim.preconditions if p.kind in kinds)

    def source(self, name: str, at: str | float | None = None) -> Source:
        """What arm ``name`` is at dose ``at``. Raises :class:`harness.errors.UnknownName`."""
        arm = self.claim.arm(name)
        if arm.operation is None or at == 0.0:
            return Source(arm.on)
        site = self.claim.sites.get(arm.site or "")
        given = tuple(self._direction(d, arm) for d in arm.directions)
        drawn = (arm.control, arm.name) if arm.control else ()
        # features of one dictionary, found alike, are kin, however many
        kin = drawn if arm.features is None else (arm.features.source,)
        change = (site, arm.operation, given, drawn, arm.donor, arm.unit, arm.of, arm.part)
        unsigned = frozenset((m, s, w, frozenset((p, n))) for m, s, w, _, p, n in given)
        push = KIN.get(arm.operation, arm.operation)
        return Source(arm.on, change, at, (site, push, unsigned | {*kin}))

    def _direction(self, name: str, arm: Arm) -> tuple[Any, ...]:
        """A direction by what it is, with ``host`` resolved."""
        found = next((d for d in self.claim.directions if d.name == name), None)
        if found is None:
            return (name, None, (), (), None, None)
        site = self.claim.sites.get(found.site)
        sides = [arm.on if s == HOST else s for s in (found.positive, found.negative)]
        return (found.method, site, found.what, found.how, *sides)

    def made_of(self, source: Source, models: Iterable[Source]) -> bool:
        """Whether a source is one of the models, or trained on from one of them."""
        roles, role = {m.on for m in models}, source.on
        for _ in self.recipe.roles:  # no chain of parents is longer
            if role in roles or not role:
                break
            role = self.recipe.role(role).parent or ""
        return role in roles

    def span(self, name: str, readout: str, at: str | float | None = None) -> Span:
        """What a readout of an arm can be."""
        if readout in SHARES:
            return 0.0, 1.0
        if readout == "kl" and self.source(name, at).still:
            return 0.0, 0.0
        return 0.0, NATS

    def named(self, criterion: Criterion) -> tuple[Arm, ...]:
        """Every arm that an estimand names. Raises :class:`harness.errors.UnknownName`."""
        kind = ESTIMANDS.get(str(criterion.estimand.get("kind")))
        keys = [p.name for p in kind.params if p.type in ("arm", "arms")] if kind else []
        words = [w for key in keys for w in listed(criterion.estimand.get(key))]
        return tuple(self.claim.arm(w) for w in dict.fromkeys(words))

    def tested(self, criterion: Criterion) -> tuple[Arm, ...]:
        """The arms that intervene, at a dose above 0, and decide."""
        at = criterion.estimand.get("at")
        return tuple(a for a in self._moved(criterion) if not self.source(a.name, at).still)

    def _moved(self, criterion: Criterion) -> tuple[Arm, ...]:
        words = [w for key in DECIDING for w in listed(criterion.estimand.get(key))]
        found = (self.arms[w] for w in dict.fromkeys(words) if w in self.arms)
        return tuple(arm for arm in found if arm.operation is not None)

    def deciding(self, criterion: Criterion) -> tuple[Source, ...]:
        """Sources whose readout is the outcome, at whichever dose."""
        names = [arm.name for arm in self._moved(criterion)] or [
            w for key in COMPARED for w in listed(criterion.estimand.get(key)) if w in self.arms
        ]
        return tuple(self.source(name) for name in names)


def listed(value: object) -> tuple[str, ...]:
    """The words of a parameter: one, or several; nothing where it holds none."""
    if isinstance(value, str):
        return (value,)
    return tuple(v for v in value if isinstance(v, str)) if isinstance(value, list | tuple) else ()
