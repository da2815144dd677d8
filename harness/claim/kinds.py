"""The words of the claim language: kinds of estimand and precondition, and their parameters.

One table, read by the parser, the documentation and the tests; ``harness.verdict`` computes what it
declares. An estimand gives one number per replicate, a family one per replicate and member.

Not covered: how the numbers are computed (``harness.verdict``), what makes a rule undecidable
(``harness.lock.lint``).
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.claim.kinds_arms import ARMS_APART, RATIOS_OF_ARMS
from harness.claim.probes import PROBED, compared
from harness.claim.rules import TESTS, TestKind
from harness.claim.vocabulary import DICTIONARIES, READOUTS, Kind, Param

__all__ = ["ESTIMANDS", "PRECONDITIONS", "TESTS", "Kind", "Param", "TestKind"]

ARM = Param("arm", "arm", "the arm that is asked about")
BASELINE = Param("baseline", "arm", "the arm without intervention")
REFERENCE = Param("reference", "arm", "the arm at the other end of the gap")
OVER = Param("over", "arm", "the arm in the denominator")
READOUT = Param("readout", "readout", "which number of a cell", choices=READOUTS)
AT = Param("at", "dose", "a dose of the grid, or judged", required=False)
HOOK = Param("hook", "hook", "hook point of the dictionaries")
POSITIONS = Param("positions", "positions", "position class")
TRAINED = Param("trained", "role", "role that learned it", required=False, default="regulation")
STANDARD = Param("standard", "role", "role that did not", required=False, default="standard")
GATE = ("garbage_rate", "ordinary_loss", "specificity")


def _table(*kinds: Kind) -> Mapping[str, Kind]:
    return {kind.name: kind for kind in kinds}


ESTIMANDS: Mapping[str, Kind] = _table(
    Kind("level", "the readout of an arm", (ARM, READOUT, AT)),
    Kind(
        "contrast",
        "the readout of an arm minus that of another",
        (ARM, Param("minus", "arm", "the arm that is subtracted"), READOUT, AT),
        "A22",
    ),
    Kind(
        "closed-gap",
        "share of the gap between baseline and reference that the arm closes; 1: all of it",
        (ARM, BASELINE, REFERENCE, READOUT, AT),
        "A05",
        intervened=("arm",),
    ),
    Kind(
        "beyond-controls",
        "closed gap of the arm minus the given quantile of its random controls' closed gaps",
        (
            ARM,
            BASELINE,
            REFERENCE,
            Param("controls", "arms", "arms of random directions; the largest counts"),
            Param("quantile", "number", "of the random directions", low=0.5, high=1.0),
            READOUT,
            AT,
        ),
        "A05",
        intervened=("arm", "controls"),
    ),
    Kind(
        "damage-difference",
        "damage of another arm minus damage of the arm, where both have removed as much",
        (
            ARM,
            Param("than", "arm", "the arm it is compared with"),
            BASELINE,
            REFERENCE,
            READOUT,
            Param("damage", "readout", "the readout whose rise is damage", choices=READOUTS),
            AT,
        ),
        "A06",
        intervened=("arm", "than"),
    ),
    Kind(
        "best-production",
        "per candidate, the largest readout as a share of the trained model's at doses that pass "
        "the gate",
        (
            Param("arms", "arms", "arms whose candidate directions are the family"),
            BASELINE,
            Param("trained", "arm", "the arm whose readout is to be reached"),
            READOUT,
            Param("gate", "bounds", "rises allowed, and the share of the push that is at onsets",
                  keys=GATE, low=0.0),
        ),
        "A07-A11",
        family=True,
        intervened=("arms",),
    ),
    Kind(
        "feature-asymmetry",
        "features that mark the trained model over features that mark the standard one",
        (
            HOOK,
            POSITIONS,
            Param("dictionaries", "word", "whose features", required=False, default="union",
                  choices=("union", *DICTIONARIES)),
            Param("matched", "flag", "both models on the same positions of the same variant"),
            Param("ratio_at_least", "number", "firing ratio that makes a marker", low=1.0),
            Param("min_rate", "number", "least firing rate of a marker", low=0.0, high=1.0),
            TRAINED,
            STANDARD,
        ),
        "A19",
        scale="ratio",
        features=True,
    ),
    Kind(
        "marker-ratio",
        "firing rate in the trained model over the standard one, of the feature that marks best "
        "on the select split",
        (
            HOOK,
            POSITIONS,
            Param("dictionary", "word", "whose features", required=False, default="regulation",
                  choices=DICTIONARIES),
            TRAINED,
            STANDARD,
        ),
        "A13",
        scale="ratio",
        features=True,
    ),
    Kind(
        "steering-asymmetry",
        "share of the gap that the arm closes in the baseline's model minus the share that another "
        "arm closes from the other side, at equal dose or equal KL",
        (
            ARM,
            Param("against", "arm", "the arm on the reference's model"),
            BASELINE,
            REFERENCE,
            READOUT,
            Param("equal", "word", "what both are read at", choices=("dose", "kl")),
            AT,
        ),
        "A22",
        intervened=("arm", "against"),
    ),
    Kind(
        "norm-ratio",
        "natural length of a direction over that of another, both fitted for one role",
        (
            Param("direction", "direction", "the direction in the numerator"),
            Param("to", "direction", "the direction in the denominator"),
            Param("on", "role", "role that hosts both", required=False, default="regulation"),
        ),
        "A15",
        scale="ratio",
    ),
    Kind("log-ratio", "the readout of an arm over that of another, tested on logarithms",
         (ARM, OVER, READOUT, AT), "A02", scale="ratio"),
    Kind("probe", "one number of a probe", PROBED),
    Kind("probe-contrast", "one number of a probe minus another",
         (*PROBED, *compared("minus", "what is subtracted"))),
    Kind("probe-ratio", "one number of a probe over another, tested on logarithms",
         (*PROBED, *compared("over", "the denominator")), scale="ratio"),
    *ARMS_APART,
    *RATIOS_OF_ARMS,
)  # fmt: skip


PRECONDITIONS: Mapping[str, Kind] = _table(
    Kind(
        "health",
        "every model is trained well enough",
        (
            Param("loss_gap_at_most", "number", "nats above the generator's entropy", low=0.0),
            Param("garbage_at_most", "number", "garbage rate", low=0.0, high=1.0),
            Param("roles", "roles", "roles looked at (all that were built)", required=False),
        ),
    ),
    Kind(
        "ratio",
        "the arm's readout is so many times that of another, and at least the floor itself",
        (
            ARM,
            OVER,
            READOUT,
            Param("at_least", "number", "times", above=0.0),
            Param("floor", "number", "least readout of the arm", required=False, default=0.0,
                  low=0.0),
        ),
        "A02",
    ),
    Kind(
        "level",
        "the arm's readout is within a bound",
        (
            ARM,
            READOUT,
            AT,
            Param("at_least", "number", "lower bound", required=False),
            Param("at_most", "number", "upper bound", required=False),
        ),
    ),
    Kind(
        "rise",
        "the readout rises over the baseline by at most so much",
        (
            ARM,
            BASELINE,
            READOUT,
            AT,
            Param("relative", "flag", "as a share of the baseline", required=False, default=False),
            Param("at_most", "number", "the largest rise", low=0.0),
        ),
        "A06",
        intervened=("arm",),
    ),
    Kind(
        "split-half",
        "two halves of the fit split give the same direction",
        (
            Param("direction", "direction", "which direction"),
            Param("at_least", "number", "cosine", above=0.0, high=1.0),
        ),
        "A04",
    ),
    Kind("dose-chosen", "the dose rule found a dose above 0 within its bounds, in every replicate",
         (), "A11"),
    Kind(
        "dose-band",
        "the realised dose over the planned one is within bounds, and every condition fired",
        (
            ARM,
            Param("low", "number", "lower bound", above=0.0, high=1.0),
            Param("high", "number", "upper bound", low=1.0),
        ),
        "A11",
        intervened=("arm",),
    ),
    Kind(
        "coverage",
        "the grids reach the dose at which the arm closes the gap; otherwise UNDERDOSED",
        (
            ARM,
            BASELINE,
            REFERENCE,
            READOUT,
            Param("closes", "number", "share of the gap that counts as acting", above=0.0),
            Param("arms", "arms", "arms whose grids must reach that dose"),
        ),
        "A11",
        intervened=("arm", "arms"),
    ),
    Kind(
        "dictionary",
        "the dictionaries at a hook reconstruct their models and are alive",
        (
            HOOK,
            Param("explained_variance_at_least", "number", "share", low=0.0, high=1.0),
            Param("dead_at_most", "number", "share of features that never fire", low=0.0, high=1.0),
        ),
        "A12",
    ),
    Kind(
        "probe",
        "a number of a probe is within a bound, in every replicate",
        (
            *PROBED,
            Param("at_least", "number", "lower bound", required=False),
            Param("at_most", "number", "upper bound", required=False),
        ),
    ),
    Kind(
        "share",
        "positive control: the arm's readout is at least this share of another's",
        (ARM, OVER, READOUT, Param("at_least", "number", "share", above=0.0)),
        "A07",
    ),
)  # fmt: skip
