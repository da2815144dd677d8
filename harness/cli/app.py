"""``claims``: reads the command line, runs one command, turns what went wrong into one sentence.

Exit codes: 0 all that was asked for holds; 1 a verdict FAIL or INCONCLUSIVE; 2 bad input or usage;
3 no verdict can stand, or verification failed; 4 nothing was there to examine; 130 interrupted.

Not covered: programming errors; they keep their traceback.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from harness.cli import (
    amend,
    anchor,
    beacon,
    calibrate,
    check,
    explore,
    init,
    lock,
    new,
    power,
    recover,
    report,
    reproduce,
    run,
    status,
)
from harness.cli import verify as verify_command
from harness.cli import withdraw as withdraw_command
from harness.cli.command import Command, add, shared
from harness.cli.output import Output
from harness.errors import EXIT_USAGE, ClaimsError, in_words

COMMANDS: tuple[Command, ...] = (
    init.COMMAND,
    new.COMMAND,
    check.COMMAND,
    explore.COMMAND,
    power.COMMAND,
    calibrate.COMMAND,
    lock.COMMAND,
    amend.COMMAND,
    withdraw_command.COMMAND,
    anchor.COMMAND,
    beacon.COMMAND,
    run.COMMAND,
    report.COMMAND,
    status.COMMAND,
    verify_command.COMMAND,
    reproduce.COMMAND,
    recover.COMMAND,
)

INTERRUPTED = 130
"""128 + SIGINT."""
PIPE_CLOSED = 141
"""128 + SIGPIPE: whoever read our output stopped reading."""

CODES = """\
exit codes:
  0  all that was asked for holds (for run: every claim PASS)
  1  a verdict FAIL or INCONCLUSIVE
  2  bad input or usage
  3  no verdict can stand (INVALID, TAMPERED, DEVIATED, not yet run) or verification failed
  4  nothing was there to examine

example:
  claims init study && cd study
  claims check
  claims explore first-claim --replicates 2
  claims lock first-claim && claims run && claims report
"""


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="claims",
        description="Claims about language models: locked, run over trained replicates, judged.",
        epilog=CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"causal-claims {_version()}")
    shared(top, default=None)
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        add(command, commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Usage errors and ``--help`` raise SystemExit."""
    args = parser().parse_args(argv)
    output = Output(as_json=args.json)
    try:
        code: int = args.run(args, output)
        sys.stdout.flush()
        return code
    except ClaimsError as error:
        output.error(error)
        return error.exit_code
    except KeyboardInterrupt:
        output.complain("claims: interrupted; what was measured is kept, the same command resumes")
        return INTERRUPTED
    except BrokenPipeError:
        # Python flushes stdout once more at exit; give it somewhere to go
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except OSError as error:
        output.error(in_words(error))
        return EXIT_USAGE


def _version() -> str:
    from importlib import metadata

    try:
        return metadata.version("causal-claims")
    except metadata.PackageNotFoundError:
        return "(not installed)"
