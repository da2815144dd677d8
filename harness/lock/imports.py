"""What a module imports as written.

Pure functions of a syntax tree. Imports are found wherever they stand.

Not covered: where the named modules are (``harness.lock.closure``); imports that are not written as
such (``harness.lock.dynamic``).
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


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


def imports(nodes: Iterable[ast.AST]) -> Iterator[Import]:
    """Every import statement among a tree's nodes, inside functions and under conditions too."""
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, 0, (), False, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            names = tuple(a.name for a in node.names if a.name != "*")
            star = len(names) < len(node.names)
            yield Import(node.module or "", node.level, names, star, node.lineno)


def words(tree: ast.Module, name: str) -> Iterator[str]:
    """The words of literal assignments to ``name`` at the top of a module: of ``__all__``, what a
    star may import as submodules; of ``pytest_plugins``, what pytest loads beside a conftest."""
    for node in tree.body:
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign | ast.AugAssign):
            targets = [node.target]
        else:
            continue
        if node.value is None or not any(isinstance(t, ast.Name) and t.id == name for t in targets):
            continue
        for inner in ast.walk(node.value):
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                yield inner.value
