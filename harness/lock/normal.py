"""A Python module reduced to what it does and what it imports: digest and imports, from its bytes.

The digest is over a plain writing-out of the syntax tree without positions, without empty fields
and without statements that do nothing (docstrings and other bare constants, ``pass``): comments,
layout, quotes and docstrings are free, everything else counts. It does not use ``ast.dump``, whose
text changes between versions of Python.

Not covered: a module that reads its own docstring or source; what an imported name is bound to at
run time; files that the code reads.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from harness.digest import digest_bytes
from harness.errors import ClaimsError

FREE_FIELDS = frozenset({"ctx", "kind", "type_comment", "type_ignores"})
"""Fields that say nothing about what the code does, or that follow from where a node stands."""


@dataclass(frozen=True)
class Import:
    """One import as written: ``level`` dots, ``module`` after them, ``names`` taken from it.

    ``import a.b`` has no names; ``star`` stands for ``from a import *``.
    """

    module: str
    level: int
    names: tuple[str, ...]
    star: bool
    line: int


@dataclass(frozen=True)
class Module:
    """What one module's bytes say. ``exported`` are the words of a literal ``__all__``;
    ``dynamic`` are (line, words) of code that imports or runs what cannot be read here."""

    digest: str
    imports: tuple[Import, ...]
    exported: tuple[str, ...]
    dynamic: tuple[tuple[int, str], ...]


@lru_cache(maxsize=512)
def analyse(source: bytes, file: str) -> Module:
    """Analyse a module's bytes; ``file`` is for messages only.

    Raises :class:`ClaimsError` with file and line for what is not Python.
    """
    fix = "Correct the file: a lock binds what the code says, so it must be readable"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the author's invalid escapes are not our output
            tree = ast.parse(source, filename=file)
        return Module(
            digest=digest_bytes("".join(_write(tree)).encode("utf-8", "surrogatepass")),
            imports=tuple(_imports(tree)),
            exported=tuple(_exported(tree)),
            dynamic=tuple(_dynamic(tree)),
        )
    except SyntaxError as error:
        where = f"{file}:{error.lineno or 1}"
        raise ClaimsError(f"not Python ({error.msg})", where=where, fix=fix) from error
    except ValueError as error:
        raise ClaimsError(f"not Python ({error})", where=f"{file}:1", fix=fix) from error
    except (RecursionError, MemoryError) as error:
        raise ClaimsError("nested too deeply", where=f"{file}:1", fix="Flatten it") from error


def _write(value: Any) -> Iterator[str]:
    """The tree as text: unambiguous, because every text constant carries its length."""
    if isinstance(value, ast.Constant):
        yield _constant(value.value)
    elif isinstance(value, ast.AST):
        yield f"{type(value).__name__}("
        for name in sorted(value._fields):
            inner = getattr(value, name, None)
            if name in FREE_FIELDS or inner is None:
                continue
            if isinstance(inner, list):
                inner = [item for item in inner if not _idle(item)]
                if not inner:
                    continue
            yield f"{name}="
            yield from _write(inner)
            yield ","
        yield ")"
    elif isinstance(value, list):
        yield "["
        for item in value:
            yield from _write(item)
            yield ","
        yield "]"
    else:
        yield _constant(value)


def _constant(value: Any) -> str:
    # repr of a float is its shortest exact form; of text it depends on Python's Unicode tables
    kind = type(value).__name__
    if isinstance(value, str):
        return f"str:{len(value)}:{value}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"int:{value:x}"
    return f"{kind}:{value!r}"


def _idle(item: Any) -> bool:
    """Whether a statement does nothing: a docstring, a bare constant, ``pass``."""
    if isinstance(item, ast.Expr):
        return isinstance(item.value, ast.Constant)
    return isinstance(item, ast.Pass)


def _imports(tree: ast.Module) -> Iterator[Import]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, 0, (), False, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            names = tuple(a.name for a in node.names if a.name != "*")
            star = len(names) < len(node.names)
            yield Import(node.module or "", node.level, names, star, node.lineno)


def _exported(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign | ast.AugAssign):
            targets = [node.target]
        value = getattr(node, "value", None)
        if value is not None and any(
            isinstance(t, ast.Name) and t.id == "__all__" for t in targets
        ):
            for inner in ast.walk(value):
                if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                    yield inner.value


IMPORTERS = ("importlib", "runpy", "imp", "pkgutil", "zipimport", "builtins")
"""Modules by which code can import what is not written as an import."""
HARMLESS = ("importlib.metadata", "importlib.resources")
RUNNERS = ("__import__", "exec", "eval", "compile", "__builtins__", "__loader__", "__spec__")
"""Names by which code can run, or reach, what is not written in it."""
PATHS = ("path", "modules", "meta_path", "path_hooks", "path_importer_cache")
"""Attributes of ``sys`` that decide what an import finds."""


def _dynamic(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if _imports_freely(alias.name):
                    yield node.lineno, f"import {alias.name}"
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                if _imports_freely(str(node.module)) and whole not in HARMLESS:
                    yield node.lineno, f"from {node.module} import {alias.name}"
                elif node.module == "sys" and alias.name in PATHS:
                    yield node.lineno, f"sys.{alias.name}"
        elif isinstance(node, ast.Name) and node.id in RUNNERS:
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute):
            if node.attr in ("__import__", "__builtins__", "__loader__"):
                yield node.lineno, node.attr
            elif isinstance(node.value, ast.Name) and node.value.id == "sys" and node.attr in PATHS:
                yield node.lineno, f"sys.{node.attr}"


def _imports_freely(name: str) -> bool:
    if any(name == h or name.startswith(h + ".") for h in HARMLESS):
        return False
    return name.partition(".")[0] in IMPORTERS
