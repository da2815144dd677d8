"""``python -m benchmarks``: what ``make bench`` runs.

    python -m benchmarks [--rounds N] [--write] [--only engine|verdict] [--keep-memory]

``--write`` keeps the rows under ``benchmarks/results/`` and writes the tables of
``benchmarks/README.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import allocator

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "benchmarks" / "README.md"
RESULTS = ROOT / "benchmarks" / "results"
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="how often each takes its turn")
    parser.add_argument("--write", action="store_true", help="write the results and the tables")
    parser.add_argument("--only", choices=("engine", "verdict"), help="one of the two parts")
    parser.add_argument(
        "--keep-memory",
        action="store_true",
        help="the engine's part, in a process whose allocator keeps what is freed",
    )
    chosen = parser.parse_args()
    if chosen.keep_memory:
        if chosen.only == "verdict":
            parser.error("--keep-memory is for the engine's part: leave --only verdict out")
        chosen.only = "engine"
        if not allocator.keeps(os.environ):
            allocator.start_again(sys.argv[1:])

    import torch
    from transformers.utils import logging as transformers_logging

    from benchmarks import bench_engine, bench_verdict
    from benchmarks.records import SCHEMA, against_loop, contestants_table, replaced
    from benchmarks.timing import peak, processor

    transformers_logging.disable_progress_bar()
    torch.set_num_threads(1)
    rounds, start, top = max(1, chosen.rounds), time.perf_counter(), peak()
    print(f"one thread, float32, matrix-product peak {top:.0f} GFLOP/s, {rounds} rounds")
    record: dict[str, Any] = {
        "schema": SCHEMA,
        "torch": torch.__version__,
        "machine": processor(),
        "threads": 1,
        "allocator": allocator.described(os.environ),
        "rounds": rounds,
        "peak_gflops": top,
    }
    setting = f"torch {torch.__version__}, {record['machine']}, {top:.0f} GFLOP/s, {rounds} rounds"
    file = RESULTS / f"engine-{datetime.now(UTC):%Y%m%d-%H%M}.json"

    def keep(name: str, text: str) -> None:
        """Each part as soon as it is there: the other may still fail."""
        if chosen.write:
            RESULTS.mkdir(exist_ok=True)
            file.write_text(json.dumps(record, indent=1) + "\n")
            README.write_text(replaced(README.read_text(), {name: text}))
            print(f"wrote {file.relative_to(ROOT)} and the table of {README.relative_to(ROOT)}")

    if chosen.only != "verdict":
        rows, absent = bench_engine.measure(rounds)
        record |= {"rows": [asdict(r) for r in rows], "absent": absent}
        said = [f"{name} took no part: {why}." for name, why in absent.items()]
        name, shown = "engine", rows
        if allocator.keeps(os.environ):
            name, shown = "engine/kept", against_loop(rows)
        keep(name, "\n\n".join([f"One run: {setting}.", contestants_table(shown), *said]))
    if chosen.only != "engine":
        study = bench_verdict.measure(rounds)
        record["verdict"] = study.as_json()
        print(study.markdown())
        keep("verdict", study.markdown())
    print(f"{time.perf_counter() - start:.0f} s in all")


main()
