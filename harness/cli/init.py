"""``claims init``: a workspace that works at once.

The subjects are copied, not imported: a workspace's ``models/`` is its owner's code. They come from
the package (``harness/_workspace/models`` in a wheel) or, in an editable install, from the
repository's own ``models/``.

Not covered: recipes of full size; ``docs/your-own-model.md`` says how to write another.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from pathlib import Path

from harness.cli.command import Command
from harness.cli.output import Output
from harness.cli.templates import render
from harness.digest import write_atomic
from harness.errors import EXIT_OK, ClaimsError

EXAMPLE = "first-claim"
RECIPES = ("miniature.yaml", "lagged.yaml")
"""Recipes that a new workspace starts with; their builders come with all of ``models/*.py``."""

IGNORED = """\
.venv/
__pycache__/
.pytest_cache/
.cache/
reports/reproduction/
reports/explore/
*.part
"""

README = """\
# {name}

Claims about language models, written down before the outcome is known.

    claims/    one YAML file per claim; its lock and the ledger of all locks and attempts beside it
    models/    recipes (YAML) and the Python that trains their models
    reports/   what a run writes

A claim's way:

    claims check                       every problem of every file
    claims explore {example} --replicates 2    free, on its own data, stamped EXPLORATORY
    claims power {example}         can the planned replicates decide it?
    claims lock {example}          from here on the rule is fixed and the seeds are drawn
    claims run                         the same as: pytest claims/
    claims report                      reports/index.html

Commit `claims/` after every lock and `claims/` and `reports/` after every run: the order of those
commits is part of the evidence.
"""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dir", metavar="DIR", type=Path, help="a folder that is new or empty")


def run(args: argparse.Namespace, output: Output) -> int:
    """Write the workspace. Raises :class:`ClaimsError` for a target that is not empty."""
    target: Path = args.dir
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise ClaimsError("this is not a folder", where=str(target), fix="Name a new folder")
    if target.exists() and (found := sorted(p.name for p in target.iterdir() if p.name != ".git")):
        raise ClaimsError(
            f"the folder is not empty (it holds {', '.join(found[:3])}"
            f"{', ...' if len(found) > 3 else ''})",
            where=str(target),
            fix="Name a new or empty folder; `claims new ID` adds a claim to a workspace",
        )
    written = []
    try:
        for name, data in contents(target.resolve().name):
            written.append(name)
            write_atomic(target / name, data)
    except OSError:  # half a workspace would bar the same command
        for top in {name.partition("/")[0] for name in written}:
            if (target / top).is_dir():
                shutil.rmtree(target / top, ignore_errors=True)
            else:
                (target / top).unlink(missing_ok=True)
        raise
    output.say(f"A workspace with one claim, {EXAMPLE}, is in {target}.")
    output.say(f"Next: cd {target} && claims check && claims explore {EXAMPLE} --replicates 2")
    output.result({"workspace": str(target.resolve()), "written": written, "claim": EXAMPLE})
    return EXIT_OK


def contents(name: str) -> Iterator[tuple[str, bytes]]:
    """Relative path and bytes of every file of a new workspace called ``name``."""
    source = models_source()
    yield "README.md", README.format(name=name, example=EXAMPLE).encode()
    yield ".gitignore", IGNORED.encode()
    yield "reports/.gitkeep", b""
    yield f"claims/{EXAMPLE}.yaml", render("suppression", EXAMPLE).encode()
    for path in sorted(source.glob("*.py")):
        yield f"models/{path.name}", path.read_bytes()
    for recipe in RECIPES:
        yield f"models/{recipe}", (source / recipe).read_bytes()


def models_source() -> Path:
    """Where the miniature's recipe and builder are. Raises :class:`ClaimsError` if nowhere."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "_workspace" / "models", package.parent / "models"):
        if all((folder / recipe).is_file() for recipe in RECIPES):
            return folder
    raise ClaimsError(
        "this installation has lost its example models",
        where=str(package),
        fix="Install causal-claims again",
    )


COMMAND = Command(
    name="init",
    summary="make a workspace that works at once",
    text="Make a workspace: claims/ with one example, models/ with the miniature, reports/.",
    example="claims init study",
    arguments=_arguments,
    run=run,
)
