"""Cells become one row per replicate, arm, variant and dose, and nothing unrecorded gets in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness.errors import NothingThere, RecordBroken
from harness.measure.job import attempt_job
from harness.measure.store import CellName
from harness.measure.tables import load_evidence, load_tables, summarise, was_measured
from tests.measure.forged import attempted, workspace, write_replicate

KEYS = {"replicate": 0, "split": "confirm", "arm": "treat", "variant": "d", "dose": 0.5}


def generated(*rows: tuple[int, int, int], **more: Any) -> pd.DataFrame:
    """(steps, behaviour, garbage) per prompt."""
    table = pd.DataFrame(rows, columns=["steps", "behaviour", "garbage"])
    fill: dict[str, Any] = {"fired": 1, "dose_measured": 0.5, "delta_max": 1.0}
    return table.assign(**{**KEYS, **fill, **more})


def scored(losses: list[float], **more: Any) -> pd.DataFrame:
    table = pd.DataFrame({"ordinary_loss": losses})
    fill: dict[str, Any] = {
        "onset_mass": 0.1,
        "elsewhere_mass": 0.0,
        "kl": 0.0,
        "fired": 1,
        "dose_measured": 0.5,
        "delta_max": 1.0,
    }
    return table.assign(**{**KEYS, **fill, **more})


def test_a_rate_is_a_ratio_of_sums_over_prompts() -> None:
    """One step of one and no step of nine are a tenth, not a half."""
    row = summarise(generated((1, 1, 0), (9, 0, 3)), pd.DataFrame()).iloc[0]
    assert row["rate"] == pytest.approx(0.1)
    assert row["garbage_rate"] == pytest.approx(0.3)
    assert row["steps"] == 10


def test_no_step_at_all_has_no_rate() -> None:
    """Nothing divided by nothing is not a number, and not zero."""
    row = summarise(generated((0, 0, 0), (0, 0, 0)), pd.DataFrame()).iloc[0]
    assert np.isnan(row["rate"])
    assert np.isnan(row["garbage_rate"])


def test_scores_are_means_over_the_texts_that_have_one() -> None:
    """A text without ordinary tokens is left out; none at all leaves no number."""
    row = summarise(pd.DataFrame(), scored([1.0, 3.0, float("nan")])).iloc[0]
    assert row["ordinary_loss"] == pytest.approx(2.0)
    assert np.isnan(summarise(pd.DataFrame(), scored([float("nan")])).iloc[0]["ordinary_loss"])


def test_a_row_is_valid_with_a_step_and_without_garbage() -> None:
    """Counted row by row, not step by step; a row that never ends a step is not valid."""
    row = summarise(generated((4, 1, 0), (9, 0, 3), (0, 0, 0), (1, 0, 0)), pd.DataFrame()).iloc[0]
    assert row["format_valid"] == 0.5


def test_later_readouts_are_means_over_the_rows_that_have_one() -> None:
    """A row without a phrase has no placement and is left out."""
    rows = generated((1, 0, 0), (1, 0, 0), (1, 0, 0), placed=[1.0, np.nan, 0.5],
                     repetition=[0.0, 0.1, 0.2], clean_nats=[1.0, 2.0, np.nan])  # fmt: skip
    row = summarise(rows, scored([1.0, 1.0], fidelity=[0.5, 1.0])).iloc[0]
    assert row[["placed", "repetition", "clean_nats", "fidelity"]].tolist() == pytest.approx(
        [0.75, 0.1, 1.5, 0.75]
    )


def test_cells_from_before_a_readout_have_no_number_for_it() -> None:
    """Everything else is as it would be with the column."""
    row = summarise(generated((1, 0, 0)), scored([1.0])).iloc[0]
    assert row[["placed", "repetition", "clean_nats", "fidelity"]].isna().all()
    assert row["ordinary_loss"] == 1.0
    assert not was_measured("placed", generated((1, 0, 0)), scored([1.0]))
    assert was_measured("format_valid", generated((1, 0, 0)), pd.DataFrame())
    assert was_measured("rate", generated((1, 0, 0)), scored([1.0]))


def test_the_realised_dose_is_a_median_and_the_change_a_maximum() -> None:
    """One outlying prompt moves the median little, and is seen in the largest change."""
    table = generated(
        (1, 0, 0), (1, 0, 0), (1, 0, 0),
        dose_measured=[0.5, 0.5, 9.0], delta_max=[1.0, 1.0, 7.0], fired=[0, 2, 3],
    )  # fmt: skip
    row = summarise(table, pd.DataFrame()).iloc[0]
    assert row["dose_measured"] == 0.5
    assert row["delta_max"] == 7.0
    assert row["fired"] == 5


def test_variants_doses_splits_and_replicates_are_never_averaged() -> None:
    """Each has its own row, generated and scored side by side."""
    changes: list[dict[str, object]] = [
        {}, {"variant": "e"}, {"dose": 1.0}, {"split": "select"}, {"replicate": 1}, {"arm": "x"}
    ]  # fmt: skip
    one = pd.concat([generated((10, n, 0), **c) for n, c in enumerate(changes)])
    two = pd.concat([scored([float(n)], **c) for n, c in enumerate(changes)])
    table = summarise(one, two)
    assert len(table) == len(changes)
    assert (table["rate"] * 10).tolist() == pytest.approx(table["ordinary_loss"].tolist())


def test_cells_of_a_replicate_without_record_are_no_evidence(tmp_path: Path) -> None:
    """A kill in the middle of a replicate leaves cells that nobody reads."""
    job = attempt_job(workspace(tmp_path / "study"), "easy")
    with pytest.raises(NothingThere, match="nothing is measured yet"):
        load_evidence(job)
    write_replicate(job, 0)
    write_replicate(job, 1)
    (job.folder / "replicate.1.json").unlink()
    evidence = load_evidence(job)
    assert evidence.replicates == (0,)
    assert set(evidence.generate["replicate"]) == {0}
    assert set(evidence.score["replicate"]) == {0}


def test_evidence_is_what_was_recorded_file_by_file(tmp_path: Path) -> None:
    """A cell that changed, one that is gone and one that came are each named."""
    job = attempted(workspace(tmp_path / "study"))
    cells = job.folder / "cells"
    path = cells / CellName("baseline", 1, "confirm", "score").file
    other = cells / CellName("baseline", 2, "confirm", "score").file
    kept = path.read_bytes()

    path.write_bytes(other.read_bytes())
    with pytest.raises(RecordBroken, match=r"baseline\.r1\.confirm\.score.* is not the file"):
        load_evidence(job)
    path.unlink()
    with pytest.raises(RecordBroken, match=r"baseline\.r1\.confirm\.score.* is missing"):
        load_evidence(job)
    path.write_bytes(kept)
    extra = cells / CellName("extra", 1, "confirm", "score").file
    extra.write_bytes(kept)
    with pytest.raises(RecordBroken, match=r"extra\.r1\.confirm\.score"):
        load_evidence(job)
    extra.unlink()
    assert load_evidence(job).replicates == (0, 1, 2)


def test_a_foreign_file_among_the_cells_is_an_error(tmp_path: Path) -> None:
    """What nothing wrote is not skipped in silence."""
    job = attempted(workspace(tmp_path / "study"))
    (job.folder / "cells" / "notes.parquet").write_bytes(b"")
    with pytest.raises(RecordBroken, match=r"notes\.parquet"):
        load_tables(job.folder)
