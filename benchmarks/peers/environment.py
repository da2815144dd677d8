"""A peer's virtual environment: where it is, and making it.

torch comes first and alone, at the version of ``constraints.txt``, so that no other requirement
decides which build of it comes; then the peer with the pinned transformers, tokenizers and numpy.

Not covered: removing environments (delete ``benchmarks/.envs``).
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

from benchmarks.peers import PACKAGES

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / "benchmarks" / ".envs"
MARK = ".made"
ALSO = ("transformers", "tokenizers", "numpy", "safetensors")


def python_of(name: str) -> Path:
    """The interpreter of a peer's environment."""
    folder = "Scripts" if os.name == "nt" else "bin"
    return PLACE / name / folder / "python"


def is_made(name: str) -> bool:
    """Whether the environment was made to the end, of the packages that are named now."""
    mark = PLACE / name / MARK
    return mark.is_file() and mark.read_text() == wanted(name)


def pins(text: str) -> dict[str, str]:
    """Package -> requirement of a constraints file."""
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    return {line.split("==")[0].lower(): line for line in lines if "==" in line}


def requirements(name: str) -> tuple[str, tuple[str, ...]]:
    """What is installed first (torch), and then, for a peer."""
    known = pins((ROOT / "constraints.txt").read_text())
    own = PACKAGES[name]
    named = {r.split("==")[0].lower() for r in own}
    return known["torch"], (*own, *(known[p] for p in ALSO if p not in named))


def wanted(name: str) -> str:
    first, then = requirements(name)
    return "\n".join((first, *then)) + "\n"


def make(name: str) -> None:
    """Make a peer's environment, from scratch. Raises ``CalledProcessError`` where pip fails."""
    folder = PLACE / name
    venv.EnvBuilder(with_pip=True, clear=True).create(folder)
    first, then = requirements(name)
    for some in ((first,), then):
        print("installing", *some, flush=True)
        command = [str(python_of(name)), "-m", "pip", "install", "-q", *some]
        subprocess.run([*command, "--disable-pip-version-check"], check=True)
    (folder / MARK).write_text(wanted(name))
    print(f"made {folder.relative_to(ROOT)}", file=sys.stderr)
