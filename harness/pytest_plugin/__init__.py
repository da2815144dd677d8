"""The pytest plugin: ``claims/*.yaml`` are test files, and only a verdict PASS passes.

    claims/x.yaml::replicate::3          measures one replicate
    claims/x.yaml::precondition::dose    whether the data can speak
    claims/x.yaml::criterion::beats      supported, or not
    claims/x.yaml::verdict               the claim's verdict

Loaded in every pytest run through the entry point ``pytest11``: it imports nothing but pytest until
a claim is found, and leaves YAML files of other projects alone (see ``workspace``). Every run that
reaches a workspace ends with the standing of each claim and with what was registered and not
reported; ``--strict-claims`` makes an error of the latter.

Not covered: what is measured and how it is judged (``harness.measure``, ``harness.verdict``); a run
in which the plugin is switched off: it can say nothing, ``claims run`` notices.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from harness.pytest_plugin import collect, hooks, live, summary
from harness.pytest_plugin.recorder import Recorder
from harness.pytest_plugin.workspace import is_claim_file

STRICT = "an error for every registered claim item that this run does not report"


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(hooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    """One option and one setting; none of them changes a file."""
    group = parser.getgroup("causal claims")
    group.addoption("--strict-claims", action="store_true", dest="strict_claims", help=STRICT)
    parser.addini("strict_claims", f"{STRICT}, where it reaches claims/", "bool", False)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Recorder(config))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Claim files of a workspace become collectors."""
    if not is_claim_file(file_path):
        return None
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


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Every registered claim with its standing, and whatever was not reported."""
    summary.write(terminalreporter, config)
