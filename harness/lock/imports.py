"""What a module imports as written, and where it imports or runs what is not written in it.

Pure functions of a syntax tree. Imports are found wherever they stand.

Not covered: where the named modules are (``harness.lock.closure``); tricks that no list of names
can find, such as a function taken by ``getattr`` from another package.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

IMPORTERS = ("builtins", "imp", "importlib", "pkgutil", "runpy", "zipimport")
"""Modules by which code can import what is not written as an import."""
HARMLESS = ("importlib.metadata", "importlib.resources")
RUNNERS = ("__import__", "exec", "eval", "compile", "__builtins__", "__loader__", "__spec__")
"""Bare names by which code can run, or reach, what is not written in it. (``model.eval()`` and
``re.compile`` are something else.)"""
REACHES = ("__import__", "__builtins__", "__loader__", "import_module", "exec_module")
"""Attributes that do the same."""
PATHS = ("path", "modules", "meta_path", "path_hooks", "path_importer_cache")
"""Attributes of ``sys`` that decide what an import finds."""


@dataclass(frozen=True)
class Import:
    """One import: ``level`` dots, ``module`` after them, ``names`` taken from it.

    ``import a.b`` takes no names; ``star`` stands for ``from a import *``.
    """

    module: str
    level: int
    names: tuple[str, ...]
    star: bool
    line: int


def imports(tree: ast.Module) -> Iterator[Import]:
    """Every import statement, inside functions and under conditions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, 0, (), False, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            names = tuple(a.name for a in node.names if a.name != "*")
            star = len(names) < len(node.names)
            yield Import(node.module or "", node.level, names, star, node.lineno)


def exported(tree: ast.Module) -> Iterator[str]:
    """The words of a literal ``__all__``: what a star may import as submodules."""
    for node in tree.body:
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign | ast.AugAssign):
            targets = [node.target]
        else:
            continue
        if node.value is None or not any(
            isinstance(t, ast.Name) and t.id == "__all__" for t in targets
        ):
            continue
        for inner in ast.walk(node.value):
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                yield inner.value


def dynamic(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, words) of everything that imports or runs by name."""
    for node in ast.walk(tree):
        for words in _dynamic(node):
            yield getattr(node, "lineno", 1), words


def _dynamic(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (f"import {a.name}" for a in node.names if _imports_freely(a.name))
    elif isinstance(node, ast.ImportFrom) and not node.level:
        for alias in node.names:
            whole = f"{node.module}.{alias.name}"
            if whole not in HARMLESS and _imports_freely(node.module or ""):
                yield f"from {node.module} import {alias.name}"
            elif node.module == "sys" and alias.name in PATHS:
                yield whole
    elif isinstance(node, ast.Name) and node.id in RUNNERS:
        yield node.id
    elif isinstance(node, ast.Attribute):
        of_sys = isinstance(node.value, ast.Name) and node.value.id == "sys"
        if node.attr in REACHES:
            yield node.attr
        elif of_sys and node.attr in PATHS:
            yield f"sys.{node.attr}"


def _imports_freely(name: str) -> bool:
    if any(name == h or name.startswith(h + ".") for h in HARMLESS):
        return False
    return name.partition(".")[0] in IMPORTERS
