"""``claims lock``: one act of registration over one or more claims.

Not covered: what a lock binds (``harness.lock``).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli.command import Command, claim_list
from harness.cli.output import Output
from harness.cli.workspace import find_root, select
from harness.errors import EXIT_OK, ClaimsError


def _arguments(parser: argparse.ArgumentParser) -> None:
    claim_list(parser, "claims to register together (they share replicates)", at_least_one=True)
    parser.add_argument(
        "--again", action="store_true", help="lock what is locked; the old lock stays listed"
    )
    parser.add_argument(
        "--reason", default="", metavar="TEXT", help="why it is locked again; stands in the report"
    )
    parser.add_argument(
        "--beacon",
        default="",
        metavar="TEXT",
        help="promise that a pulse of public randomness, not yet published, is mixed into the "
        "seeds (then: claims beacon)",
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Register the claims and say what was bound."""
    from harness.lock.register import register

    root = find_root(args.workspace, Path.cwd())
    ids = select(root, args.ids)
    if args.again and not args.reason.strip():
        raise ClaimsError("locking again needs a reason", fix="Say it: --again --reason TEXT")
    reason, beacon = args.reason.strip(), args.beacon.strip()
    done = register(root, ids, again=args.again, reason=reason, beacon=beacon)
    output.say(f"registered {', '.join(done.claims)}: {done.digest}")
    if done.restored:
        output.say("The ledger had this registration already; its lock files were written again.")
    files = " ".join(str(p) for p in (done.path, *done.locks))
    if beacon:
        output.say(f"Nothing can be measured before {beacon}. Commit and publish {files} now;")
        output.say(f"after the pulse: claims beacon {ids[0]} --file PULSE.json, then: claims run")
    else:
        output.say(f"Commit {files}, then: claims run")
    output.result(
        {
            "claims": list(done.claims),
            "registration": done.digest,
            "ledger": str(done.path),
            "locks": [str(path) for path in done.locks],
            "reason": done.reason,
            "beacon": beacon,
            "restored": done.restored,
        }
    )
    return EXIT_OK


COMMAND = Command(
    name="lock",
    summary="register claims: from here on the rule is fixed and the seeds are drawn",
    text="Register claims together. The lock binds the claim, the recipe, the code that evaluates "
    "and the versions that matter; the seeds are derived from it. Claims that are locked together "
    "and name the same recipe share their models.",
    example="claims lock first-claim second-claim\n"
    "claims lock first-claim --beacon 'drand quicknet round 30000000'\n"
    "claims lock first-claim --again --reason 'typo in the margin'",
    arguments=_arguments,
    run=run,
)
