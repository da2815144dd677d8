"""Estimands have the values that their definitions give by hand."""

from __future__ import annotations

import pytest

from harness.claim.schema import Arm
from harness.verdict.estimands import estimate
from harness.verdict.view import MissingNumber, View
from tests.verdict.synthetic import cell, claim, evidence

GAP = {"baseline": "base", "reference": "ref", "readout": "rate"}
ARMS = (
    Arm("base", "regulation"),
    Arm("ref", "standard"),
    Arm("treat", "regulation", "onset", "subtract", ("d",), doses=(0.0, 0.5, 1.0)),
    Arm("own", "regulation", "onset", "subtract", ("m",), doses=(0.0, 0.5, 1.0)),
    Arm("iso", "regulation", "onset", "subtract", control="isotropic", count=3, doses=None),
)


def view(judged: float | None = 0.5, replicates: int = 2) -> View:
    cells = []
    for r in range(replicates):
        cells += [cell("base", r, rate=0.4), cell("ref", r, rate=0.0)]
        for dose, rate, loss in ((0.0, 0.4, 1.0), (0.5, 0.1, 1.1), (1.0, 0.0, 1.5)):
            cells.append(cell("treat", r, rate=rate, dose=dose, variant="d", ordinary_loss=loss))
        for dose, rate, loss in ((0.0, 0.4, 1.0), (0.5, 0.2, 1.4), (1.0, 0.0, 2.0)):
            cells.append(cell("own", r, rate=rate, dose=dose, variant="m", ordinary_loss=loss))
        for n, rate in enumerate((0.4, 0.3, 0.2)):
            cells.append(cell("iso", r, rate=rate, dose=0.5, variant=f"r{n:02d}"))
    made = evidence(claim(ARMS, replicates=replicates), cells, judged)
    return View(made, tuple(range(replicates)))


def test_closed_gap_is_the_share_of_the_distance_to_the_reference() -> None:
    """From .4 to .1 with the reference at 0 closes three quarters."""
    spec = {"kind": "closed-gap", "arm": "treat", "at": "judged", **GAP}
    assert estimate(view(), spec) == pytest.approx({0: 0.75, 1: 0.75})


def test_a_fixed_dose_is_read_instead_of_the_judged_one() -> None:
    """``at: 1.0`` does not look at the dose rule."""
    spec = {"kind": "closed-gap", "arm": "treat", "at": 1.0, **GAP}
    assert estimate(view(judged=None), spec)[0] == pytest.approx(1.0)


def test_controls_count_by_their_upper_quantile_and_never_by_interpolation() -> None:
    """Controls close 0, .25 and .5; the 95th percentile is the observed .5."""
    spec = {
        "kind": "beyond-controls", "arm": "treat", "controls": ["iso"], "quantile": 0.95,
        "at": "judged", **GAP,
    }  # fmt: skip
    assert estimate(view(), spec)[0] == pytest.approx(0.25)


def test_damage_is_compared_where_both_have_removed_as_much() -> None:
    """At removal .75 treat has cost .1, own (halfway between .5 and 1) .7."""
    spec = {
        "kind": "damage-difference", "arm": "treat", "than": "own", "damage": "ordinary_loss",
        "at": "judged", **GAP,
    }  # fmt: skip
    assert estimate(view(), spec)[0] == pytest.approx(0.6)


@pytest.mark.parametrize("arm", ["treat", "own"])
def test_damage_is_not_compared_along_a_curve_with_a_hole(arm: str) -> None:
    """A dose at which nothing was generated has no removal: neither dose 0 nor the others tell."""
    spec = {
        "kind": "damage-difference", "arm": "treat", "than": "own", "damage": "ordinary_loss",
        "at": "judged", **GAP,
    }  # fmt: skip
    broken = view()
    rows = broken.evidence.generate
    rows.loc[(rows["arm"] == arm) & (rows["dose"] == 1.0), "steps"] = 0
    with pytest.raises(MissingNumber, match=f"rate of arm '{arm}' at dose 1, replicate 0"):
        estimate(broken, spec)


def test_a_missing_judged_dose_is_named_and_not_guessed() -> None:
    """Without an admissible dose there is no number at the judged dose."""
    spec = {"kind": "closed-gap", "arm": "treat", "at": "judged", **GAP}
    with pytest.raises(MissingNumber, match="no judged dose in replicate 0"):
        estimate(view(judged=None), spec)


def test_an_unmeasured_cell_is_named() -> None:
    """A dose that no cell has gives an error with arm, dose and replicate."""
    spec = {"kind": "level", "arm": "treat", "readout": "rate", "at": 0.25}
    with pytest.raises(MissingNumber, match=r"'treat' 'd' at dose 0.25 on confirm, replicate 0"):
        estimate(view(), spec)


def test_no_gap_to_close_is_an_error_and_not_infinity() -> None:
    """Baseline equal to reference leaves nothing to divide by."""
    cells = [cell("base", 0, rate=0.2), cell("ref", 0, rate=0.2)]
    cells += [cell("treat", 0, rate=0.1, dose=0.5, variant="d")]
    made = View(evidence(claim(ARMS), cells, 0.5), (0,))
    with pytest.raises(MissingNumber, match="no gap to close"):
        estimate(made, {"kind": "closed-gap", "arm": "treat", "at": 0.5, **GAP})
