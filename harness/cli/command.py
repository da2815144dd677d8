"""What a command is, and how its parser is made.

Every command has a help text with an example, ``--json`` and ``--workspace``. Not covered: what the
commands do (one module each, beside this one).
"""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.cli.output import Output
from harness.yamlcore import compose

Run = Callable[[argparse.Namespace, Output], int]


@dataclass(frozen=True)
class Command:
    """One subcommand: ``summary`` one line, ``text`` a paragraph
    (and, after an empty line, what is shown as it stands), ``example`` lines to copy.

    ``arguments`` adds to the parser; ``run`` returns the exit code and imports what it needs when
    it is called.
    """

    name: str
    summary: str
    text: str
    example: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Run


def add(command: Command, to: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Make the command's parser."""
    lines = "".join(f"\n  {line}" for line in command.example.strip().splitlines())
    parser = to.add_parser(
        command.name,
        help=command.summary,
        description=_wrapped(command.text),
        epilog=f"example:{lines}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.arguments(parser)
    shared(parser, default=argparse.SUPPRESS)
    parser.set_defaults(run=command.run)


def _wrapped(text: str) -> str:
    """The first paragraph filled, the rest as it is."""
    first, *rest = text.split("\n\n")
    return "\n\n".join([textwrap.fill(first, 88), *rest])


def shared(parser: argparse.ArgumentParser, default: object) -> None:
    """The options that every command takes, before or after its name."""
    group = parser.add_argument_group("everywhere")
    group.add_argument(
        "--json",
        action="store_true",
        default=False if default is None else default,
        help="write the result to stdout as one JSON value, and nothing else",
    )
    group.add_argument(
        "--workspace",
        type=Path,
        default=default,
        metavar="DIR",
        help="the folder that holds claims/ (default: the nearest one upwards from here)",
    )


def claim_list(parser: argparse.ArgumentParser, what: str, at_least_one: bool = False) -> None:
    """The positional list of claim ids."""
    parser.add_argument("ids", nargs="+" if at_least_one else "*", metavar="ID", help=what)


def words(text: str) -> str:
    """An argument that people will read on the ledger: letters typed or pasted with their accents
    apart, as some systems have them, become one character each (NFC)."""
    return compose(text).strip()


def positive(text: str) -> int:
    """An argument that counts something."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return value


def replicate_count(text: str) -> int:
    """An argument that counts replicates, of which there is a most, as in a claim."""
    from harness.subject.recipe import MOST_REPLICATES

    value = positive(text)
    if value > MOST_REPLICATES:
        raise argparse.ArgumentTypeError(f"{value} replicates; at most {MOST_REPLICATES}")
    return value
