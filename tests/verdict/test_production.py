"""The production gate: what counts as producing, and who carries which burden."""

from __future__ import annotations

import pytest

from harness.claim.schema import Arm
from harness.verdict.judge import judge
from harness.verdict.production import members
from harness.verdict.records import Outcome
from harness.verdict.view import View
from tests.verdict.synthetic import cell, claim, evidence, superiority

SPEC = {
    "kind": "best-production",
    "arms": ["add"],
    "baseline": "base",
    "trained": "trained",
    "readout": "rate",
    "gate": {"garbage_rate": 0.05, "ordinary_loss": 0.1, "specificity": 0.8},
}
ARMS = (
    Arm("base", "standard"),
    Arm("trained", "regulation"),
    Arm("add", "standard", "onset", "add", ("one", "two"), doses=(0.0, 0.5, 1.0)),
)
CLEAN = {"garbage": 0.0, "ordinary_loss": 1.0, "elsewhere_mass": 0.0}


def cells(r: int, one: dict[str, float], select: dict[str, float] | None = None):  # type: ignore[no-untyped-def]
    """Candidate ``one`` at dose 1 as given (on select as on confirm unless said); ``two`` inert."""
    out = []
    for split in ("select", "confirm"):
        out += [cell("base", r, rate=0.0, split=split), cell("trained", r, rate=0.4, split=split)]
        for variant in ("one", "two"):
            for dose in (0.0, 0.5, 1.0):
                here = {"rate": 0.0, **CLEAN}
                if variant == "one" and dose == 1.0:
                    here = {**here, **(select if split == "select" and select else one)}
                out.append(cell("add", r, variant=variant, dose=dose, split=split, **here))
    return out


def best(one: dict[str, float]) -> float:
    made = evidence(claim(ARMS), cells(0, one))
    return members(View(made, (0,)), SPEC)[0].best[0]


def test_a_coherent_specific_rate_counts_in_full() -> None:
    """.3 of a trained rate of .4 is three quarters."""
    assert best({"rate": 0.3}) == pytest.approx(0.75)


@pytest.mark.parametrize(
    "broken",
    [
        {"rate": 0.3, "garbage": 0.2},
        {"rate": 0.3, "ordinary_loss": 1.2},
        {"rate": 0.3, "elsewhere_mass": 0.2},
    ],
)
def test_a_rate_bought_with_garbage_loss_or_mass_elsewhere_does_not_count(
    broken: dict[str, float],
) -> None:
    """Each part of the gate excludes on its own."""
    assert best(broken) == 0.0


def verdict_of(
    values: list[float], select: list[float] | None = None, kind: str = "none-of"
) -> Outcome:
    rows = []
    for r, value in enumerate(values):
        chosen = None if select is None else {"rate": select[r], **CLEAN}
        rows += cells(r, {"rate": value}, chosen)
    of = claim(ARMS, [superiority("none", SPEC, 0.5, kind)], replicates=len(values))
    return judge(evidence(of, rows)).criteria[0].outcome


def test_none_produces() -> None:
    """All far below half: supported."""
    assert verdict_of([0.04, 0.02, 0.03, 0.05, 0.01, 0.02]) is Outcome.PASS


def test_one_candidate_produces() -> None:
    """One candidate at three quarters in every replicate: refuted, though eight others fail."""
    assert verdict_of([0.30, 0.31, 0.29, 0.32, 0.28, 0.30]) is Outcome.FAIL


def test_production_only_at_doses_that_were_not_chosen_does_not_refute() -> None:
    """Seen on confirm but not on select: neither supported nor refuted."""
    values = [0.30, 0.31, 0.29, 0.32, 0.28, 0.30]
    assert verdict_of(values, [0.0] * 6) is Outcome.INCONCLUSIVE


def test_production_at_its_best_dose_alone_does_not_support_that_some_produces() -> None:
    """The largest over doses is biased upward: "some candidate produces" needs the dose that was
    chosen beforehand, and is refuted only where even the best dose lies below."""
    values = [0.30, 0.31, 0.29, 0.32, 0.28, 0.30]
    assert verdict_of(values, kind="some-of") is Outcome.PASS
    assert verdict_of(values, [0.0] * 6, kind="some-of") is Outcome.INCONCLUSIVE
    low = [0.04, 0.02, 0.03, 0.05, 0.01, 0.02]
    assert verdict_of(low, kind="some-of") is Outcome.FAIL
    assert verdict_of(values, kind="all-of") is Outcome.FAIL  # the other candidate is inert
