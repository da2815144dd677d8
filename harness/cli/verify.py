"""``claims verify``: checks what is stored and runs none of the workspace's code. Not covered:
measuring anew (``claims reproduce``)."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli.command import Command, claim_list
from harness.cli.output import Output
from harness.cli.workspace import find_root
from harness.errors import EXIT_EMPTY, EXIT_NO_STANDING, EXIT_OK, NothingThere, UnknownName, nearest


def _arguments(parser: argparse.ArgumentParser) -> None:
    claim_list(parser, "claims to verify (default: all that are registered)")


def run(args: argparse.Namespace, output: Output) -> int:
    """Say what was checked, what was not, what is wrong, and what a green result leaves open."""
    from harness.verdict.standing import claim_ids
    from harness.verdict.verify import verify

    root = find_root(args.workspace, Path.cwd())
    known = claim_ids(root)
    for one in args.ids:
        if one not in known:
            fix = f"Nearest: {nearest(one, known)}"
            raise UnknownName(f"no claim {one!r}", where=str(root / "claims"), fix=fix)
    if not known:
        raise NothingThere(
            "there is no claim", where=str(root / "claims"), fix="Write one: `claims new ID`"
        )
    found = verify(root, args.ids or None)
    parts = (
        ("examined", found.examined),
        ("not examined", found.not_examined),
        ("to know", found.notes),
        ("problems", found.problems),
        ("what this does not prove", found.does_not_prove),
    )
    for title, lines in parts:
        if lines:
            output.say(f"{title}:")
            for line in lines:
                output.say(f"  {line}")
    output.result(found.as_json())
    if not found.problems and len(found.examined) <= 1:
        output.say("nothing to verify: only the ledger itself was there to look at")
        return EXIT_EMPTY
    output.say("verified" if found.ok else "NOT verified")
    return EXIT_OK if found.ok else EXIT_NO_STANDING


COMMAND = Command(
    name="verify",
    summary="check everything stored against its digests, and judge it again",
    text="Check the ledger's chain, the locks and every stored measurement against their digests, "
    "and recompute every verdict. Runs no code of the workspace and measures nothing.",
    example="claims verify\nclaims verify first-claim --json",
    arguments=_arguments,
    run=run,
)
