"""Small real workspaces, commands as processes of their own, and what a workspace holds.

Not covered: what is done to them (``kills``, ``steps``, ``places``).
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.cli import main
from harness.digest import digest_file
from harness.errors import RecordBroken
from harness.lock import witness
from harness.lock.chain import parse
from harness.lock.ledger import Row, ledger_path, read
from harness.lock.witness import WITNESS
from harness.verdict.standing import all_standings
from tests import toy_workspace as toy

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAM = "import sys; from harness.cli import main; sys.exit(main())"
DIRECTION = """\
directions:
  away: {method: mean-difference, site: onset, positive: regulation, negative: standard}
arms:
  treatment: {on: regulation, site: onset, operation: subtract, direction: away, doses: [0.0, 0.5]}
"""


def study(root: Path, replicates: int = 3) -> Path:
    """Claims ``one`` (PASS) and ``two`` (FAIL) on one recipe, each with a fitted direction."""
    one = toy.claim("one", replicates=replicates)
    two = toy.claim("two", margin=20.0, replicates=replicates)
    with_direction = [text.replace("arms:\n", DIRECTION) for text in (one, two)]
    return toy.make(root, one=with_direction[0], two=with_direction[1])


def environment() -> dict[str, str]:
    """One thread, and the harness of this repository."""
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}


def claims(root: Path, *argv: str) -> list[str]:
    """The command line of ``claims`` in a workspace."""
    return [sys.executable, "-c", PROGRAM, "--workspace", str(root), *argv]


def run(command: Sequence[str], limit: float = 300) -> subprocess.CompletedProcess[str]:
    """A command to its end."""
    return subprocess.run(
        command, env=environment(), capture_output=True, text=True, timeout=limit, check=False
    )


def here(root: Path, *argv: str) -> tuple[int, str, str]:
    """A command of ``claims`` in this process: exit code, what it said, what it complained of."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["--workspace", str(root), *argv])
    return code, out.getvalue(), err.getvalue()


def rows(root: Path) -> tuple[Row, ...]:
    """The whole rows of a ledger that may be torn."""
    path = ledger_path(root)
    return parse(path.read_bytes())[0] if path.is_file() else ()


def torn(root: Path) -> bool:
    """Whether the ledger's last line is torn."""
    try:
        read(root)
    except RecordBroken as error:
        if "torn" not in error.what:
            raise
        return True
    return False


def said(one: Row) -> tuple[str, str]:
    """A row without its place and its time."""
    return one.kind, repr(sorted(one.body.items()))


def left_over(root: Path) -> list[str]:
    """Temporary files and folders, by relative name.

    A kill behind the last row that is ever written leaves the head witness's draft to the next one.
    """
    found = [*root.rglob(".*.part"), *root.rglob(".draft-*")]
    if _lags(root):
        found = [path for path in found if not path.name.startswith(f".{Path(WITNESS).name}.")]
    return sorted(path.relative_to(root).as_posix() for path in found)


def _lags(root: Path) -> bool:
    """Whether the head witness has not seen the ledger's last row."""
    seen = witness.load(root)
    return len(rows(root)) > (seen.seq if seen else 0)


def results(root: Path, *folders: str) -> dict[str, str]:
    """Relative name -> digest, of every file under these folders but caches, what was being
    written, and the ledger and its witness, which hold times."""
    left_out = (ledger_path(root), root / WITNESS)
    return {
        path.relative_to(root).as_posix(): digest_file(path)
        for folder in folders
        for path in sorted((root / folder).rglob("*"))
        if path.is_file() and path.suffix not in (".pyc", ".part") and path not in left_out
    }


@dataclass(frozen=True)
class State:
    """What a sceptic would compare: everything but times."""

    files: dict[str, str]
    said: Counter[tuple[str, str]]
    """Rows of the ledger, gaps and recoveries left out."""
    standings: tuple[tuple[str, str], ...]
    verified: int
    """Exit code of ``claims verify``."""


def state(root: Path) -> State:
    """The state of a workspace whose ledger is whole."""
    told = [one for one in read(root) if one.kind not in ("attempt-interrupted", "recovery")]
    return State(
        files=results(root, "claims", "reports"),
        said=Counter(said(one) for one in told),
        standings=tuple((one.claim, one.status.name) for one in all_standings(root)),
        verified=here(root, "verify")[0],
    )
