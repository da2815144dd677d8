"""Doses in other units than the residual norm: what is done, what is kept, what is judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.claim.canonical import claim_from_json, claim_to_json
from harness.claim.parse import parse_claim
from harness.errors import BadInput
from harness.measure.artefacts import Silent
from harness.measure.job import Job
from harness.measure.run import measure_all
from harness.measure.store import CellName, read_cell
from harness.verdict.judging import judge_job
from harness.verdict.records import Verdict
from tests.measure.rows import explored, record, text, workspace

DIRECTIONS = """
difference: {method: mean-difference, site: onset, positive: regulation, negative: standard}
row: {method: dictionary-row, site: onset, positive: regulation, negative: standard}
"""
PUSH = "on: regulation, site: onset, operation: subtract"
ARMS = f"""
raw: {{{PUSH}, directions: [row, difference], unit: own, doses: [0.0, 1.0]}}
plain: {{{PUSH}, direction: difference, doses: [0.0, 0.4]}}
moved: {{{PUSH}, directions: [row, difference], unit: kl, doses: [0.0, 0.05, 0.2, 19.0]}}
far: {{{PUSH}, direction: difference, unit: kl, doses: [0.0, 19.0]}}
drawn: {{{PUSH}, control: isotropic, count: 3, unit: kl, doses: [0.0, 0.002]}}
"""
SHOWN = "far: {kind: level, arm: far, readout: rate, at: 19.0, label: far}"
MORE = """
raw-band: {kind: dose-band, arm: raw, low: 0.8, high: 1.25, why: w}
drawn-band: {kind: dose-band, arm: drawn, low: 0.8, high: 1.25, why: w}
moved-band: {kind: dose-band, arm: moved, low: 0.8, high: 1.25, why: w}
covered:
  {kind: coverage, arm: plain, baseline: baseline, reference: reference, readout: rate, closes: 0.3,
   arms: [raw], why: w}
"""


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    return explored(tmp_path_factory.mktemp("units") / "w", text(DIRECTIONS, ARMS, SHOWN, MORE), 1)


@pytest.fixture(scope="module")
def verdict(job: Job) -> Verdict:
    measure_all(job, Silent())
    return judge_job(job)


def cell(job: Job, arm: str, mode: str = "score") -> Any:
    return read_cell(job.folder / "cells" / CellName(arm, 0, "explore", mode).file)


def planned(job: Job, arm: str) -> dict[str, list[dict[str, float | None]]]:
    found: Any = record(job)["planned"]
    return dict(found[arm])


def test_own_length_subtracts_the_vector_as_it_was_fitted(job: Job) -> None:
    """Dose 1 moves every position by the natural length, in activation units."""
    lengths: Any = record(job)["direction_length"]
    for mode in ("score", "generate"):
        table = cell(job, "raw", mode)
        for name in ("row", "difference"):
            mine = table[(table["variant"] == name) & (table["dose"] == 1.0)]
            assert mine["delta_max"].to_numpy() == pytest.approx(
                lengths[f"{name}@regulation+0"], rel=1e-4
            )


def test_the_residual_dose_of_an_own_length_is_recorded(job: Job) -> None:
    """Natural length over the median residual norm, which is what is realised."""
    norms: Any = record(job)["direction_norm"]
    rows = planned(job, "raw")
    for name in ("row", "difference"):
        (zero, one) = rows[name]
        assert zero["residual"] == 0.0
        assert one["residual"] == pytest.approx(norms[f"{name}@regulation+0"], rel=1e-9)


def test_a_kl_target_is_met_on_the_select_split_for_each_candidate(job: Job) -> None:
    """Within one per cent there; nearly so on the split that is judged; the doses differ."""
    rows = planned(job, "moved")
    for name in ("row", "difference"):
        for row in rows[name][1:3]:
            assert row["dose"] is not None
            assert row["kl"] == pytest.approx(row["dose"], rel=0.011)
            table = cell(job, "moved")
            mine = table[(table["variant"] == name) & (table["dose"] == row["dose"])]
            assert mine["kl"].mean() == pytest.approx(row["dose"], rel=0.25)
            assert mine["dose_measured"].median() == pytest.approx(row["residual"], rel=0.1)
    drawn = [rows_[1]["residual"] for rows_ in planned(job, "drawn").values()]
    assert len(set(drawn)) == 3


def test_larger_targets_have_larger_doses(job: Job) -> None:
    """The curve is read where it first reaches each target."""
    for rows in planned(job, "moved").values():
        doses = [row["residual"] for row in rows if row["residual"] is not None]
        assert doses == sorted(doses)
        assert len(set(doses)) == len(doses)


def test_a_target_out_of_reach_is_not_run_and_is_named(job: Job, verdict: Verdict) -> None:
    """No cell stands in for it, the record has the largest KL seen, and judging says UNDERDOSED."""
    rows = planned(job, "moved")
    assert all(rows[name][3]["residual"] is None for name in rows)
    assert all(0 < float(rows[name][3]["top"] or 0) < 19 for name in rows)
    assert 19.0 not in set(cell(job, "moved")["dose"])
    found = {p.name: p for p in verdict.preconditions}
    assert not found["moved-band"].held
    assert "UNDERDOSED" in found["moved-band"].got
    assert "19 nats" in found["moved-band"].got
    (far,) = verdict.shown
    assert far.number.estimate is None
    assert "UNDERDOSED: no dose up to 4 residual norms" in far.sentence


def test_realised_doses_are_held_to_the_residual_dose(verdict: Verdict) -> None:
    """A dose of one own length is no residual norm, and is realised all the same."""
    found = {p.name: p for p in verdict.preconditions}
    assert found["raw-band"].held, found["raw-band"].got
    assert found["drawn-band"].held, found["drawn-band"].got


def test_a_short_vector_as_it_is_is_underdosed(verdict: Verdict) -> None:
    """The decoder row's own length does not reach the dose at which the difference acts."""
    found = {p.name: p for p in verdict.preconditions}
    assert not found["covered"].held
    assert "UNDERDOSED: 1 of 2 grids stop short (raw/row" in found["covered"].got


def test_dose_zero_is_the_baseline_in_every_unit(job: Job) -> None:
    """Bit for bit."""
    base = cell(job, "baseline")
    for arm in ("raw", "moved"):
        table = cell(job, arm)
        mine = table[(table["variant"] == "row") & (table["dose"] == 0.0)]
        assert np.array_equal(mine["ordinary_loss"], base["ordinary_loss"])
        assert (mine["delta_max"] == 0).all()


def test_the_unit_is_part_of_the_claim_where_it_is_not_the_residual_norm(tmp_path: Path) -> None:
    """Locks from before there were units keep their bytes; a unit survives the canonical form."""
    root = workspace(tmp_path / "w", text(DIRECTIONS, ARMS, "", MORE))
    claim = parse_claim(root, "claims/rows.yaml")
    value = claim_to_json(claim)
    units = {arm["name"]: arm.get("unit") for arm in value["arms"]}
    assert units == {"baseline": None, "reference": None, "raw": "own", "plain": None,
                     "moved": "kl", "far": "kl", "drawn": "kl"}  # fmt: skip
    assert claim_from_json(value) == claim


RULE = "dose_rule: {arm: plain, baseline: baseline, readout: rate, bounds: {garbage_rate: 1.0}}\n"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("unit: own, doses: [0.0, 1.0]", "unit: length, doses: [0.0, 1.0]", "unknown unit"),
        ("unit: own, doses: [0.0, 1.0]", "unit: own, doses: [0.0, 1001.0]", "out of bounds"),
        ("unit: own, doses: [0.0, 1.0]", "unit: own, doses: judged", "judged dose is in residual"),
        ("count: 3, unit: kl", "count: 3, unit: own", "no length of their own"),
        ("subtract, directions: [row, difference], unit: own",
         "project-out, direction: row, unit: own", "project-out has no dose in own"),
        ("difference, doses: [0.0, 0.4]", "difference, unit: kl, doses: [0.0, 0.4]",
         "dose rule chooses a dose in residual norms"),
    ],
)  # fmt: skip
def test_units_that_make_no_sense_are_refused(
    old: str, new: str, words: str, tmp_path: Path
) -> None:
    """With what is wrong, where it stands."""
    good = text(DIRECTIONS, ARMS, "", MORE) + RULE
    assert good.count(old) == 1
    root = workspace(tmp_path / "w", good.replace(old, new))
    with pytest.raises(BadInput, match=words):
        parse_claim(root, "claims/rows.yaml")


def test_arms_in_two_units_are_not_read_at_one_dose(tmp_path: Path) -> None:
    """0.05 nats and 0.05 residual norms are two things."""
    arms = ARMS.replace("doses: [0.0, 0.4]", "doses: [0.0, 0.05]").replace(
        "directions: [row, difference], unit: kl", "direction: row, unit: kl"
    )
    shown = "apart: {kind: contrast, arm: moved, minus: plain, readout: rate, at: 0.05, label: no}"
    root = workspace(tmp_path / "w", text(DIRECTIONS, arms, shown, MORE))
    with pytest.raises(BadInput, match="in different units"):
        parse_claim(root, "claims/rows.yaml")
