"""``claims status``: every claim of the workspace with its standing. Not covered: recomputing what
is stored (``claims verify``)."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.command import Command
from harness.cli.output import Output
from harness.cli.standings import COLUMNS, cells
from harness.cli.workspace import find_root
from harness.errors import EXIT_OK, ClaimsError, NothingThere

if TYPE_CHECKING:
    from harness.verdict.reported import Missing


def _arguments(parser: argparse.ArgumentParser) -> None:
    del parser  # it takes none


def run(args: argparse.Namespace, output: Output) -> int:
    """Print a row per claim, registered or not, and what was registered and not reported."""
    from harness.lock.memory import remembered
    from harness.verdict.reported import unpublished
    from harness.verdict.standing import all_standings

    root = find_root(args.workspace, Path.cwd())
    missing: tuple[Missing, ...] = ()
    unknown = ""
    with remembered():
        rows = all_standings(root)
        if not rows:
            raise NothingThere(
                "there is no claim", where=str(root / "claims"), fix="Write one: `claims new ID`"
            )
        try:
            missing = unpublished(root)
        except ClaimsError as error:
            unknown = error.sentence
    output.table(COLUMNS, [cells(row) for row in rows])
    if missing or unknown:
        output.say("\nregistered and not reported:")
    for one in missing:
        output.say(f"  {one.sentence}")
    if unknown:
        output.say(f"  what is registered is not known: {unknown}")
    output.result(
        {
            "workspace": str(root),
            "claims": [row.as_json() for row in rows],
            "not_reported": [one.as_json() for one in missing],
            "not_known": [unknown] if unknown else [],
        }
    )
    return EXIT_OK


COMMAND = Command(
    name="status",
    summary="list every claim with its standing",
    text="List every claim of the workspace with its standing: registered, measured, judged or "
    "not; then whatever is registered of which no verdict is published. Exit code 0 means that "
    "the list was made, whatever the standings are.",
    example="claims status --json",
    arguments=_arguments,
    run=run,
)
