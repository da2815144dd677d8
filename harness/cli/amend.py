"""``claims amend``: registers a new version of locked claims and says what it changes.

Not covered: how a change is classed (``harness.lock.changes``), what DEVIATED means for a verdict
(``harness.verdict``).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.command import Command, claim_list, words
from harness.cli.output import Output
from harness.cli.workspace import find_root, select
from harness.errors import EXIT_OK, ClaimsError, OutOfOrder

if TYPE_CHECKING:
    from harness.lock.amend import Version


def _arguments(parser: argparse.ArgumentParser) -> None:
    claim_list(parser, "claims to amend, after their files were edited", at_least_one=True)
    parser.add_argument(
        "--reason",
        type=words,
        required=True,
        metavar="TEXT",
        help="why; stands in the report for ever",
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Register the new version and show it beside the one that it supersedes."""
    from harness.lock.amend import deviations, versions
    from harness.lock.ledger import read
    from harness.lock.record import registrations
    from harness.lock.register import register
    from harness.verdict.pilot import pilots_of

    root = find_root(args.workspace, Path.cwd())
    ids = select(root, args.ids)
    if len(args.reason.split()) < 3:
        raise ClaimsError("amending needs a reason", fix="Say it in a sentence: --reason TEXT")
    rows = read(root)
    for one in ids:
        if not registrations(rows, one):
            raise OutOfOrder(
                "not registered, so there is nothing to amend",
                where=one,
                fix=f"Register it with: claims lock {one}",
            )
    pilots = pilots_of(root, ids)
    done = register(root, ids, reason=args.reason, pilots=pilots)
    rows = read(root)
    result = {}
    for one in ids:
        version = versions(rows, one)[-1]
        deviated = deviations(rows, one, version.registration)
        _show(output, one, version, deviated)
        result[one] = {
            "version": version.number,
            "effect": version.effect,
            "changes": [change.as_json() for change in version.changed],
            "deviations": list(deviated),
        }
    output.say(f"registered {done.digest}, reason: {done.reason}")
    output.say(f"Commit {' '.join(str(p) for p in (done.path, *done.locks))}, then: claims run")
    output.result({"registration": done.digest, "reason": done.reason, "claims": result})
    return EXIT_OK


def _show(output: Output, claim: str, version: Version, deviated: tuple[str, ...]) -> None:
    if version.changed:
        output.table(
            ("field", "was", "is now", "class"),
            [(c.field, c.was[:60], c.now[:60], c.effect) for c in version.changed],
            title=f"{claim}, version {version.number}: {version.effect}",
        )
    else:
        output.say(f"{claim}, version {version.number}: nothing changed but the seeds")
    for sentence in deviated:
        output.say(f"{claim}: DEVIATED for ever, {sentence}")
    if not deviated:
        output.say(f"{claim}: no attempt had begun; nothing had been measured")


COMMAND = Command(
    name="amend",
    summary="register a new version of a locked claim, and show what it changes",
    text="Register an edited claim as a new version of the locked one: new digest, new seeds, "
    "fresh replicates. Every change is classed stricter, looser or neutral; what cannot be shown "
    "to be stricter is looser. Where an attempt had begun before, the new version is DEVIATED "
    "for ever, whatever its criteria come to. Both versions stay on the ledger and in the report.",
    example="claims amend first-claim --reason 'the dose band judged text that the gate excludes'",
    arguments=_arguments,
    run=run,
)
