"""The command line's reference page, from the parsers: ``python -m harness.cli.document``.

Not covered: keeping ``docs/cli.md`` up to date; a test compares the two.
"""

from __future__ import annotations

import argparse
import os
import sys

from harness.cli.app import parser

WIDTH = "90"
HEAD = """\
# The command line

Written by `python -m harness.cli.document`; a test compares this page with `--help`.
"""


def page() -> str:
    """The page as Markdown."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = WIDTH  # argparse asks the environment how wide a line is
    try:
        top = parser()
        parts = [HEAD, _section("claims", top)]
        parts += [_section(f"claims {name}", sub) for name, sub in commands(top).items()]
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
    return "\n".join(parts)


def commands(top: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parser of each command."""
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def _section(title: str, one: argparse.ArgumentParser) -> str:
    return f"## {title}\n\n```text\n{one.format_help().rstrip()}\n```\n"


if __name__ == "__main__":
    sys.stdout.write(page())
