"""``claims report``: pages from what is stored. Not covered: what is on them
(``harness.report``)."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli.command import Command, claim_list
from harness.cli.output import Output
from harness.cli.workspace import find_root, select
from harness.errors import EXIT_OK


def _arguments(parser: argparse.ArgumentParser) -> None:
    claim_list(parser, "claims to report (default: all)")


def run(args: argparse.Namespace, output: Output) -> int:
    """Write a page per claim and the index."""
    from harness.report.build import build_reports

    root = find_root(args.workspace, Path.cwd())
    ids = select(root, args.ids) if args.ids else None
    pages = build_reports(root, ids)
    for page in pages:
        output.say(str(page))
    output.result({"pages": [str(page) for page in pages]})
    return EXIT_OK


COMMAND = Command(
    name="report",
    summary="write reports/index.html and a page per claim",
    text="Write a page per claim (HTML, Markdown, verdict.json) and reports/index.html.",
    example="claims report",
    arguments=_arguments,
    run=run,
)
