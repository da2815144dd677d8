"""No option updates a lock to match results: only ``claims lock`` and ``claims amend`` lock again.

Every option of every command and of the pytest plugin is walked, whatever it is called, so that a
new one is walked too.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.config.argparsing import Parser

from harness import pytest_plugin
from harness.cli import main
from harness.cli.app import parser
from harness.cli.document import commands
from harness.lock.ledger import read
from harness.lock.record import registrations
from tests.plugin.inner import QUICK, Inner
from tests.plugin.studies import study

pytest_plugins = ["tests.plugin.given"]

LOCKING = ("lock", "amend")
PLUGIN_OPTIONS = {"--strict-claims"}
PLUGIN_SETTINGS = {"strict_claims"}
ARGUMENTS = {"init": "fresh", "new": "another", "status": "", "power": "easy --simulations=50"}
"""What a command is given instead of the id of the registered claim."""
VALUES = {"pytest": "-q", "template": "steering", "reason": "better numbers"}
"""Values of options that take neither a number nor a word of a list."""
WORK_HERE = ("init", "new", "check", "explore", "power", "run", "report", "status", "recover")
"""Commands that succeed in this test, so that something was tried."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return study(tmp_path_factory.mktemp("relocking"), easy=1.0)


def locked_bytes(root: Path) -> dict[str, bytes | tuple[str, ...]]:
    """Lock files byte by byte, and the digests of the rows that are registrations."""
    files = {path.name: path.read_bytes() for path in (root / "claims").glob("*.lock.json")}
    return {**files, "rows": tuple(row.digest for row in registrations(read(root)))}


def calls(command: str, sub: argparse.ArgumentParser) -> Iterator[list[str]]:
    """The command alone, and with each of its options."""
    positional = any(not one.option_strings for one in sub._actions)
    plain = [command, *ARGUMENTS.get(command, "easy" if positional else "").split()]
    yield plain
    for action in sub._actions:
        if action.option_strings and action.dest not in ("help", "workspace", "json"):
            value = str(next(iter(action.choices))) if action.choices else "1"
            value = VALUES.get(action.dest, value)
            yield [*plain, action.option_strings[-1], *([] if action.nargs == 0 else [value])]


@pytest.mark.parametrize("command", [name for name in commands(parser()) if name not in LOCKING])
def test_no_command_locks_again(
    command: str, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With each of its options, whatever comes of it, locks and registrations stay as they are."""
    root = tmp_path / "study"
    shutil.copytree(finished, root)
    monkeypatch.chdir(root)
    monkeypatch.setenv("PYTEST_ADDOPTS", " ".join(QUICK))
    before = locked_bytes(root)
    codes = []
    for words in calls(command, commands(parser())[command]):
        with contextlib.suppress(SystemExit):  # usage: a value that this option does not take
            codes.append(main(words))
        assert locked_bytes(root) == before, words
    assert 0 in codes or command not in WORK_HERE


def test_locking_again_needs_a_reason(finished: Path, tmp_path: Path) -> None:
    """``lock`` refuses what is locked; ``amend`` wants a sentence, and is a row of its own."""
    root = tmp_path / "study"
    shutil.copytree(finished, root)
    before = locked_bytes(root)
    place = ["--workspace", str(root)]
    for words in (["lock", "easy"], ["amend", "easy", "--reason", " "],
                  ["amend", "easy", "--reason", "better numbers"]):  # fmt: skip
        assert main([*place, *words]) != 0
        assert locked_bytes(root) == before
    assert main([*place, "amend", "easy", "--reason", "a typing error"]) == 0
    rows = registrations(read(root))
    assert [row.body["reason"] for row in rows] == ["", "a typing error"]
    assert rows[0].digest == before["rows"][0]


def test_no_option_of_the_plugin_locks_again(inner: Inner) -> None:
    """It has one option and one setting; with both, locks and registrations stay as they are."""
    known = Parser(_ispytest=True)
    pytest_plugin.pytest_addoption(known)
    ours = {word for group in known._groups for one in group.options for word in one.names()}
    assert ours == PLUGIN_OPTIONS
    assert set(known._inidict) == PLUGIN_SETTINGS
    before = locked_bytes(inner.root)
    for word in PLUGIN_OPTIONS:
        assert inner(word).ret == 0
    for name in PLUGIN_SETTINGS:
        assert inner("-o", f"{name}=true").ret == 0
    assert locked_bytes(inner.root) == before
