"""A readout that costs a forward pass a row is measured where somebody asks for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.claim.parse import read_claim
from harness.lock.register import register
from harness.measure.artefacts import Silent
from harness.measure.job import Job, attempt_job, exploration_job
from harness.measure.needs import reads
from harness.measure.run import measure_all
from harness.measure.store import CellName, read_cell
from harness.yamlio import load_bytes
from tests.toy_workspace import claim, make

PLAIN = claim("plain", replicates=3)
ASKS = claim("asks", replicates=3).replace(
    "does_not_show:",
    "shown:\n  surprise: {kind: level, arm: baseline, readout: clean_nats}\ndoes_not_show:",
)


def columns(job: Job) -> set[str]:
    measure_all(job, Silent())
    name = CellName("baseline", 0, job.final_split, "generate")
    return set(read_cell(job.folder / "cells" / name.file).columns)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make(tmp_path_factory.mktemp("asked") / "study", plain=PLAIN, asks=ASKS)
    register(root, ["plain", "asks"])
    return root


def test_an_attempt_measures_the_clean_models_surprise_if_the_claim_reads_it(root: Path) -> None:
    """The rest of the columns is the same."""
    plain, asks = (columns(attempt_job(root, name)) for name in ("plain", "asks"))
    assert "clean_nats" in asks
    assert asks - plain == {"clean_nats"}


def test_an_exploration_measures_it_always(root: Path) -> None:
    """Who explores does not know yet what to ask."""
    assert "clean_nats" in columns(exploration_job(root, "plain", 2))


@pytest.mark.parametrize(
    ("part", "rule"),
    [
        ("criteria", "  criterion:\n    estimand: {kind: level, arm: baseline, readout: X}\n"
         "    test: {kind: below, margin: 9.0}\n    expect: {effect: 1.0, sd: 0.1}\n    why: it\n"),
        ("preconditions", "  b: {kind: level, arm: baseline, readout: X, at_most: 9, why: i}\n"),
        ("shown", "  damaged: {kind: damage-difference, arm: off, than: mean, baseline: baseline, "
         "reference: reference, readout: rate, damage: X, at: 0.5}\n"),
        ("dose_rule", "  arm: off\n  baseline: baseline\n  readout: rate\n  bounds: {X: 0.5}\n"),
    ],
)  # fmt: skip
def test_a_readout_is_asked_for_by_any_rule(part: str, rule: str) -> None:
    """As what is read, as damage, as a bound; another readout there asks for another."""
    arms = (
        "  off: {on: regulation, site: onset, operation: replace-zero, doses: [0.0, 0.5]}\n"
        "  mean: {on: regulation, site: onset, operation: replace-mean, doses: [0.0, 0.5]}\n"
    )
    base = PLAIN.replace("preconditions:\n", f"{arms}preconditions:\n", 1)
    for readout in ("clean_nats", "repetition"):
        named = rule.replace("X", readout)
        if f"\n{part}:\n" in base:
            text = base.replace(f"{part}:\n", f"{part}:\n{named}", 1)
        else:
            text = base.replace("does_not_show:", f"{part}:\n{named}does_not_show:")
        read = read_claim(load_bytes(text.encode(), "claim.yaml"))
        assert reads(read, "clean_nats") is (readout == "clean_nats")
