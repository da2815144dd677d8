"""The claim as frozen records: what a gate says, with no file, line or layout left in it.

``harness.claim.parse`` turns YAML into these records, ``harness.claim.canonical`` turns them into
the value that is hashed. Kinds of estimand, test and precondition, with their parameters,
are declared in ``harness.claim.kinds``.

Not covered: whether a claim can be decided (``harness.lock.lint``), where its numbers come from
(``harness.measure``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.claim.feature_arms import Features
from harness.claim.heads import HeadChoice
from harness.claim.terms import UNITS, WITHOUT_DIRECTION

SCHEMA = "causal-claims/claim/1"


@dataclass(frozen=True)
class Site:
    """A hook point and a position class: the task's, or ``regex:`` and an expression, for the
    positions at which the text so far ends with a match, or ``code:`` and the function that decides
    (``harness.subject.patterns``)."""

    hook: str
    positions: str


@dataclass(frozen=True)
class Sequential:
    """Replicates are added under a locked rule: ``first`` of them are measured, then ``step`` at a
    time, until the bet of every criterion is decided or the subject's ``replicates`` are there."""

    first: int
    step: int = 1


@dataclass(frozen=True)
class Subject:
    """Which family, how many independently trained replicates (at the most, where they are added
    by a ``sequential`` rule), and the backend that runs them."""

    recipe: str
    replicates: int
    backend: str = "native"
    dtype: str = "float32"
    sequential: Sequential | None = None


@dataclass(frozen=True)
class Samples:
    """How much text each part of the measurement uses (counts of prompts, plans, tokens); and
    whether prompts, texts and noise are ``drawn`` once for all replicates or per replicate."""

    fit: int = 256
    select: int = 48
    prompts: int = 64
    texts: int = 64
    new_tokens: int = 40
    drawn: str = "once"


@dataclass(frozen=True)
class Direction:
    """How a direction is fitted. ``positive``/``negative`` are roles; ``host`` is the model the
    arm intervenes on, so that one definition serves several arms. Options of single methods are
    None elsewhere: ``dictionary`` is whose decoder row, in the words of the vocabulary; ``rank``
    the number of directions of a subspace, the first of which is ``lead`` where that is given;
    ``radius`` bounds an optimised vector, in median residual norms. With a ``map`` the direction is
    fitted in the model of the role ``map_from`` and its like, of the donor's replicate, and mapped
    to the host's site."""

    name: str
    method: str
    site: str
    positive: str | None = None
    negative: str | None = None
    file: str | None = None
    dictionary: str | None = None
    rank: int | None = None
    lead: str | None = None
    map: str | None = None
    map_from: str | None = None
    radius: float | None = None
    part: str | None = None
    """Of a direction before an output matrix: what of it is used (all, where None)."""

    @property
    def apart(self) -> bool:
        """Whether all of its models, its copy of the host's role included, are the donor's: a
        decoder row compares two models of one replicate, and a map leads from there."""
        return self.method == "dictionary-row" or self.map is not None

    @property
    def what(self) -> tuple[object, ...]:
        """What is looked at, beside method, site and roles."""
        return (self.file, self.dictionary)

    @property
    def how(self) -> tuple[object, ...]:
        """What is made of it; directions that differ in this alone are kin."""
        return (self.rank, self.lead, self.map, self.map_from, self.radius, self.part)


@dataclass(frozen=True)
class Arm:
    """A named intervention, or none (no ``operation``).

    ``doses`` are in ``unit``: ``residual``, multiples of the median residual norm at the site;
    ``own``, multiples of the direction's natural length; ``kl``, nats from the clean model at
    onsets on the select split, for which a residual dose is looked up per replicate and candidate.
    The word ``judged`` (stored as None) means the dose that the claim's dose rule chose on the
    select split. ``directions`` has one entry per candidate; ``control`` with ``count`` draws
    random directions instead, matched in norm to the dose. ``donor`` is 0 for directions fitted
    within the replicate and k for directions whose non-host roles come from replicate i + k
    (separate initialisation).
    ``label`` marks arms that are shown and never decide.
    """

    name: str
    on: str
    site: str | None = None
    operation: str | None = None
    directions: tuple[str, ...] = ()
    control: str | None = None
    count: int = 0
    doses: tuple[float, ...] | None = ()
    donor: int = 0
    label: str = ""
    unit: str = UNITS[0]
    of: str | None = None
    """The direction that random ones are drawn like: its two models, its rank."""
    way: str | None = None
    """Of an ablation: what takes the activation's place."""
    heads: tuple[int, ...] = ()
    """The heads that are ablated, at the site of what heads mix; none named: the whole site."""
    chosen: HeadChoice | None = None
    """The head is chosen in each replicate (``heads`` in the file, in place of numbers)."""
    neurons: tuple[int, ...] = ()
    """The same of neurons, at the site of the MLP's neurons."""
    partner: str | None = None
    """Of an interchange: the role (``with`` in the file) whose activation takes the place; of the
    replicate ``donor`` further on."""
    features: Features | None = None
    """Of an arm on dictionary features: which ones."""
    like: str | None = None
    """Of a control of such an arm (``of`` in the file): the arm whose features its own resemble."""

    @property
    def files(self) -> tuple[str, ...]:
        """Files that it is made of and no recipe lists."""
        return () if self.features is None else self.features.files

    @property
    def at_judged_dose(self) -> bool:
        return self.doses is None

    @property
    def undirected(self) -> bool:
        """Whether it has neither directions nor controls: one variant, without name."""
        return self.operation in WITHOUT_DIRECTION and self.control is None

    @property
    def part(self) -> tuple[object, ...]:
        """What of the site is changed, and to what; beside operation and directions."""
        parts = (self.way, self.heads, self.neurons, self.partner, self.chosen)
        return (*parts, self.features, self.like)


@dataclass(frozen=True)
class DoseRule:
    """Choose, per replicate and on the select split only, the dose of ``arm`` that removes most of
    ``readout`` among those within ``bounds`` (rises over ``baseline``, see ``rise`` in kinds)."""

    arm: str
    baseline: str
    readout: str
    bounds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Expectation:
    """What the author expects per replicate: the smallest effect of interest and its spread."""

    effect: float
    sd: float


@dataclass(frozen=True)
class Test:
    """A decision rule over replicates; ``kind`` and ``method`` from ``harness.claim.kinds``.

    ``stake`` belongs to the method ``sign-bet`` and is None with every other.
    """

    __test__ = False  # pytest must not collect it

    kind: str
    margin: float
    alpha: float = 0.05
    method: str = "t"
    stake: float | None = None


@dataclass(frozen=True)
class Criterion:
    """Decides for or against: an estimand (one number per replicate, or per member of a family)."""

    name: str
    estimand: Mapping[str, Any]
    test: Test
    why: str
    expect: Expectation | None = None


@dataclass(frozen=True)
class Precondition:
    """Decides whether the data can speak; ``params`` as the kind declares."""

    name: str
    kind: str
    params: Mapping[str, Any]
    why: str


@dataclass(frozen=True)
class Probe:
    """Readings of models without an arm; ``params`` as ``harness.claim.probes`` declares."""

    name: str
    kind: str
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Exclusion:
    """Replicates failing these health bounds are left out, up to ``at_most``; never by outcome."""

    at_most: int
    why: str


@dataclass(frozen=True)
class Claim:
    """One gate."""

    id: str
    title: str
    statement: str
    source: tuple[str, ...]
    unit: str
    subject: Subject
    sites: Mapping[str, Site]
    samples: Samples
    directions: tuple[Direction, ...]
    arms: tuple[Arm, ...]
    dose_rule: DoseRule | None
    preconditions: tuple[Precondition, ...]
    criteria: tuple[Criterion, ...]
    shown: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Estimands that are reported and never decide."""
    probes: tuple[Probe, ...] = ()
    exclusion: Exclusion | None = None
    waivers: Mapping[str, str] = field(default_factory=dict)
    does_not_show: tuple[str, ...] = ()

    def arm(self, name: str) -> Arm:
        for arm in self.arms:
            if arm.name == name:
                return arm
        from harness.errors import UnknownName, nearest

        raise UnknownName(
            f"no arm {name!r} in claim {self.id!r}",
            fix=f"Nearest arms: {nearest(name, tuple(a.name for a in self.arms))}",
        )
