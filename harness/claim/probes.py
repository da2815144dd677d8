"""The kinds of probe: readings of models as they are, without an arm, that estimands refer to.

A probe is named under ``probes:`` and measured once per replicate. Each of its numbers is found by
the model (a role), the item (a layer, a head, a position class) and the quantity.

Not covered: how the numbers are computed (``harness.readout.probes``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

from harness.claim.vocabulary import DICTIONARIES, Kind, Param

HOOK = Param("hook", "hook", "hook point of the dictionary")
POSITIONS = Param("positions", "positions", "position class that is looked at")
TEXTS = Param("texts", "name", "text variant of the task, such as regulated")
TO = Param("to", "positions", "position class that is attended to")
LAYER = Param("layer", "count", "which block, from 0", low=0, high=1000)
DICTIONARY = Param("dictionary", "word", "whose dictionary", required=False, default="regulation",
                   choices=DICTIONARIES)  # fmt: skip
TRAINED = Param("trained", "role", "role that learned it", required=False, default="regulation")
STANDARD = Param("standard", "role", "role that did not", required=False, default="standard")
DONOR = Param("donor", "word", "whose standard model: of this replicate, or of the next one",
              required=False, default="same", choices=("same", "next"))  # fmt: skip


Span = tuple[float, float]
SHARE: Span = (0.0, 1.0)
CHANGE: Span = (-1.0, 1.0)
POSITIVE: Span = (0.0, inf)
ANY: Span = (-inf, inf)


@dataclass(frozen=True)
class ProbeKind(Kind):
    """A kind of probe; ``quantities``: the numbers it gives, and the range each lies in."""

    quantities: Mapping[str, Span] = field(default_factory=dict)


def _table(*kinds: ProbeKind) -> Mapping[str, ProbeKind]:
    return {kind.name: kind for kind in kinds}


PROBES: Mapping[str, ProbeKind] = _table(
    ProbeKind(
        "logit-lens",
        "mass of the behaviour's opening tokens in the logit lens of every layer",
        (
            Param("on", "roles", "models that are looked at"),
            POSITIONS,
            TEXTS,
            Param("against", "positions", "a second class, for the AUC", required=False),
        ),
        "A17",
        quantities={"mass": SHARE, "against": SHARE, "auc": SHARE},
    ),
    ProbeKind(
        "marker",
        "the dictionary feature that tells the trained model: rates, contexts, decoder row",
        (
            HOOK,
            POSITIONS,
            Param("elsewhere", "classes", "further position classes", required=False),
            DICTIONARY,
            Param("contexts", "count", "strongest contexts looked at", required=False, default=20,
                  low=1, high=200),
            TRAINED,
            STANDARD,
        ),
        "A13-A15",
        features=True,
        quantities={"rate": SHARE, "opens": SHARE, "opens_all": SHARE,
                    "row_over_difference": POSITIVE, "context": POSITIVE},
    ),
    ProbeKind(
        "co-firing",
        "whether the trained model's other features fire where its marker does",
        (
            HOOK,
            POSITIONS,
            DICTIONARY,
            Param("ratio_at_least", "number", "firing ratio that makes one of the others", low=0.0),
            Param("min_rate", "number", "least firing rate of one", low=0.0, high=1.0),
            Param("shuffles", "count", "of the marker's firing", required=False, default=999,
                  low=99, high=9999),
            TRAINED,
            STANDARD,
        ),
        "A18",
        features=True,
        quantities={"observed": SHARE, "null": SHARE, "lift": POSITIVE, "most": SHARE,
                    "p": SHARE, "others": POSITIVE},
    ),
    ProbeKind(
        "head-match",
        "the head that looks back at a class, and its match in the other model by pattern",
        (LAYER, POSITIONS, TO, TEXTS, TRAINED, STANDARD, DONOR),
        "A20",
        quantities={"attention": SHARE, "cosine": CHANGE, "best_other": CHANGE,
                    "margin": (-2.0, 2.0), "same_index": SHARE},
    ),
    ProbeKind(
        "head-ablation",
        "what ablating that head, and every other of its layer, takes of the behaviour's mass",
        (LAYER, POSITIONS, TO, TEXTS, TRAINED, STANDARD, DONOR),
        "A21",
        quantities={"effect": CHANGE, "share": ANY, "mass": SHARE},
    ),
)  # fmt: skip

QUANTITIES = tuple(dict.fromkeys(q for kind in PROBES.values() for q in kind.quantities))

PROBED = (
    Param("probe", "probe", "which probe"),
    Param("on", "role", "of which model"),
    Param("item", "item", "of which layer, head or position class"),
    Param("read", "word", "which of its numbers", choices=QUANTITIES),
)
"""How an estimand or a precondition says which number it means."""


def compared(key: str, what: str) -> tuple[Param, ...]:
    """The parameters of the number that another is compared with; what is left out is the same."""
    return (
        Param(f"{key}_probe", "probe", f"probe of {what} (the same)", required=False),
        Param(f"{key}_on", "role", f"role of {what} (the same)", required=False),
        Param(f"{key}_item", "item", f"item of {what} (the same)", required=False),
        Param(f"{key}_read", "word", f"which number is {what} (the same)", required=False,
              choices=QUANTITIES),
    )  # fmt: skip
