"""``claims lock``: one act of registration over one or more claims.

Not covered: what a lock binds (``harness.lock``).
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from harness.cli.command import Command, claim_list, words
from harness.cli.output import Output
from harness.cli.workspace import find_root, select
from harness.errors import EXIT_OK


def _arguments(parser: argparse.ArgumentParser) -> None:
    claim_list(parser, "claims to register together (they share replicates)", at_least_one=True)
    parser.add_argument(
        "--beacon",
        type=beacon,
        metavar="TEXT",
        help="promise that a pulse of public randomness, not yet published, is mixed into the "
        "seeds (then: claims beacon)",
    )


def beacon(text: str) -> str:
    """A promise that was typed; an empty one, such as a variable that is not set, is a mistake."""
    said = words(text)
    if not said:
        raise argparse.ArgumentTypeError("the promise is empty; leave --beacon out to promise none")
    return said


def run(args: argparse.Namespace, output: Output) -> int:
    """Register the claims and say what was bound."""
    from harness.lock.pilot import in_words
    from harness.lock.register import register
    from harness.verdict.pilot import pilots_of

    root = find_root(args.workspace, Path.cwd())
    ids = select(root, args.ids)
    promise = args.beacon or ""
    done = register(root, ids, again=False, pilots=pilots_of(root, ids), beacon=promise)
    output.say(f"registered {', '.join(done.claims)}: {done.digest}")
    for name, pilot in done.pilots.items():
        output.say(f"{name}: pilot: {in_words(pilot)}")
    for name, refusals in done.waived.items():
        for one in refusals:
            output.say(f"{name}: {one.where}: waived ({one.waiver}): {one.reason} [{one.rule}]")
    if done.restored:
        output.say("The ledger had this registration already; its lock files were written again.")
    files = " ".join(str(p) for p in (done.path, *done.locks))
    if promise:
        output.say(f"Nothing can be measured before {promise}. Commit and publish {files} now;")
        output.say(f"after the pulse: claims beacon {ids[0]} --file PULSE.json, then: claims run")
    else:
        output.say(f"Commit {files}, then: claims run")
    output.result(
        {
            "claims": list(done.claims),
            "registration": done.digest,
            "ledger": str(done.path),
            "locks": [str(path) for path in done.locks],
            "beacon": promise,
            "restored": done.restored,
            "pilots": dict(done.pilots),
            "waived": {k: [asdict(r) for r in v] for k, v in done.waived.items()},
        }
    )
    return EXIT_OK


COMMAND = Command(
    name="lock",
    summary="register claims: from here on the rule is fixed and the seeds are drawn",
    text="Register claims together. The lock binds the claim, the recipe, the code that evaluates "
    "and the versions that matter; the seeds are derived from it. Claims that are locked together "
    "and name the same recipe share their models. To change a locked claim: claims amend.",
    example="claims lock first-claim second-claim\n"
    "claims lock first-claim --beacon 'drand quicknet round 30000000'",
    arguments=_arguments,
    run=run,
)
