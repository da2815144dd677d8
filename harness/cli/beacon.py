"""``claims beacon``: the value of a promised pulse comes onto the ledger, and the seeds exist.

Not covered: fetching the pulse; checking a beacon's signature (``harness.lock.beacon``).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli.command import Command
from harness.cli.output import Output
from harness.cli.workspace import find_root
from harness.errors import EXIT_OK, ClaimsError


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "registration",
        metavar="REGISTRATION-OR-ID",
        help="the registration that promised the pulse, or a claim of it",
    )
    parser.add_argument(
        "--file", type=Path, required=True, metavar="PULSE", help="the pulse as JSON"
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Keep the pulse and say what it was taken for."""
    from harness.digest import short
    from harness.lock.beacon import MOST_BYTES
    from harness.lock.randomness import add_randomness

    root = find_root(args.workspace, Path.cwd())
    try:
        with args.file.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        words = (error.strerror or str(error)).lower()
        raise ClaimsError(
            f"cannot be read: {words}", where=str(args.file), fix="Name the pulse's file"
        ) from None
    row, pulse = add_randomness(root, args.registration, data, str(args.file))
    registration, kept = str(row.body["registration"]), str(row.body["file"])
    output.say(f"{pulse.beacon}: {pulse.randomness}")
    output.say(f"Row {row.seq} of the ledger mixes it into the seeds of {short(registration)}.")
    if not pulse.signature:
        output.say("It has no signature: readers have to look the value up.")
    output.say(f"Commit claims/ledger.jsonl {kept}, then: claims run")
    output.result({"row": row.seq, **row.body})
    return EXIT_OK


COMMAND = Command(
    name="beacon",
    summary="give a registration the public randomness that it promised",
    text="Put the value of a promised pulse onto the ledger, where it is mixed into the seeds of "
    "its registration: once, before anything is measured. The file is JSON with beacon (the "
    "promised words), randomness (hexadecimal), published (a time) and, for drand, signature. It "
    "is kept under claims/randomness/. The promise is worth something only if the lock was public, "
    "or anchored, before the pulse.",
    example="claims lock first-claim --beacon 'drand quicknet round 30000000'\n"
    "claims beacon first-claim --file pulse.json",
    arguments=_arguments,
    run=run,
)
