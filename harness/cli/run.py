"""``claims run``: measures and judges through pytest's own entry point.

The exit code comes from the claims' standings, not from pytest's outcomes, which cannot tell a
claim that failed from one that has no verdict.

Not covered: collecting and running items (``harness.pytest_plugin``).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.command import Command, claim_list, positive
from harness.cli.output import Output
from harness.cli.standings import exit_code
from harness.cli.workspace import find_root, select
from harness.errors import MACHINE_FAULT, ClaimsError

if TYPE_CHECKING:
    import pytest

    from harness.verdict.standing import StandingRow

PLUGIN = "causal_claims"
"""The name of our entry point in the group ``pytest11``."""
INTERNAL, USAGE = 3, 4
"""Exit codes of pytest after which there is nothing to judge."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    claim_list(parser, "claims to run (default: all)")
    parser.add_argument(
        "-n", type=positive, default=1, metavar="N", help="processes (default: 1)", dest="workers"
    )
    parser.add_argument(
        "--pytest",
        action="append",
        default=[],
        metavar="ARG",
        help="an argument for pytest, as in --pytest=-x (may be repeated)",
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Run pytest on the claims and answer for their standings."""
    import pytest

    root = find_root(args.workspace, Path.cwd())
    ids = select(root, args.ids)
    watch = Watch()
    with stdout_to_stderr() if output.as_json else contextlib.nullcontext():
        code = int(pytest.main(argv(root, ids, args.workers, args.pytest), plugins=[watch]))
    if watch.fault:
        raise ClaimsError(watch.fault)
    if code == USAGE:
        raise ClaimsError("pytest refused its arguments", fix="See its message above")
    if code == INTERNAL:
        raise ClaimsError("pytest broke off with an internal error", fix="See its message above")
    rows = standings(root, ids if args.ids else None)
    if watch.interrupted:
        raise KeyboardInterrupt
    output.result({"claims": [row.as_json() for row in rows], "exit_code": exit_code(rows)})
    return exit_code(rows)


class Watch:
    """A pytest plugin that hears, from any worker, what the machine did to an item, and whether a
    person ended the run (pytest's exit code 2 also says that a claim file could not be read)."""

    fault = ""
    interrupted = False

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        self.interrupted = excinfo.type is KeyboardInterrupt

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, value in report.user_properties:
            if name == MACHINE_FAULT:
                self.fault = self.fault or str(value)


def argv(root: Path, ids: Sequence[str], workers: int, more: Sequence[str]) -> list[str]:
    """The arguments for pytest: what a person would type."""
    spread = ["-n", str(workers)] if workers > 1 else []
    files = [str(root / "claims" / f"{claim}.yaml") for claim in ids]
    return ["-p", plugin_name(), f"--rootdir={root}", *spread, *more, *files]


def plugin_name() -> str:
    """The entry point where the package is installed, the module where it only lies on the path;
    asked for by name, because ``PYTEST_DISABLE_PLUGIN_AUTOLOAD`` may be set."""
    from importlib import metadata

    installed = metadata.entry_points(group="pytest11", name=PLUGIN)
    return PLUGIN if installed else "harness.pytest_plugin"


def standings(root: Path, ids: Sequence[str] | None) -> tuple[StandingRow, ...]:
    """A row per claim; where all are asked for, also those of which only the lock is left."""
    from harness.verdict.standing import all_standings, standing

    return all_standings(root) if ids is None else tuple(standing(root, one) for one in ids)


@contextlib.contextmanager
def stdout_to_stderr() -> Iterator[None]:
    """Send what this process and its children write to stdout to stderr instead."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        os.dup2(2, 1)
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 1)
        os.close(kept)


COMMAND = Command(
    name="run",
    summary="measure and judge registered claims (the same as pytest claims/)",
    text="Run claims through pytest: measures what is not yet measured, then judges. An "
    "interrupted run resumes; a complete one is judged again from what is stored.",
    example="claims run -n 2\nclaims run first-claim --pytest=-x\npytest claims/ -n 2",
    arguments=_arguments,
    run=run,
)
