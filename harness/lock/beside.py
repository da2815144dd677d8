"""Code of a workspace that runs beside the evaluator without being imported by it.

pytest loads ``conftest.py`` and every Python file of ``claims/``, and what its settings name; such
code can replace any part of the harness in memory. So it is bound, with what it imports of the
workspace: by its syntax tree, so that comments and layout are free. Nothing of it is run here.

Python loads ``sitecustomize.py``, and a folder ``harness/`` or ``json.py`` in place of the real
one, for anyone who has the workspace on the path. Those are refused, except where the workspace's
``harness/`` is the installed one.

Not covered: plugins that are installed as packages or named in the environment or on the command
line; ``conftest.py`` above the workspace; bytecode that pytest keeps of a conftest.
"""

from __future__ import annotations

import configparser
import shlex
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any

import harness
from harness.digest import digest, digest_bytes
from harness.errors import ClaimsError
from harness.lock.closure import PACKAGE, Walk
from harness.paths import inside, read_inside

CLAIMS = "claims"
UNASKED = ("sitecustomize", "usercustomize")
FREE = ("test",)
"""A module of the standard library that nobody misses; many workspaces have a folder test/."""
LOADS_CODE = ("addopts", "pythonpath")
"""Settings of pytest that load code, or decide which code an import finds."""
MOST_BYTES = 1 << 20
INI_SECTIONS: Mapping[str, str] = {
    "pytest.ini": "pytest",
    ".pytest.ini": "pytest",
    "tox.ini": "pytest",
    "setup.cfg": "tool:pytest",
}
TOML_TABLES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "pytest.toml": (("pytest",),),
    ".pytest.toml": (("pytest",),),
    "pyproject.toml": (("tool", "pytest", "ini_options"), ("tool", "pytest")),
}


def beside(root: Path) -> dict[str, str]:
    """File -> digest, of what pytest loads beside the claims of a workspace.

    Raises :class:`ClaimsError` with file and line for code that imports by name.
    """
    sections: dict[str, list[dict[str, Any]]] = {}
    for file, section in _settings(root):
        if section:
            sections.setdefault(file, []).append(section)
    out = {file: digest(used) for file, used in sections.items()}
    used = [section for some in sections.values() for section in some]
    more = [p for s in used for p in _words(s.get("pythonpath")) if (root / p).is_dir()]
    folder = root / CLAIMS
    bases = (root, folder, *(inside(root, p) for p in more if p.strip("./")))
    tests, odd = _python(folder)
    out |= {f"{CLAIMS}/{p}": digest_bytes(read_inside(folder, p, MOST_BYTES)) for p in odd}
    top = [n for n in ("conftest", "__init__") if (root / f"{n}.py").is_file()]
    plugins = [n for s in used for n in _plugins(_words(s.get("addopts"))) if _ours(n, bases)]
    for places, names in (((folder, *bases), tests), (bases, [*top, *plugins])):
        walk = Walk(places, apart=(PACKAGE,), as_builder=False, top=root)
        digests = walk.run(names)
        found = walk.files()
        out |= {found[n].relative_to(root).as_posix(): digests[n] for n in found}
    return dict(sorted(out.items()))


def _python(folder: Path) -> tuple[list[str], list[str]]:
    """Modules below ``claims/``, and Python files that no import can name."""
    modules, odd = [], []
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        if "__pycache__" in parts:
            continue
        if all(part.isidentifier() for part in parts):
            modules.append(".".join(parts).removesuffix(".__init__"))
        else:
            odd.append(path.relative_to(folder).as_posix())
    return modules, odd


def _ours(name: str, bases: tuple[Path, ...]) -> bool:
    return name.partition(".")[0] != PACKAGE and Walk(bases).find(name) is not None


def shadows(root: Path) -> dict[str, str]:
    """File or folder of the workspace -> what goes wrong with it; empty if nothing does."""
    return dict(_shadows(root))


def refuse_shadows(root: Path) -> None:
    """Raise :class:`ClaimsError` for what Python would load unasked, or in another's place."""
    for path, words in _shadows(root):
        raise ClaimsError(f"{path} {words}", fix="Rename it, or move it out of the workspace")


def _shadows(root: Path) -> Iterator[tuple[str, str]]:
    real = Path(str(harness.__file__)).resolve().parent
    for path in sorted(root.iterdir()):
        name = path.name.partition(".")[0]
        if path.is_dir():
            if not any((path / f"__init__{s}").exists() for s in (".py", *EXTENSION_SUFFIXES)):
                continue
            shown = f"{path.name}/"
        elif path.name[len(name) :] in (".py", ".pyc", *EXTENSION_SUFFIXES):
            shown = path.name
        else:
            continue
        if name in UNASKED:
            yield shown, "would be run at the start of every Python process"
        elif name == PACKAGE and path.resolve() != real:
            yield shown, "would be imported in place of the evaluator"
        elif name in sys.stdlib_module_names and name not in FREE:
            yield shown, "would be imported in place of Python's own module"


def _settings(root: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(file, what of it loads code) of every settings file that pytest may find from ``claims/``
    upwards in the workspace."""
    for folder in (f"{CLAIMS}/", ""):
        for name in (*INI_SECTIONS, *TOML_TABLES):
            file = folder + name
            if not (root / file).is_file():
                continue
            data = read_inside(root, file, MOST_BYTES)
            try:
                for section in _sections(name, data.decode()):
                    yield file, {k: section[k] for k in LOADS_CODE if k in section}
            except (ValueError, configparser.Error):
                yield file, {"unreadable": digest_bytes(data)}  # pytest may read it differently


def _sections(name: str, text: str) -> Iterator[dict[str, Any]]:
    if name in INI_SECTIONS:
        parser = configparser.RawConfigParser()
        parser.read_string(text)
        section = INI_SECTIONS[name]
        if parser.has_section(section):
            yield dict(parser.items(section))
        return
    for table in TOML_TABLES[name]:
        value: Any = tomllib.loads(text)
        for key in table:
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, dict):
            yield {k: v if isinstance(v, list) else str(v) for k, v in value.items()}


def _words(value: Any) -> list[str]:
    """A setting's words: a list as it is, text as a shell would split it."""
    if isinstance(value, list):
        return [str(one) for one in value]
    try:
        return shlex.split(value) if isinstance(value, str) else []
    except ValueError:
        return []


def _plugins(options: list[str]) -> list[str]:
    """The modules that ``-p`` names; ``no:name`` names none."""
    after = [options[n + 1] for n, word in enumerate(options[:-1]) if word == "-p"]
    joined = [word[2:] for word in options if word[:2] == "-p" and word[2:]]
    return [name for name in (*after, *joined) if ":" not in name]
