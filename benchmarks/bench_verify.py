"""How long a sceptic waits: ``claims verify`` on a registration of many claims and many rows.

    python -m benchmarks.bench_verify [--claims 100] [--rows 1000000] [--pages]

Makes a workspace with one registration of that many claims, measurements of so many rows in all
(made up, recorded as an attempt records them) and published verdicts, then times ``claims verify``
as a whole process, three times, and prints the median. With ``--pages`` every claim has its page,
which is then rendered again.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from harness.lock.register import register  # noqa: E402
from harness.measure.job import Job, attempt_job, begin, finish  # noqa: E402
from harness.measure.store import CellName, write_cell, write_record  # noqa: E402
from harness.report.build import build_reports, publish_verdict  # noqa: E402
from tests.toy_workspace import claim, make  # noqa: E402

REPLICATES = 5
ARMS = ("baseline", "reference")
CELLS = REPLICATES * len(ARMS) * 2
WELL = {"loss_gap": 0.01, "behaviour_rate": 0.2, "garbage_rate": 0.0}


def study(root: Path, claims: int, rows: int) -> int:
    """Make the workspace; the number of rows that were written."""
    names = [f"claim-{n:03d}" for n in range(claims)]
    make(root, **{n.replace("-", "_"): claim(n, replicates=REPLICATES) for n in names})
    register(root, names)
    size = max(1, rows // (claims * CELLS))
    rng = np.random.default_rng(0)
    for name in names:
        job = attempt_job(root, name)
        begin(job)
        for replicate in job.replicates:
            write(job, replicate, size, rng)
        assert finish(job)
        publish_verdict(job)
    return size * CELLS * claims


def write(job: Job, replicate: int, size: int, rng: np.random.Generator) -> None:
    """One replicate's cells and record."""
    shared = {
        "variant": "",
        "dose": 0.0,
        "prompt": np.arange(size, dtype=np.int32),
        "stratum": "a",
        "fired": 0,
        "dose_measured": np.nan,
        "delta_max": 0.0,
    }
    for arm in ARMS:
        made = {"steps": 5, "behaviour": rng.integers(0, 5, size), "garbage": 0, "text": "w1 w2"}
        read = {
            "onset_mass": rng.random(size),
            "elsewhere_mass": rng.random(size),
            "ordinary_loss": 3.7 + rng.random(size),
            "kl": rng.random(size),
        }
        for mode, columns in (("generate", made), ("score", read)):
            name = CellName(arm, replicate, "confirm", mode)
            write_cell(job.folder, name, pd.DataFrame({**shared, **columns}))
    record = {
        "schema": "causal-claims/replicate/1",
        "replicate": replicate,
        "health": {"regulation": WELL, "standard": WELL},
        "split_half": {},
        "dose": {"judged": None, "table": []},
        "dictionaries": {},
    }
    write_record(job.folder, replicate, record)


def verify(root: Path) -> float:
    """Seconds of one ``claims verify``; it has to pass."""
    start = time.perf_counter()
    command = "import sys; from harness.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", command, "verify", "--workspace", str(root)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"not verified:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--claims", type=int, default=100)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--pages", action="store_true", help="every claim has its page too")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "study"
        start = time.perf_counter()
        rows = study(root, chosen.claims, chosen.rows)
        if chosen.pages:
            build_reports(root)
        print(f"made in {time.perf_counter() - start:.0f} s")
        size = sum(p.stat().st_size for p in root.rglob("*") if p.is_file()) / 1e6
        took = statistics.median(verify(root) for _ in range(3))
        print(f"{chosen.claims} claims, {rows:,} rows, {size:.0f} MB: verified in {took:.1f} s")


if __name__ == "__main__":
    main()
