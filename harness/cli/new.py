"""``claims new``: a commented claim from a template. Not covered: judging whether it makes sense
for the workspace's own models (``claims check``, ``claims explore``)."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli import templates
from harness.cli.command import Command
from harness.cli.output import Output
from harness.cli.workspace import find_root
from harness.errors import EXIT_OK, ClaimsError
from harness.fields import IDENTIFIER, LONGEST_ID


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="the claim's name: lower-case words and hyphens")
    parser.add_argument(
        "--template",
        default="suppression",
        metavar="NAME",
        help=f"one of: {', '.join(templates.names())} (default: %(default)s)",
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Write ``claims/ID.yaml``. Raises :class:`ClaimsError` for a bad or a taken name."""
    from harness.claim.parse import RESERVED

    if args.id in RESERVED:
        raise ClaimsError(
            f"{args.id!r} is a folder of reports/ that is no claim's", fix="Choose another name"
        )
    if not IDENTIFIER.fullmatch(args.id) or len(args.id) > LONGEST_ID:
        raise ClaimsError(
            f"{args.id!r} cannot name a claim",
            fix="Use lower-case words, digits and hyphens between them, such as steering-fails",
        )
    root = find_root(args.workspace, Path.cwd())
    path = root / "claims" / f"{args.id}.yaml"
    text = templates.render(args.template, args.id)
    try:
        with path.open("x", encoding="utf-8") as handle:
            handle.write(text)
    except FileExistsError as error:
        raise ClaimsError(
            "there is a claim of that name", where=str(path), fix="Choose another name"
        ) from error
    except OSError as error:  # half a claim on a full disk would bar the same command
        path.unlink(missing_ok=True)
        error.filename = str(path)
        raise
    output.say(f"Wrote {path}. Read its comments, edit it, then: claims check {args.id}")
    output.result({"claim": args.id, "file": str(path), "template": args.template})
    return EXIT_OK


COMMAND = Command(
    name="new",
    summary="write a commented claim from a template",
    text="Write claims/ID.yaml from a template.\n\ntemplates:\n"
    + "\n".join(f"  {name:<14} {templates.title(name)}" for name in templates.names()),
    example="claims new steering-fails --template production",
    arguments=_arguments,
    run=run,
)
