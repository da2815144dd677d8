"""A registered workspace whose measurements are written by hand: the record without any model.

Not covered: measuring (``tests/measure/test_runner.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from harness.digest import write_atomic
from harness.lock.register import register
from harness.measure.job import Job, attempt_job, begin, finish
from harness.measure.store import CellName, direction_file, write_cell, write_record
from tests.toy_workspace import claim, make

REPLICATES = 3


def workspace(root: Path, locked: bool = True) -> Path:
    """A workspace with the claim ``easy``, registered unless told otherwise."""
    make(root, easy=claim("easy", replicates=REPLICATES))
    if locked:
        register(root, ["easy"])
    return root


def write_replicate(
    job: Job, replicate: int, loss: float = 3.7, directions: Sequence[str] = ()
) -> None:
    """All cells of one replicate, the directions named (bytes in place of vectors), its record."""
    for label in directions:
        path = job.folder / "directions" / direction_file(label, replicate)
        write_atomic(path, f"{label} {replicate}".encode())
    for arm in ("baseline", "reference"):
        keys = {"variant": "", "dose": 0.0, "prompt": [0, 1], "stratum": "a"}
        proof = {"fired": 0, "dose_measured": float("nan"), "delta_max": 0.0}
        counts = {"steps": 5, "behaviour": 1, "garbage": 0, "text": ""}
        size = loss + replicate / 10
        read = {"onset_mass": 0.1, "elsewhere_mass": 0.1, "ordinary_loss": size, "kl": 0.0}
        for mode, columns in (("generate", counts), ("score", read)):
            name = CellName(arm, replicate, job.final_split, mode)
            write_cell(job.folder, name, pd.DataFrame({**keys, **columns, **proof}))
    well = {"loss_gap": 0.01, "behaviour_rate": 0.2, "garbage_rate": 0.0}
    record = {
        "schema": "causal-claims/replicate/1",
        "replicate": replicate,
        "health": {"regulation": well, "standard": well},
        "split_half": {},
        "dose": {"judged": None, "table": []},
        "direction_norm": dict.fromkeys(directions, 1.0),
        "dictionaries": {},
    }
    write_record(job.folder, replicate, record)


def attempted(root: Path, claim_id: str = "easy") -> Job:
    """The attempt of a claim, begun, measured and finished."""
    job = attempt_job(root, claim_id)
    begin(job)
    for replicate in job.replicates:
        write_replicate(job, replicate)
    assert finish(job)
    return job
