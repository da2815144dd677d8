"""Directions that are decoder rows: which feature, how long, and what is kept of the choice."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from harness.errors import BadInput
from harness.intervene.context import Direction
from harness.intervene.store import load_direction
from harness.measure.artefacts import Silent
from harness.measure.job import Job
from harness.measure.run import measure_all
from harness.measure.store import direction_file
from harness.measure.tables import load_evidence, load_tables
from harness.readout.dictionary import load_dictionary
from harness.readout.marker import marker, matched_rates
from harness.verdict.judging import judge_job
from tests.measure.rows import HOOK, LENGTH, explored, record, text, workspace

E_B = 3
DIRECTIONS = """
difference: {method: mean-difference, site: onset, positive: regulation, negative: standard}
row: {method: dictionary-row, site: onset, positive: regulation, negative: standard}
drawn:
  {method: dictionary-row, site: onset, dictionary: random,
   positive: regulation, negative: standard}
"""
ARMS = """
along:
  {on: regulation, site: onset, operation: subtract, doses: [0.0, 0.4],
   directions: [difference, row, drawn]}
"""
SHOWN = """
shorter: {kind: norm-ratio, direction: row, to: difference, label: A15}
"""


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    return explored(tmp_path_factory.mktemp("rows") / "w", text(DIRECTIONS, ARMS, SHOWN), 2)


def row(job: Job, name: str, replicate: int) -> Direction:
    file = direction_file(f"{name}@regulation+0", replicate)
    return load_direction(job.folder / "directions" / file)


def test_the_marker_is_found_by_matching_wherever_it_stands(job: Job) -> None:
    """The row along the behaviour is taken in each replicate, although its number differs."""
    numbers = set()
    for r in (0, 1):
        found = row(job, "row", r)
        assert abs(float(found.unit[E_B])) > 0.999
        assert found.norm == pytest.approx(LENGTH, rel=1e-5)
        about = found.provenance
        assert about["norm_is"] == "length of the decoder row"
        assert float(about["rate_positive"]) > 0.9
        assert float(about["rate_negative"]) == 0.0
        numbers.add(about["feature"])
    assert len(numbers) == 2


def test_the_choice_can_be_read_off_the_stored_counts(job: Job) -> None:
    """The select split's counts are kept, and give the feature that the provenance names."""
    table = load_tables(job.folder)["features"]
    mine = table[(table["split"] == "select") & (table["replicate"] == 0)]
    for name, of in (("row", "regulation"), ("drawn", "random")):
        seen = matched_rates(mine[mine["dictionary"] == of])
        about = row(job, name, 0).provenance
        assert str(marker(seen)) == about["feature"]
        assert float(about["rate_positive"]) == pytest.approx(
            seen["trained"].iloc[marker(seen)], rel=1e-5
        )


def test_the_row_is_that_of_the_built_dictionary(job: Job) -> None:
    """Unit times length is the decoder row itself, of the dictionary on disk."""
    found = row(job, "row", 0)
    number = int(found.provenance["feature"])
    folders = {p.parent for p in (job.root / ".cache/dictionaries").glob("*/cfg.json")}
    rows = [load_dictionary(f).w_dec[number] for f in folders]
    assert any(torch.allclose(found.unit * found.norm, one, atol=1e-7) for one in rows)


def test_a_random_dictionary_gives_a_control(job: Job) -> None:
    """Its best feature is some other vector, as long as the rows that it was drawn like."""
    assert abs(float(row(job, "drawn", 0).unit[E_B])) < 0.9
    assert row(job, "drawn", 0).provenance["dictionary"] == "random"


def test_lengths_are_kept_and_their_ratio_can_be_shown(job: Job) -> None:
    """The ratio is that of the vectors as fitted, in activation units."""
    lengths = record(job)["direction_length"]
    assert isinstance(lengths, dict)
    assert lengths["row@regulation+0"] == pytest.approx(LENGTH, rel=1e-5)
    verdict = judge_job(job)
    (shown,) = verdict.shown
    one, two = (row(job, n, 0).norm for n in ("row", "difference"))
    assert shown.number.values[0] == pytest.approx(one / two, rel=1e-9)
    assert "ength of row over that of difference" in shown.sentence


def test_dictionaries_are_measured_where_only_a_row_needs_them(job: Job) -> None:
    """So that a dictionary precondition has something to hold on to."""
    assert f"regulation/{HOOK}" in record(job)["dictionaries"]  # type: ignore[operator]
    assert load_evidence(job).features["hook"].unique().tolist() == [HOOK]
    measure_all(job, Silent())  # complete: nothing that was planned is missing


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("negative: standard}\nd", "negative: host}\nd", "belongs to a named role"),
        ("dictionary: random", "dictionary: trained", "unknown dictionary"),
        ("mean-difference,", "mean-difference, dictionary: random,", "has no dictionary"),
        ("random,\n   positive: regulation, negative: standard",
         "random,\n   positive: standard, negative: regulation", "one pair"),
    ],
)  # fmt: skip
def test_rows_that_make_no_sense_are_refused(
    old: str, new: str, words: str, tmp_path: Path
) -> None:
    """A host has no dictionary, methods without dictionary take none, a claim compares one pair."""
    from harness.claim.parse import parse_claim

    assert old in DIRECTIONS
    root = workspace(tmp_path / "w", text(DIRECTIONS.replace(old, new, 1), ARMS, SHOWN))
    with pytest.raises(BadInput, match=words):
        parse_claim(root, "claims/rows.yaml")


def test_a_site_without_dictionaries_is_refused(tmp_path: Path) -> None:
    """The recipe is asked before anything is trained."""
    from harness.claim.parse import parse_claim

    bad = text(DIRECTIONS, ARMS, SHOWN).replace(HOOK, "blocks.1.hook_resid_post")
    root = workspace(tmp_path / "w", bad)
    with pytest.raises(BadInput, match=r"no dictionaries at blocks\.1"):
        parse_claim(root, "claims/rows.yaml")


def test_a_length_is_shown_of_directions_that_are_fitted(tmp_path: Path) -> None:
    """A direction that no arm on the role uses has no length there."""
    from harness.claim.parse import parse_claim

    bad = text(DIRECTIONS, ARMS, SHOWN.replace("to: difference", "to: difference, on: standard"))
    root = workspace(tmp_path / "w", bad)
    with pytest.raises(BadInput, match="no arm on standard"):
        parse_claim(root, "claims/rows.yaml")
