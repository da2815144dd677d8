"""Estimands that set arms, or doses of one arm, against each other: families, ratios, odds.

Not covered: all other kinds (``harness.claim.kinds``).
"""

from __future__ import annotations

from harness.claim.vocabulary import GENERATED, READOUTS, Kind, Param

READOUT = Param("readout", "readout", "which number of a cell", choices=READOUTS)
AT = Param("at", "dose", "a dose of the grid, or judged", required=False)

ARMS_APART: tuple[Kind, ...] = (
    Kind(
        "contrasts",
        "per arm (and candidate), its readout minus that of one other arm",
        (
            Param("arms", "arms", "the arms that are asked about, each a member"),
            Param("minus", "arm", "the arm that is subtracted from each"),
            READOUT,
            AT,
        ),
        family=True,
    ),
    Kind(
        "ordering",
        "per neighbours in a stated order of arms, the later one's readout minus the earlier one's",
        (Param("arms", "arms", "the arms, lowest readout first"), READOUT, AT),
        family=True,
        tests=("all-of",),
    ),
    Kind(
        "dose-ordering",
        "per neighbours in a stated order of doses, the readout at the later minus at the earlier",
        (
            Param("arm", "arm", "the arm whose doses are compared"),
            READOUT,
            Param("doses", "doses", "doses of its grid, lowest readout first"),
        ),
        family=True,
        intervened=("arm",),
        tests=("all-of",),
    ),
)

RATIOS_OF_ARMS: tuple[Kind, ...] = (
    Kind(
        "mean-ratio",
        "the mean readout of an arm over the mean readout of another; zeros are allowed",
        (
            Param("arm", "arm", "the arm that is asked about"),
            Param("over", "arm", "the arm in the denominator"),
            READOUT,
            AT,
        ),
        scale="means",
    ),
    Kind(
        "stratified-odds",
        "odds of a step with the behaviour in an arm over those in another, common to all strata "
        "of prompts (Mantel and Haenszel)",
        (
            Param("arm", "arm", "the arm that is asked about"),
            Param("over", "arm", "the arm in the denominator"),
            Param("readout", "word", "which steps are counted", required=False, default="rate",
                  choices=GENERATED),
            Param("stratified", "flag", "within strata of prompts, or all thrown together"),
            AT,
        ),
        scale="ratio",
    ),
)  # fmt: skip
