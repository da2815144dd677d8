"""``claims status``: every claim of the workspace with its standing. Not covered: recomputing what
is stored (``claims verify``)."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli.command import Command
from harness.cli.output import Output
from harness.cli.standings import COLUMNS, cells
from harness.cli.workspace import find_root
from harness.errors import EXIT_OK, NothingThere


def _arguments(parser: argparse.ArgumentParser) -> None:
    del parser  # it takes none


def run(args: argparse.Namespace, output: Output) -> int:
    """Print a row per claim, registered or not."""
    from harness.verdict.standing import all_standings

    root = find_root(args.workspace, Path.cwd())
    rows = all_standings(root)
    if not rows:
        raise NothingThere(
            "there is no claim", where=str(root / "claims"), fix="Write one: `claims new ID`"
        )
    output.table(COLUMNS, [cells(row) for row in rows])
    output.result({"workspace": str(root), "claims": [row.as_json() for row in rows]})
    return EXIT_OK


COMMAND = Command(
    name="status",
    summary="list every claim with its standing",
    text="List every claim of the workspace with its standing: registered, measured, judged or "
    "not. Exit code 0 means that the list was made, whatever the standings are.",
    example="claims status --json",
    arguments=_arguments,
    run=run,
)
