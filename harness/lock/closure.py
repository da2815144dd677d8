"""What code a registration rests on: the import closure of a module, read but never imported.

Starting from a module, every import statement in it is followed, also inside functions and under
conditions, to the modules of the workspace and of ``harness``; libraries outside are bound by their
versions. Packages on the way (``__init__.py``) run at import and belong to the closure. The
workspace comes first on ``sys.path``, so a workspace file that shadows a library is found too.

Imports that only running could resolve would leave a hole: workspace code that imports by a
computed name, executes text or has compiled modules is refused.

Not covered: data files that code opens (a recipe's parameters and ``from-file`` directions are
bound; other files are not), libraries' own code beyond their version.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import harness
from harness.errors import ClaimsError
from harness.lock.source import parse_source, reads_docstrings, tree_digest
from harness.subject.interface import Recipe

HARNESS = "harness"
EVALUATOR = ("harness.measure.runner", "harness.verdict.judge")
"""Where measuring and judging start."""
BY_NAME = frozenset({"import_module", "__import__"})
EXECUTES = frozenset(
    {"exec", "eval", "compile", "run_path", "run_module", "spec_from_file_location",
     "SourceFileLoader", "SourcelessFileLoader", "ExtensionFileLoader", "exec_module"}
)  # fmt: skip
BARE_ONLY = frozenset({"exec", "eval", "compile"})
"""Builtins: ``model.eval()`` and ``re.compile`` are something else."""


@dataclass
class _Walk:
    """A walk over modules; ``found`` maps each to its tree."""

    root: Path | None
    harness_folder: Path
    found: dict[str, ast.Module] = field(default_factory=dict)

    def add(self, name: str) -> None:
        """Add a module, its packages and everything they import."""
        queue = [name]
        while queue:
            module = queue.pop()
            for part in _with_packages(module):
                if part in self.found:
                    continue
                path = self.locate(part)
                if path is None:
                    continue
                tree = parse_source(path)
                if not self.ours(part):
                    _refuse_dynamic(tree, path)
                self.found[part] = tree
                package = path.name == "__init__.py"
                queue += self.imports(part, package, tree)

    @staticmethod
    def ours(module: str) -> bool:
        return module == HARNESS or module.startswith(HARNESS + ".")

    def locate(self, module: str) -> Path | None:
        """The file of a module of the workspace or of ``harness``; None for a library's."""
        if self.ours(module):
            base, parts = self.harness_folder.parent, module.split(".")
        elif self.root is None:
            return None
        else:
            base, parts = self.root, module.split(".")
        place = base.joinpath(*parts)
        package = place / "__init__.py"
        if package.is_file():
            return package
        for suffix in (*EXTENSION_SUFFIXES, ".pyc"):
            compiled = place.with_name(place.name + suffix)
            if compiled.is_file():
                raise ClaimsError(
                    "a compiled module cannot be read, so the lock cannot bind it",
                    where=str(compiled),
                    fix="Remove it and keep the Python source",
                )
        source = place.with_name(place.name + ".py")
        return source if source.is_file() else None

    def imports(self, module: str, package: bool, tree: ast.Module) -> Iterator[str]:
        """Absolute names of everything that a module may import."""
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = _base(module, package, node)
                if base:
                    yield base
                    yield from (f"{base}.{alias.name}" for alias in node.names if alias.name != "*")
            elif isinstance(node, ast.Call):
                yield from _named(node, module, package)


def _with_packages(module: str) -> Iterator[str]:
    parts = module.split(".")
    for n in range(1, len(parts) + 1):
        yield ".".join(parts[:n])


def _base(module: str, package: bool, node: ast.ImportFrom) -> str:
    """The absolute name after ``from``; empty where it climbs out of every package."""
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    up = node.level - 1 if package else node.level
    if up >= len(parts) + (1 if package else 0):
        return ""
    kept = parts[: len(parts) - up]
    return ".".join([*kept, *([node.module] if node.module else [])])


def _called(node: ast.Call) -> tuple[str, bool]:
    """The name that is called, and whether it is bare."""
    if isinstance(node.func, ast.Name):
        return node.func.id, True
    return (node.func.attr, False) if isinstance(node.func, ast.Attribute) else ("", False)


def _named(node: ast.Call, module: str, package: bool) -> Iterator[str]:
    """The module that ``import_module("a.b")`` names in so many words."""
    name, _ = _called(node)
    if name not in BY_NAME or not node.args:
        return
    first = node.args[0]
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        dots = len(first.value) - len(first.value.lstrip("."))
        if dots:
            relative = ast.ImportFrom(module=first.value[dots:] or None, names=[], level=dots)
            yield _base(module, package, relative)
        else:
            yield first.value


def _refuse_dynamic(tree: ast.Module, path: Path) -> None:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name, bare = _called(node)
        computed = name in BY_NAME and not (node.args and isinstance(node.args[0], ast.Constant))
        executes = name in EXECUTES and (bare or name not in BARE_ONLY)
        if computed or executes:
            raise ClaimsError(
                f"{name}(...) runs code that the lock cannot see",
                where=f"{path}:{node.lineno}",
                fix="Import modules by name, with an import statement",
            )


def closure(
    starts: tuple[str, ...], root: Path | None = None, harness_folder: Path | None = None
) -> dict[str, str]:
    """Module name -> digest of its meaning, for the start modules and all that they import.

    ``root`` is the workspace (None: only ``harness``). Raises :class:`ClaimsError` for a start
    that does not exist, source that is not Python and code that the closure cannot follow.
    """
    folder = harness_folder or Path(str(harness.__file__)).parent
    walk = _Walk(root, folder)
    for start in starts:
        if walk.locate(start) is None:
            raise ClaimsError(
                f"there is no module {start!r}",
                where=str(root or folder.parent),
                fix=f"Write it as {start.replace('.', '/')}.py below the workspace's root",
            )
        walk.add(start)
    keep = any(reads_docstrings(tree) for name, tree in walk.found.items() if not walk.ours(name))
    return {
        name: tree_digest(walk.found[name], keep and not walk.ours(name))
        for name in sorted(walk.found)
    }


def builder_closure(root: Path, recipe: Recipe) -> dict[str, str]:
    """The closure of the recipe's builder: everything that generates data and trains models."""
    return closure((recipe.builder.partition(":")[0],), root)


def evaluator_closure(root: Path | None = None) -> Mapping[str, str]:
    """The closure of everything that measures and judges.

    With a ``root``, workspace files that shadow a library which the evaluator imports are in it.
    """
    return closure(EVALUATOR, root)
