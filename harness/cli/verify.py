"""``claims verify``: checks what is stored and runs none of the workspace's code. Not covered:
measuring anew (``claims reproduce``)."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli.command import Command, claim_list
from harness.cli.output import Output
from harness.cli.trust import add_trust_arguments, trust_from
from harness.cli.workspace import find_root
from harness.errors import NothingThere, UnknownName, nearest


def _arguments(parser: argparse.ArgumentParser) -> None:
    claim_list(parser, "claims to verify (default: all that are registered)")
    add_trust_arguments(parser)


def run(args: argparse.Namespace, output: Output) -> int:
    """Say what was checked, what was not, what is wrong, and what a green result leaves open."""
    from harness.lock.memory import remembered
    from harness.report.pages import examine_pages
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
    with remembered():
        found = verify(root, args.ids or None, trust_from(args))
        if found.claims:
            found.add(examine_pages(root, args.ids or known))
    parts = (
        ("examined", found.examined),
        ("missing", found.missing),
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
    output.say(found.word)
    output.result(found.as_json())
    return found.exit_code


COMMAND = Command(
    name="verify",
    summary="check everything stored against its digests, and judge it again",
    text="Check the ledger's chain, its order, the locks and every stored measurement against "
    "their digests, recompute every verdict of every version, and render every page again. Runs "
    "no code of the workspace, measures nothing and writes nothing. Exit code 0: verified; 3: "
    "something is not what it should be; 4: what is there agrees, and registered results are "
    "missing (PARTIAL), or nothing is registered.",
    example="claims verify\nclaims verify first-claim --json",
    arguments=_arguments,
    run=run,
)
