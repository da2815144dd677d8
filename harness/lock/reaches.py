"""What a builder's modules must not take from outside, and must not change for others.

* input that no lock binds: environment variables, the command line, standard input. Parameters
  belong under ``params`` of the recipe, where they are locked.
* parts of the harness beyond ``harness.subject`` and ``harness.errors``: a builder makes models, it
  does not measure or judge them.
* assignments to what it imports from the harness or from a library that the evaluator uses: they
  would change the evaluator in this process without changing any file that is locked.

Setting an environment variable is free, and so are the switches under ``torch.backends``.

Not covered: changes made through calls (``torch.set_default_dtype``), through arguments and
containers, by code of a library; clocks and unseeded randomness, which ``claims reproduce`` shows.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from harness.lock.names import Scope, scoped

ENVIRONMENT = ("os.environ", "os.environb")
READERS = ("os.getenv", "os.getenvb", "sys.argv", "sys.orig_argv", "sys.stdin", "fileinput.input")
OWN_PARTS = ("harness.subject", "harness.errors")
FREE_PARTS = ("harness", "harness.__version__", "harness.__file__")
REPLACERS = ("_pytest", "mock", "pytest", "unittest.mock")
"""Packages whose work is to replace parts of others by name."""
SHARED = (
    *("harness", "numpy", "pandas", "pyarrow", "safetensors", "scipy", "sklearn", "statsmodels"),
    *("torch", "transformer_lens", "transformers"),
    *("collections", "datetime", "filelock", "functools", "hashlib", "io", "json", "math", "os"),
    *("pathlib", "random", "rfc8785", "statistics", "time", "yaml"),
)
"""What the evaluator uses too."""
SWITCHES = ("os.environ", "torch.backends", "torch._dynamo.config", "torch._inductor.config")
SETTERS = ("setattr", "delattr")
MUTATORS = ("add", "append", "clear", "extend", "insert", "pop", "remove", "setdefault", "update")

OUTER = "no lock can bind what comes from there"
PARAMS = "Put it under params: of the recipe, where it is locked"
PART = "a builder makes models; it does not measure or judge them"
ONLY = "Import harness.subject and harness.errors only"
CHANGED = "this changes it for all code in the process, the evaluator too"
WRAP = "Subclass or wrap it in your own module"


@dataclass(frozen=True, order=True)
class Fault:
    """One thing that a builder's module must not do: where, what, why, and what to do instead."""

    line: int
    what: str
    why: str
    fix: str


def faults(tree: ast.Module) -> Iterator[Fault]:
    """Every such thing in a module."""
    written: set[int] = set()
    for node, scope in scoped(tree):
        written |= _written(node, scope)
        line = getattr(node, "lineno", 1)
        for what in _outer(node, scope, written):
            yield Fault(line, what, OUTER, PARAMS)
        for what in _parts(node, scope):
            yield Fault(line, what, PART, ONLY)
        for what in _changes(node, scope):
            yield Fault(line, what, CHANGED, WRAP)


def _written(node: ast.AST, scope: Scope) -> set[int]:
    """Mentions of the environment that set a variable, and read none."""
    found: list[ast.AST] = []
    if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
        found.append(node.value)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        called = node.value.func
        if isinstance(called, ast.Attribute) and called.attr in ("setdefault", "update"):
            found.append(called.value)
    return {id(one) for one in found if scope.path(one) in ENVIRONMENT}


def _outer(node: ast.AST, scope: Scope, written: set[int]) -> Iterator[str]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "input":
        yield "input()"
    elif isinstance(node, ast.Name | ast.Attribute) and id(node) not in written:
        path = scope.path(node)
        if path in READERS or (path in ENVIRONMENT and isinstance(node.ctx, ast.Load)):
            yield f"reads {path}"


def _parts(node: ast.AST, scope: Scope) -> Iterator[str]:
    names: list[str] = []
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and not node.level:
        names = [f"{node.module}.{alias.name}" for alias in node.names]
    elif isinstance(node, ast.Attribute):
        path = scope.path(node)
        names = [path] if path.count(".") == 1 else []  # a longer chain holds a shorter one
    for name in names:
        free = name in FREE_PARTS or _below(name, OWN_PARTS)
        if _below(name, ("harness",)) and not free:
            yield f"uses {name}"


def _changes(node: ast.AST, scope: Scope) -> Iterator[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        module = getattr(node, "module", None) or ""
        for alias in node.names:
            whole = alias.name if isinstance(node, ast.Import) else f"{module}.{alias.name}"
            if not getattr(node, "level", 0) and _below(whole, REPLACERS):
                yield f"imports {whole}"
    elif isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
        path = scope.target(node)
        if _shared(path):
            yield f"assigns to {path}"
    elif isinstance(node, ast.Attribute) and node.attr in ("__dict__", "__setattr__"):
        if _shared(scope.path(node.value)):
            yield f"uses {scope.path(node)}"
    elif isinstance(node, ast.Call):
        yield from _call(node, scope)


def _call(node: ast.Call, scope: Scope) -> Iterator[str]:
    called = node.func
    first = scope.target(node.args[0]) if node.args else ""
    if isinstance(called, ast.Name) and called.id in (*SETTERS, "vars") and _shared(first):
        yield f"{called.id} on {first}"
    elif isinstance(called, ast.Attribute):
        if called.attr in ("__setattr__", "__delattr__") and _shared(first):
            yield f"{called.attr} on {first}"
        owner = scope.target(called.value)
        if called.attr in MUTATORS and _below(owner, ("harness",)):
            yield f"{owner}.{called.attr}"


def _shared(path: str) -> bool:
    return _below(path, SHARED) and not _below(path, SWITCHES)


def _below(path: str, packages: tuple[str, ...]) -> bool:
    return any(path == one or path.startswith(one + ".") for one in packages)
