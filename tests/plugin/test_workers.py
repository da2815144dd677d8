"""Claims under pytest-xdist."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from harness.cli import main
from tests import toy_workspace as toy

LOG = """
        with open(Path(__file__).parent.parent / "built.log", "a") as log:
            log.write(f"{role} {seed}\\\\n")
"""


def test_two_workers_build_each_model_once_and_give_one_summary(tmp_path: Path) -> None:
    """Two claims of one registration on two workers: every model is trained a single time."""
    root = toy.make(tmp_path, one=toy.claim("one"), two=toy.claim("two", margin=20.0))
    builder = root / "models" / "toy.py"
    marked = builder.read_text().replace("        config = Dec", LOG + "        config = Dec")
    builder.write_text(marked.replace("\\\\n", "\\n"))
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    assert main(["--workspace", str(root), "lock", "one", "two"]) == 0
    program = "import sys; from harness.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", program, "run", "-n", "2", "--json"],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    value = json.loads(done.stdout)
    assert {c["claim"]: c["status"] for c in value["claims"]} == {"one": "PASS", "two": "FAIL"}
    assert done.stderr.count("= claims =") == 1
    built = (root / "built.log").read_text().split("\n")
    assert len(built) == len(set(built))
    ledger = [json.loads(x) for x in (root / "claims" / "ledger.jsonl").read_text().splitlines()]
    kinds = [row["kind"] for row in ledger]
    assert kinds.count("attempt-started") == 2
    assert kinds.count("attempt-finished") == 2
