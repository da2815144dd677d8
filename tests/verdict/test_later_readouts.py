"""Claims on readouts that cells may lack: words and no verdict without them, numbers with them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.claim.schema import Arm, Test
from harness.claim.vocabulary import LATER
from harness.measure.tables import Evidence
from harness.verdict.estimands import estimate
from harness.verdict.families import FAMILIES
from harness.verdict.judge import judge
from harness.verdict.records import Status
from harness.verdict.view import MissingNumber, View
from tests.verdict.synthetic import cell, claim, evidence, superiority
from tests.verdict.test_judge import HEALTHY

COLUMNS = [name for name in LATER if name != "format_valid"]
BARE = (Arm("base", "regulation"), Arm("far", "standard"))
SWEPT = Arm("swept", "regulation", "onset", "subtract", ("d",), doses=(0.0, 0.5))
ESTIMANDS: dict[str, dict[str, object]] = {
    "level": {"arm": "base"},
    "contrast": {"arm": "base", "minus": "far"},
    "log-ratio": {"arm": "base", "over": "far"},
    "mean-ratio": {"arm": "base", "over": "far"},
    "closed-gap": {"arm": "swept", "baseline": "base", "reference": "far", "at": 0.5},
    "ordering": {"arms": ["base", "far"]},
    "contrasts": {"arms": ["base"], "minus": "far"},
    "dose-ordering": {"arm": "swept", "doses": [0.0, 0.5]},
}


def told(*, later: bool, kind: str = "level", readout: str = "fidelity") -> Evidence:
    """Three replicates of all arms; the base has .9 of every later readout, the others .4."""
    spec = {"kind": kind, "readout": readout, **ESTIMANDS[kind]}
    gate = superiority("c", spec, 0.5)
    if kind in ("ordering", "dose-ordering", "contrasts"):
        gate = replace(gate, test=Test("all-of", 0.0))
    if kind == "mean-ratio":
        gate = replace(gate, test=Test("mean-ratio-above", 0.5, method="fieller"))
    cells = []
    for r in range(3):
        for arm, dose, value in (("base", 0.0, 0.9), ("far", 0.0, 0.4), ("swept", 0.0, 0.9),
                                 ("swept", 0.5, 0.4)):  # fmt: skip
            variant = "d" if arm == "swept" else ""
            made, scored = cell(arm, r, rate=0.5, dose=dose, variant=variant)
            if later:
                own = value + (r / 100 if arm == "base" else r * r / 100)  # no two in step
                scored["fidelity"] = own
                made |= {name: own for name in COLUMNS if name != "fidelity"}
            cells.append((made, scored))
    return evidence(claim((*BARE, SWEPT), [gate], [HEALTHY], replicates=3), cells)


@pytest.mark.parametrize("kind", ESTIMANDS)
@pytest.mark.parametrize("readout", COLUMNS)
def test_a_claim_on_what_was_not_measured_is_invalid_and_says_so(kind: str, readout: str) -> None:
    """Whatever is asked of it; with the column the same claim has a number."""
    verdict = judge(told(later=False, kind=kind, readout=readout))
    assert verdict.status is Status.INVALID
    assert f"{readout} of arm" in str(verdict.as_json())
    assert "was not measured" in str(verdict.as_json())
    assert judge(told(later=True, kind=kind, readout=readout)).status is not Status.INVALID


def test_a_later_readout_is_read_from_its_column() -> None:
    """One number per replicate."""
    view = View(told(later=True), (0, 1, 2))
    for readout in COLUMNS:
        spec = {"kind": "contrast", "arm": "base", "minus": "far", "readout": readout}
        assert list(estimate(view, spec).values()) == pytest.approx([0.5, 0.5, 0.48])
    assert judge(told(later=True)).status is Status.PASS


def test_valid_rows_are_known_of_cells_without_later_columns() -> None:
    """They are made of the grader's counts."""
    view = View(told(later=False), (0, 1, 2))
    assert view.value(0, "base", "format_valid") == 1.0


def test_a_production_without_a_number_at_some_dose_is_not_the_best() -> None:
    """A dose at which no row has a placement is passed over; dose 0 without one is no share."""
    spec = {
        "kind": "best-production", "arms": ["swept"], "baseline": "base", "trained": "far",
        "readout": "placed",
        "gate": {"garbage_rate": 1.0, "ordinary_loss": 1.0, "specificity": 0.0},
    }  # fmt: skip

    def of(zero: float, half: float) -> Evidence:
        cells = []
        for split in ("select", "confirm"):
            for arm, dose, value in (("base", 0.0, 0.4), ("far", 0.0, 0.8), ("swept", 0.0, zero),
                                     ("swept", 0.5, half)):  # fmt: skip
                variant = "d" if arm == "swept" else ""
                made, scored = cell(arm, 0, rate=0.5, dose=dose, variant=variant, split=split)
                cells.append((made | {"placed": value}, scored))
        return evidence(claim((*BARE, SWEPT), replicates=1), cells)

    best = FAMILIES["best-production"]
    nan = float("nan")
    assert best(View(of(0.4, 0.6), (0,)), spec)[0].below == {0: pytest.approx(0.75)}
    assert best(View(of(0.4, nan), (0,)), spec)[0].below == {0: pytest.approx(0.5)}
    with pytest.raises(MissingNumber, match="placed of arm 'swept'"):
        best(View(of(nan, 0.6), (0,)), spec)
