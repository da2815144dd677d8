"""Listens to a whole session and notes what became of every claim item.

Registered without a name, so that no ``-p no:`` can take it out alone. Code of the workspace runs
in the same process and could still silence it; ``claims run`` notices that no account came, and
``claims verify`` runs none of that code.

Not covered: what the notes mean (``harness.pytest_plugin.account``).
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from harness.pytest_plugin import interrupts, reasons, summary, workspace
from harness.pytest_plugin.collect import MARK_IGNORED, ClaimFile, ClaimItem
from harness.pytest_plugin.tally import FAILED, PASSED, Place, Report, Tally, plain

WORKER_KEY = "causal_claims"
TALLY = pytest.StashKey[Tally]()


class Recorder:
    """One session's listener."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self._whole = frozenset(reasons.whole(config))
        self.tally = config.stash[TALLY] = Tally(config.rootpath)
        for root in workspace.workspaces(config.invocation_params.dir, config.args):
            self._remember(root)
        if config.getoption("strict_claims"):
            self._remember(workspace.nearest(config.invocation_params.dir))

    def _remember(self, root: Path | None) -> None:
        if root is not None:
            self.tally.collected.roots[str(root)] = None

    def _walks(self, folder: Path) -> bool:
        """Whether the run walks into a ``claims/``; pytest also looks at the neighbours of what it
        was asked for."""
        asked = any(parent in self._whole for parent in Path(_real(folder)).parents)
        return asked and workspace.is_workspace(folder.parent)

    # collecting: in this process, or in each worker

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_ignore_collect(self, collection_path: Path) -> Generator[None, bool | None, Any]:
        ignored = yield
        folder = collection_path.name == workspace.FOLDER
        if folder and self._walks(collection_path):
            self._remember(Path(os.path.realpath(collection_path.parent)))
        if ignored and (folder or collection_path.parent.name == workspace.FOLDER):
            self.tally.collected.barred[_real(collection_path)] = "ignored"
        return ignored

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        if isinstance(collector, ClaimFile):
            self._remember(workspace.root_of(collector.path))
            file = _real(collector.path)
            self.tally.collected.offered[file] = list(collector.offers)
            if report.failed:
                self.tally.collected.barred[file] = "error in collection"
            elif report.skipped:
                self.tally.collected.barred[file] = f"skipped in collection: {_skipped(report)}"
        return report

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        if isinstance(item, ClaimItem):
            root = str(workspace.root_of(item.path))
            place = Place(root, item.path.stem, item.item)
            self.tally.collected.places[item.nodeid] = place

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        names = {item.nodeid for item in items if isinstance(item, ClaimItem)}
        self.tally.collected.deselected |= names

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            self.pytest_itemcollected(item)  # once more: xdist gives grouped items other node ids
        self.tally.collected.planned |= {item.nodeid for item in session.items}

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        self.tally.collected.planned |= set(ids)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """A worker has ended; one that crashed has told nothing, the others have seen the same."""
        self.tally.crashed = self.tally.crashed or bool(error)
        told = getattr(node, "workeroutput", {}).get(WORKER_KEY)
        if told is not None:
            self.tally.collected.add(told)

    # running: in this process; under xdist, in the controller

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        found = _outcome(report)
        if found is not None:
            self.tally.reports[report.nodeid] = found
        for name, value in report.user_properties:
            if name == MARK_IGNORED:
                self.tally.marks[report.nodeid] = plain(value)

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        interrupts.tellable(excinfo)
        self.tally.stopped = plain(excinfo.value) or "interrupted"

    def pytest_internalerror(self, excrepr: object) -> None:
        del excrepr  # pytest shows it
        self.tally.stopped = "internal error of pytest"

    # the end

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, None, None]:
        output = getattr(self.config, "workeroutput", None)
        if output is not None:
            output[WORKER_KEY] = self.tally.collected.as_json()
            yield
            return
        why = session.shouldfail or session.shouldstop
        self.tally.stopped = self.tally.stopped or (plain(why) if why else "")
        self.tally.shown_passed = _shown_passed(self.config)
        summary.prepare(self.config, self.tally)
        yield
        summary.finish(self.config, session)


def _outcome(report: pytest.TestReport) -> Report | None:
    """What a report says of its item; None for a phase that says nothing."""
    xfail = getattr(report, "wasxfail", None)
    if report.when == "???":  # xdist: the worker died with it
        return Report("crashed", "worker crashed while running it")
    if xfail is not None:
        return Report("xfail", f"xfail: {plain(xfail) or 'no reason given'}")
    if report.outcome == "skipped":
        return Report("skipped", f"skipped: {_skipped(report)}")
    if report.when == "call":
        return Report(PASSED if report.passed else FAILED)
    if report.when == "setup" and report.failed:
        return Report("error", "error in set-up")
    return None


def _skipped(report: pytest.TestReport | pytest.CollectReport) -> str:
    words = report.longrepr
    reason = words[2] if isinstance(words, tuple) and len(words) == 3 else ""
    return plain(reason).removeprefix("Skipped: ") or "no reason given"


def _shown_passed(config: pytest.Config) -> set[str]:
    """What the terminal counts as passed, which a hook may have decided otherwise."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    stats = reporter.stats if reporter is not None else {}
    return {one.nodeid for one in stats.get(PASSED, ()) if hasattr(one, "nodeid")}


def _real(path: Path) -> str:
    return str(Path(os.path.realpath(path.parent)) / path.name)
