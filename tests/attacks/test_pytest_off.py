"""``claims run`` when the plugin, or pytest itself, was taken out of the run.

pytest can then say nothing; ``claims run`` hears no account, says so and has no standing. Each test
also shows that the same command without the switch ends as the claims stand.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from harness.cli import main
from harness.cli.run import plugin_name
from harness.errors import EXIT_NO_STANDING, EXIT_OK
from tests.plugin.inner import QUICK, Inner

pytest_plugins = ["tests.plugin.given"]

Run = Callable[..., tuple[int, dict[str, Any]]]
_shown: list[bool] = []
SILENT = f"no:{plugin_name()}"


@pytest.fixture
def run(inner: Inner, capfd: pytest.CaptureFixture[str]) -> Run:
    """``claims run --json`` on two claims that are PASS: exit code and result."""

    def call(*argv: str) -> tuple[int, dict[str, Any]]:
        capfd.readouterr()
        quick = [f"--pytest={word}" for word in QUICK]
        code = main(["--workspace", str(inner.root), "--json", "run", *quick, *argv])
        return code, json.loads(capfd.readouterr().out)

    if not _shown:
        code, value = call("--strict")
        assert (code, value["faults"], value["not_reported"]) == (EXIT_OK, [], [])
        _shown.append(True)
    return call


def gave_no_account(code: int, value: dict[str, Any]) -> None:
    """No standing for the run, although every claim on disk is PASS."""
    assert code == value["exit_code"] == EXIT_NO_STANDING
    assert {one["status"] for one in value["claims"]} == {"PASS"}
    assert value["not_reported"] is None
    assert "gave no account of this run" in value["faults"][0]


def test_switching_the_plugin_off(run: Run) -> None:
    """``-p no:`` behind our own ``-p``; the message names the switch."""
    code, value = run("--pytest=-p", f"--pytest={SILENT}")
    gave_no_account(code, value)
    assert (
        f"(in effect: -p no:hypothesispytest, -p no:cacheprovider, -p {SILENT})"
        in (value["faults"][0])
    )


def test_switching_the_plugin_off_where_nothing_is_collected(run: Run, inner: Inner) -> None:
    """With the folder as the only argument pytest finds no test and no fault."""
    for path in inner.claims.glob("*.yaml"):
        path.rename(path.with_suffix(".txt"))
    code, value = run("--pytest=-p", f"--pytest={SILENT}")
    assert code == EXIT_NO_STANDING
    assert "gave no account" in value["faults"][0]


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_asking_pytest_for_something_else(run: Run, option: str) -> None:
    """No session, exit code 0 from pytest; that is no run."""
    gave_no_account(*run(f"--pytest={option}"))


def test_unregistering_the_plugin(run: Run, inner: Inner) -> None:
    """A conftest.py that takes out everything of ours."""
    inner.conftest(
        "def pytest_sessionstart(session):\n"
        "    for one in list(session.config.pluginmanager.get_plugins()):\n"
        "        module = getattr(one, '__name__', type(one).__module__)\n"
        "        if module.startswith('harness.pytest_plugin'):\n"
        "            session.config.pluginmanager.unregister(one)"
    )
    gave_no_account(*run())


def test_unregistering_what_collects(run: Run, inner: Inner) -> None:
    """Without the collector nothing is found; the listener still says what is missing."""
    inner.conftest(
        "def pytest_configure(config):\n"
        f"    config.pluginmanager.unregister(name={plugin_name()!r})"
    )
    code, value = run()
    assert code == EXIT_NO_STANDING
    assert [one["of"] for one in value["not_reported"]] == [6, 6]


def test_switches_that_do_not_reach_it(
    run: Run, inner: Inner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment and ini files come before our own ``-p``, which wins."""
    monkeypatch.setenv("PYTEST_ADDOPTS", f"-p {SILENT}")
    (inner.root / "pytest.ini").write_text(f"[pytest]\naddopts = -p {SILENT}\n")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    code, value = run("--strict")
    assert (code, value["faults"]) == (EXIT_OK, [])


def test_selecting_through_claims_run(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer lists what was left out; strictness gives the run no standing."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k also")
    code, value = run()
    assert code == EXIT_OK
    assert [(m["claim"], m["reason"], len(m["items"]), m["of"]) for m in value["not_reported"]] == [
        ("good", "deselected (-k also)", 6, 6)
    ]
    code, value = run("--strict")
    assert (code, value["faults"]) == (EXIT_NO_STANDING, ["6 registered and not reported (strict)"])


def test_strictness_cannot_be_taken_back(run: Run) -> None:
    """``--strict`` is said last."""
    code, _ = run("--strict", "--pytest=-o", "--pytest=strict_claims=false", "--pytest=-kalso")
    assert code == EXIT_NO_STANDING


def test_rewriting_the_exit_status(run: Run, inner: Inner) -> None:
    """What a conftest.py makes of pytest's exit code is not asked."""
    inner.conftest(
        "def pytest_sessionstart(session):\n    session.config.kept = session\n"
        "def pytest_unconfigure(config):\n    config.kept.exitstatus = 0"
    )
    assert inner.strict("-k", "also").ret == 0  # that much it can do
    assert run("--pytest=-kalso", "--strict")[0] == EXIT_NO_STANDING


def test_running_when_every_claim_file_is_gone(run: Run, inner: Inner) -> None:
    """The record knows of two claims; there is something to say."""
    for path in inner.claims.glob("*.yaml"):
        path.unlink()
    code, value = run()
    assert code == EXIT_NO_STANDING
    assert {one["status"] for one in value["claims"]} == {"TAMPERED"}
    assert [one["claim"] for one in value["not_reported"]] == ["also", "good"]


def test_naming_one_claim_is_no_way_around(run: Run) -> None:
    """A run of one claim is that claim's; a strict one answers for the workspace."""
    assert run("good")[0] == EXIT_OK
    code, value = run("good", "--strict")
    assert code == EXIT_NO_STANDING
    assert [one["claim"] for one in value["not_reported"]] == ["also"]
