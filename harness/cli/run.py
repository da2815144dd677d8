"""``claims run``: measures and judges through pytest's own entry point.

The exit code comes from the claims' standings, not from pytest's outcomes, which cannot tell a
claim that failed from one that has no verdict. What the run did not report is listed; a run of
which the plugin gave no account (it was switched off) has no standing, whatever pytest said.

Not covered: collecting and running items (``harness.pytest_plugin``).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli.command import Command, claim_list, positive
from harness.cli.output import Output
from harness.cli.standings import exit_code
from harness.cli.workspace import claim_ids as known
from harness.cli.workspace import find_root, select
from harness.errors import (
    EXIT_NEGATIVE,
    EXIT_NO_STANDING,
    EXIT_OK,
    MACHINE_FAULT,
    ClaimsError,
)

if TYPE_CHECKING:
    import pytest

    from harness.verdict.standing import StandingRow

INTERRUPTED, USAGE = 2, 4
"""Exit codes of pytest."""
INTERRUPT = 130
"""Our own exit code after an interrupt."""


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
    parser.add_argument(
        "--strict",
        action="store_true",
        help="exit with 3 if anything registered in the workspace was not reported by this run",
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Run pytest on the claims and answer for their standings."""
    import pytest

    from harness.cli.witness import Witness

    root = find_root(args.workspace, Path.cwd())
    ids = _wanted(root, args.ids)
    witness, watch = Witness(), Watch()
    with stdout_to_stderr() if output.as_json else contextlib.nullcontext():
        told = argv(root, ids, args.workers, args.pytest, args.strict)
        code = int(pytest.main(told, plugins=[witness, watch]))
    if watch.fault:
        raise ClaimsError(watch.fault)
    if code == USAGE and not witness.began:
        raise ClaimsError("pytest refused its arguments", fix="See its message above")
    rows = standings(root, ids if args.ids else None)
    if code == INTERRUPTED and not watch.interrupted:
        code = 0  # a claim file that could not be read: its standing says so
    account = witness.account(code)
    answer = INTERRUPT if code == INTERRUPTED else _exit_code(rows, account)
    output.result({"claims": [row.as_json() for row in rows], **account, "exit_code": answer})
    for fault in account["faults"]:
        output.complain(f"claims: {fault}")
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    return answer


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


def _wanted(root: Path, ids: Sequence[str]) -> tuple[str, ...]:
    """The claims asked for; none where every claim file is gone and the record knows of some."""
    from harness.verdict.standing import claim_ids

    if not ids and claim_ids(root):
        return known(root)
    return select(root, ids)


def _exit_code(rows: Sequence[StandingRow], account: Mapping[str, Any]) -> int:
    """That of the standings; no standing (3) where the run itself has a fault."""
    code = exit_code(rows)
    return EXIT_NO_STANDING if account["faults"] and code in (EXIT_OK, EXIT_NEGATIVE) else code


def argv(
    root: Path, ids: Sequence[str], workers: int, more: Sequence[str], strict: bool = False
) -> list[str]:
    """The arguments for pytest: what a person would type."""
    spread = ["-n", str(workers)] if workers > 1 else []
    # not --strict-claims, which pytest would refuse where the plugin is off, without a reason
    harsh = ["-o", "strict_claims=true"] if strict else []
    files = [str(root / "claims" / f"{claim}.yaml") for claim in ids] or [str(root / "claims")]
    return ["-p", plugin_name(), f"--rootdir={root}", *spread, *more, *harsh, *files]


def plugin_name() -> str:
    """The entry point where the package is installed, the module where it only lies on the path;
    asked for by name, because ``PYTEST_DISABLE_PLUGIN_AUTOLOAD`` may be set."""
    from importlib import metadata

    from harness.cli.witness import PLUGIN

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
    "interrupted run resumes; a complete one is judged again from what is stored. Whatever is "
    "registered and was not reported by the run is listed with the reason.",
    example="claims run -n 2\nclaims run --strict\nclaims run first-claim --pytest=-x\n"
    "pytest claims/ -n 2",
    arguments=_arguments,
    run=run,
)
