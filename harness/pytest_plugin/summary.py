"""The last section of a run: every claim with its standing, and whatever was not reported.

It is written where pytest writes its summary; where pytest writes none (``-p no:terminal``, an exit
code of somebody's own), it is written all the same.

Not covered: how the account comes about (``harness.pytest_plugin.account``).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol

import pytest

from harness.pytest_plugin.tally import Tally
from harness.shown import visible

if TYPE_CHECKING:
    from harness.pytest_plugin.account import Account, Workspace
    from harness.verdict.standing import StandingRow

ACCOUNT: pytest.StashKey[Account] = pytest.StashKey()
WRITTEN = pytest.StashKey[bool]()
MARKUP = {
    "PASS": {"green": True},
    "FAIL": {"red": True},
    "INCONCLUSIVE": {"yellow": True},
    "INVALID": {"purple": True},
    "DEVIATED": {"purple": True},
    "TAMPERED": {"red": True, "bold": True},
}
BESIDE = "not as locked, and part of this process: claims verify judges without it"
MARKS = "marks ignored (a claim item takes no skip and no xfail):"
SILENT = "registered and not reported in this run:"
WRONG = "reported as passed and judged otherwise (look at conftest.py and other plugins):"


class Writer(Protocol):
    """As much of pytest's terminal reporter as is used here."""

    def ensure_newline(self) -> None: ...
    def section(self, title: str) -> None: ...
    def write(self, content: str, *, flush: bool = False, **markup: bool) -> None: ...
    def write_line(self, line: str, **markup: bool) -> None: ...


class Plain:
    """Writes to stdout where the terminal reporter was switched off."""

    def ensure_newline(self) -> None:
        print()

    def section(self, title: str) -> None:
        print(f"= {title} =")

    def write(self, content: str, *, flush: bool = False, **markup: bool) -> None:
        del markup
        print(content, end="", flush=flush)

    def write_line(self, line: str, **markup: bool) -> None:
        del markup
        print(line)


def prepare(config: pytest.Config, tally: Tally) -> None:
    """Make the account, before pytest writes its summary."""
    if not tally.collected.roots and not config.getoption("strict_claims"):
        return  # no claims here, and nobody asked for any
    from harness.pytest_plugin.account import account

    config.stash[ACCOUNT] = account(config, tally)


def finish(config: pytest.Config, session: pytest.Session) -> None:
    """Write what was not written yet, tell who asks, and let no run with a fault end in success."""
    found = config.stash.get(ACCOUNT, None)
    if found is None:
        return
    if not config.stash.get(WRITTEN, False):
        write(config.pluginmanager.get_plugin("terminalreporter") or Plain(), config)
        sys.stdout.flush()
    config.hook.pytest_claims_account(config=config, account=found)
    if found.faults and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def write(reporter: Writer, config: pytest.Config) -> None:
    """The section, once; nothing where the run had nothing to do with claims."""
    found = config.stash.get(ACCOUNT, None)
    if found is None or config.stash.get(WRITTEN, False):
        return
    config.stash[WRITTEN] = True
    for one in found.workspaces:
        if not (one.rows or one.missing or one.unknown):
            continue
        reporter.ensure_newline()
        reporter.section("claims")
        _standings(reporter, one)
        _list(reporter, WRONG, [c.sentence for c in one.contradicted], red=True)
        _list(reporter, MARKS, one.marks, yellow=True)
        _list(reporter, BESIDE, one.beside, yellow=True)
        _list(reporter, SILENT, [m.sentence for m in one.missing], yellow=True)
        if one.unknown:
            reporter.write_line(f"what is registered is not known: {one.unknown}", red=True)
    for fault in found.faults:
        reporter.write_line(f"claims: the run fails: {visible(fault)}", red=True)


def _standings(reporter: Writer, one: Workspace) -> None:
    width = max((len(row.claim) for row in one.rows), default=0)
    for row in one.rows:
        _standing(reporter, row, width, row.claim in one.ran)


def _standing(reporter: Writer, row: StandingRow, width: int, ran: bool) -> None:
    status = row.status.name
    reporter.write(f"{visible(row.claim):<{width}}  ")
    reporter.write(f"{status:<12}", **MARKUP.get(status, {}))
    note = "" if ran else " (not in this run)"
    reporter.write(f"  {visible(row.sentence, lines=True)}{note}\n")


def _list(reporter: Writer, title: str, lines: list[str] | tuple[str, ...], **markup: bool) -> None:
    if lines:
        reporter.write_line(title, **markup)
    for line in lines:
        reporter.write_line(f"  {visible(line)}")
