"""The pytest plugin: ``claims/*.yaml`` are test files, and only a verdict PASS passes.

    claims/x.yaml::replicate::3          measures one replicate
    claims/x.yaml::precondition::dose    whether the data can speak
    claims/x.yaml::criterion::beats      supported, or not
    claims/x.yaml::verdict               the claim's verdict

Loaded in every pytest run through the entry point ``pytest11``: it imports nothing but pytest until
a claim is found, and leaves YAML files of other projects alone (see ``workspace``).

Not covered: what is measured and how it is judged (``harness.measure``, ``harness.verdict``).
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from harness.pytest_plugin import collect, live, summary
from harness.pytest_plugin.workspace import is_claim_file


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Claim files of a workspace become collectors."""
    if not is_claim_file(file_path):
        return None
    summary.remember(parent.config, file_path.parent.parent)
    return collect.claim_file(parent, file_path)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Replicates first, across claims: whoever judges then finds them measured."""
    collect.order(items)


def pytest_collection_finish(session: pytest.Session) -> None:
    live.expect(session.config, [item.nodeid for item in session.items])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:
    """Under xdist only the workers collect; the controller learns here what is to come."""
    live.expect(node.config, ids)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> Generator[None, None, None]:
    """After the terminal has shown the outcome, a line for a replicate."""
    yield
    live.report(report)


def pytest_sessionstart(session: pytest.Session) -> None:
    live.start(session.config)  # pytest_configure would be too early: no terminal reporter yet


def pytest_unconfigure(config: pytest.Config) -> None:
    live.stop(config)


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Workers tell the controller which workspaces they saw."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[summary.WORKER_KEY] = [str(root) for root in summary.roots(session.config)]
    yield


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker has ended; one that crashed has told nothing, the others have seen the same."""
    for root in getattr(node, "workeroutput", {}).get(summary.WORKER_KEY, ()):
        summary.remember(node.config, Path(root))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Every registered claim with its standing, also those that were not selected."""
    summary.write(terminalreporter, config)
