"""The shape of the code base: sizes, layers, and what starts without torch."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

LONGEST = 300
TORCH_HOMES = ("harness.intervene", "harness.readout", "harness.subject", "harness.measure.runner")
LIGHT = ("torch", "transformer_lens", "transformers")


def modules(repository: Path) -> list[Path]:
    """Every module of the product and of the models."""
    return [
        p
        for top in ("harness", "models")
        for p in sorted((repository / top).rglob("*.py"))
        if "__pycache__" not in p.parts
    ]


def test_no_module_is_longer_than_three_hundred_lines(repository: Path) -> None:
    """A module that grows beyond 300 lines holds a second concept that wants its own room."""
    long = {
        str(p.relative_to(repository)): n
        for p in modules(repository)
        if (n := len(p.read_text(encoding="utf-8").splitlines())) > LONGEST
    }
    assert not long


def test_every_module_says_what_it_is(repository: Path) -> None:
    """Modules that hold anything begin with a docstring."""
    mute = [
        str(p.relative_to(repository))
        for p in modules(repository)
        if (text := p.read_text(encoding="utf-8").strip()) and not text.startswith('"""')
    ]
    assert not mute


def test_imports_go_down_only(repository: Path) -> None:
    """The layers of the design hold, as import-linter reads them."""
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports")],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_torch_is_imported_only_where_models_run(repository: Path) -> None:
    """No module outside the engine, the runner and the models names torch in an import."""
    wrong = []
    for path in modules(repository):
        name = ".".join(path.relative_to(repository).with_suffix("").parts)
        if name.startswith(("models", *TORCH_HOMES)):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = (
                [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            wrong += [f"{name}: {n}" for n in names if n.split(".")[0] in LIGHT]
    assert not wrong


@pytest.mark.parametrize("command", ["--help", "check", "status", "verify", "power", "report"])
def test_commands_that_run_no_model_start_without_torch(command: str, workspace: Path) -> None:
    """Reading, checking, listing, verifying and reporting never import torch."""
    arguments = [command]
    if command == "power":
        arguments += ["first-claim", "--simulations", "20"]
    code = (
        "import sys\n"
        "from harness.cli import main\n"
        "try:\n"
        f"    main({arguments!r})\n"
        "except SystemExit:\n"
        "    pass\n"
        f"print('LOADED', [m for m in {LIGHT!r} if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=workspace, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("LOADED []"), done.stdout


def test_a_worker_begins_without_statistics(repository: Path) -> None:
    """They take seconds to import; the few readouts that need them import them themselves."""
    code = (
        "import sys, harness.cli.worker, harness.measure.run, harness.measure.runner\n"
        "print([m for m in ('scipy', 'statsmodels', 'sklearn') if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
