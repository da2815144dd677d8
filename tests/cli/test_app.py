"""The command line as a whole: help, errors, exit codes."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli import app, main

COMMANDS = [command.name for command in app.COMMANDS]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example_and_json(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Help ends with something to copy."""
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    text = capsys.readouterr().out
    assert stop.value.code == 0
    assert "--json" in text
    assert "--workspace" in text
    assert f"claims {command}" in text.split("example:")[1]


@pytest.mark.parametrize("argv", [[], ["nonsense"], ["explore"], ["run", "-n", "0"]])
def test_bad_usage_exits_with_two(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Usage errors share the code of bad input."""
    with pytest.raises(SystemExit) as stop:
        main(argv)
    assert stop.value.code == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--json"], []])
def test_outside_a_workspace_there_is_one_sentence(
    options: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """No traceback; the sentence goes to stderr, JSON to stdout where it was asked for."""
    monkeypatch.chdir(tmp_path)
    assert main([*options, "status"]) == 2
    seen = capsys.readouterr()
    assert seen.err.startswith("claims: ")
    assert len(seen.err.splitlines()) == 1
    assert (json.loads(seen.out)["exit_code"] == 2) if options else not seen.out


def test_options_work_before_and_after_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``claims --json status`` and ``claims status --json`` are the same."""
    (tmp_path / "claims").mkdir()
    place = ["--workspace", str(tmp_path)]
    for argv in ([*place, "--json", "check"], ["check", "--json", *place]):
        assert main(argv) == 4
        assert json.loads(capsys.readouterr().out)["exit_code"] == 4


@pytest.mark.parametrize(
    ("raised", "code", "words"),
    [
        (KeyboardInterrupt(), 130, "resumes"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/x"), 2, "Free some space"),
        (PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/x"), 2, "Permission denied"),
    ],
)
def test_what_the_machine_does_is_said_in_one_sentence(
    raised: BaseException,
    code: int,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """An interrupt, a full disk and a folder that may not be written need no traceback."""

    def fail(*_: object) -> None:
        raise raised

    monkeypatch.setattr("harness.cli.status.find_root", fail)
    assert main(["status"]) == code
    error = capsys.readouterr().err
    assert words in error
    assert len(error.splitlines()) == 1


def test_a_reader_that_stops_reading_is_no_error(workspace: Path) -> None:
    """``claims status | head -0`` ends quietly."""
    read, write = os.pipe()
    os.close(read)
    program = "import sys; from harness.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", program, "check"],
        cwd=workspace,
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )
    os.close(write)
    assert done.returncode == app.PIPE_CLOSED
    assert done.stderr == ""
