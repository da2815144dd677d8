"""``claims anchor``: an outside witness to the ledger as it stands now.

Not covered: what anchors are worth to a verifier (``claims verify``; ``docs/anchors.md``).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli.command import Command, positive
from harness.cli.output import Output
from harness.cli.trust import add_trust_arguments, trust_from
from harness.cli.workspace import find_root
from harness.errors import EXIT_OK


def _arguments(parser: argparse.ArgumentParser) -> None:
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument(
        "--tsa", metavar="URL", help="ask this time-stamping authority (RFC 3161) for a token"
    )
    how.add_argument(
        "--ssh-key",
        type=Path,
        metavar="KEY",
        help="sign with this SSH key: a private key, or a public one whose private half an agent "
        "holds",
    )
    how.add_argument(
        "--file",
        type=Path,
        metavar="TOKEN",
        help="record a token or a signature that was obtained elsewhere over a row of the ledger",
    )
    parser.add_argument(
        "--timeout",
        type=positive,
        default=30,
        metavar="S",
        help="seconds to wait for the authority (default: 30)",
    )
    add_trust_arguments(parser)


def run(args: argparse.Namespace, output: Output) -> int:
    """Obtain the anchor, check it, record it and say what it covers."""
    from harness.lock.anchor.make import adopt, sign, stamp
    from harness.lock.anchor.records import RFC3161

    root = find_root(args.workspace, Path.cwd())
    trust = trust_from(args)
    if args.tsa is not None:
        done = stamp(root, args.tsa, trust, args.timeout)
    elif args.ssh_key is not None:
        done = sign(root, args.ssh_key, trust)
    else:
        done = adopt(root, args.file, trust)
    anchor = done.anchor
    when = f", stating {anchor.stated_time}" if anchor.stated_time else ""
    output.say(f"anchored the ledger up to row {anchor.seq}: by {anchor.by}{when}")
    if not anchor.trusted:
        option = "--tsa-root" if anchor.type == RFC3161 else "--allowed-signers"
        output.say(f"It convinces whoever trusts them, and says so to claims verify by {option}.")
    output.say(f"Commit {anchor.file} and claims/ledger.jsonl; keep a copy of both elsewhere.")
    output.result({**anchor.as_json(), "row": done.row.seq, "body": done.row.body})
    return EXIT_OK


COMMAND = Command(
    name="anchor",
    summary="let an outside witness stamp or sign the ledger as it stands",
    text="Obtain a time-stamp or a signature over the ledger's head, check it, and record it. "
    "Without such an anchor, whoever holds every copy of the ledger could rebuild all of it. "
    "With --tsa-root or --allowed-signers, an answer for which those do not vouch is refused.",
    example="claims anchor --tsa https://freetsa.org/tsr\n"
    "claims anchor --ssh-key ~/.ssh/id_ed25519.pub\n"
    "claims anchor --file head.tsr --tsa-root root.pem",
    arguments=_arguments,
    run=run,
)
