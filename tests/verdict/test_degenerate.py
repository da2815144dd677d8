"""Evidence that is missing or degenerate never becomes a PASS, nor an exception."""

from __future__ import annotations

from typing import Any

from harness.claim.schema import Arm, Precondition
from harness.measure.tables import Evidence
from harness.verdict.judge import judge
from harness.verdict.production import points
from harness.verdict.records import Status
from harness.verdict.view import View
from tests.verdict.synthetic import cell, claim, evidence, superiority

NAN = float("nan")
NONE_OF = superiority(
    "none",
    {"kind": "best-production", "arms": ["push"], "baseline": "base", "trained": "trained",
     "readout": "rate", "gate": {"garbage_rate": 0.05, "ordinary_loss": 0.1, "specificity": 0.8}},
    0.5,
    "none-of",
)  # fmt: skip
PRESENT = Precondition(
    "present",
    "ratio",
    {"arm": "trained", "over": "base", "readout": "rate", "at_least": 10, "floor": 0.1},
    "because",
)


def made(
    trained: float = 0.4, push: float = 0.02, doses: tuple[float, ...] = (1.0,), **more: Any
) -> Evidence:
    """Five replicates in which one direction produces ``push``."""
    grid = (0.0, *doses)
    arms = (
        Arm("base", "standard"),
        Arm("trained", "regulation"),
        Arm("push", "standard", "onset", "add", ("x",), doses=grid),
    )
    cells = []
    for r in range(5):
        for split in ("select", "confirm"):
            cells.append(cell("base", r, rate=0.01, split=split))
            cells.append(cell("trained", r, rate=trained, split=split))
            cells.append(cell("push", r, rate=0.01, variant="x", split=split))
            for dose in doses:
                rate = push + 0.002 * r
                one = cell("push", r, rate=rate, dose=dose, variant="x", split=split, **more)
                cells.append(one)
    return evidence(claim(arms, [NONE_OF], [PRESENT]), cells)


def test_a_null_passes_where_all_of_it_was_measured() -> None:
    """The other tests here change one thing about this evidence."""
    assert judge(made()).status is Status.PASS


def test_a_dose_without_a_gate_reading_does_not_pass_the_gate() -> None:
    """Neither where no loss could be read nor where not one step was written."""
    silent = made(push=0.3)
    silent.generate.loc[silent.generate["dose"] > 0, "steps"] = 0
    for of in (silent, made(push=0.3, ordinary_loss=NAN)):
        last = points(View(of, of.replicates), NONE_OF.estimand, 0, "push", "x", "confirm")[-1]
        assert last.dose == 1.0
        assert not last.admissible


def test_a_push_without_a_reading_elsewhere_is_not_specific() -> None:
    """It may be everywhere."""
    of = made(push=0.3, onset_mass=0.3, elsewhere_mass=NAN)
    last = points(View(of, of.replicates), NONE_OF.estimand, 0, "push", "x", "confirm")[-1]
    assert not last.specific


def test_a_push_without_a_reading_at_onsets_is_not_specific() -> None:
    """It may be nowhere."""
    of = made(push=0.3, onset_mass=NAN, elsewhere_mass=0.3)
    last = points(View(of, of.replicates), NONE_OF.estimand, 0, "push", "x", "confirm")[-1]
    assert not last.specific


def test_a_trained_model_without_the_behaviour_is_invalid_and_no_exception() -> None:
    """Its precondition fails, and a share of nothing is withheld."""
    assert judge(made(trained=0.0)).status is Status.INVALID


def test_a_null_does_not_pass_with_a_dose_of_its_grid_unmeasured() -> None:
    """The largest dose is where a null is most likely to break."""
    of = made(doses=(1.0, 2.0))
    for name in ("generate", "score"):
        table = getattr(of, name)
        object.__setattr__(of, name, table[table["dose"] < 2.0])
    assert judge(of).status is Status.INVALID
