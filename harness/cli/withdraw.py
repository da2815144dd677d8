"""``claims withdraw``: takes a registered claim back, in the open.

Not covered: removing anything; a withdrawn claim stays listed with its record.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from harness.cli.command import Command, words
from harness.cli.output import Output
from harness.cli.workspace import find_root
from harness.errors import EXIT_OK


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="the claim to withdraw")
    parser.add_argument(
        "--reason",
        type=words,
        required=True,
        metavar="TEXT",
        help="why; stands in the report for ever",
    )
    parser.add_argument(
        "--superseded-by",
        default="",
        metavar="OTHER",
        help="a registered claim that takes its place; this one then keeps its verdict",
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Withdraw, and say what stays."""
    from harness.lock.withdraw import withdraw

    root = find_root(args.workspace, Path.cwd())
    done = withdraw(root, args.id, args.reason, args.superseded_by)
    output.say(f"{done.claim}: {done.sentence} (ledger row {done.seq})")
    output.say("Its files, measurements and verdict stay on the record: do not remove them.")
    output.result(asdict(done))
    return EXIT_OK


COMMAND = Command(
    name="withdraw",
    summary="take a registered claim back, or point to the claim that takes its place",
    text="Withdraw the current registration of a claim, with a reason. Nothing is removed: the "
    "claim stays listed as WITHDRAWN, its verdict stays on its page, and an attempt that is not "
    "complete is not measured any further. With --superseded-by the claim keeps its verdict and "
    "points to its successor.",
    example="claims withdraw first-claim --reason 'the readout counted separators as steps'\n"
    "claims withdraw first-claim --superseded-by second-claim --reason 'asked at equal dose'",
    arguments=_arguments,
    run=run,
)
