"""``python -m tests.fuzz``: see the package."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.driver import report, run


def main() -> int:
    """Fuzz and print the table; 1 where any input failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--reader", action="append", default=[], help="only this one (repeat)")
    parser.add_argument("--keep", type=Path, help="work here, and leave reproducers of failures")
    args = parser.parse_args()
    home = (args.keep or Path(tempfile.mkdtemp(prefix="fuzz-"))).resolve()
    home.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    tallies = run(home, args.inputs, args.seed, args.reader)
    print(report(tallies))
    print(f"seed {args.seed}, {time.monotonic() - start:.0f} s")
    return 1 if any(t.failed for t in tallies) or not tallies else 0


if __name__ == "__main__":
    sys.exit(main())
