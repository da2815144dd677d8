"""``claims recover``: mends what a kill or a full disk left of the ledger, and says so on it.

Not covered: anything that was edited, dropped or rebuilt; that is restored from version control.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli.command import Command
from harness.cli.output import Output
from harness.cli.workspace import find_root
from harness.errors import EXIT_OK


def _arguments(parser: argparse.ArgumentParser) -> None:
    del parser  # it takes none


def run(args: argparse.Namespace, output: Output) -> int:
    """Recover, and say what was mended."""
    from harness.lock.ledger import locked, read, recover
    from harness.lock.stored import restore

    root = find_root(args.workspace, Path.cwd())
    said = recover(root)
    with locked(root):
        rows = read(root)
        made = restore(root, rows)
    said += tuple(f"claims/{name}.lock.json was made again from the ledger" for name in made)
    for sentence in said:
        output.say(sentence)
    if not said:
        output.say(f"nothing to recover: {len(rows)} rows, whole")
    output.result({"recovered": list(said), "rows": len(rows)})
    return EXIT_OK


COMMAND = Command(
    name="recover",
    summary="mend what a kill left of the ledger and the lock files, losing nothing",
    text="A kill or a full disk can leave half a line at the ledger's end, or a head witness that "
    "was never written. This sets the torn bytes aside in a file of their own, writes the witness "
    "again, and says either in a row on the ledger; lock files that a kill left out are made again "
    "from it. A ledger that was edited, cut or rebuilt is "
    "not mended: restore it from version control.",
    example="claims recover",
    arguments=_arguments,
    run=run,
)
