"""Which code a lock binds: everything that some modules import, read and never run.

Imports are followed inside the workspace and inside the installed ``harness`` package, wherever
they stand (inside functions and under ``TYPE_CHECKING`` too), with every package ``__init__`` on
the way. A name is looked up in the workspace first, as Python does once the workspace's root is on
its path, so a workspace file that shadows a library is found. Libraries are bound by their
versions (``harness.lock.binding``).

Code of the workspace that imports or runs by name (``importlib``, ``__import__``, ``exec``,
``sys.path`` and their like) is refused, because what it runs cannot be read here
(``harness.lock.dynamic``), and so is a builder that takes input from outside or changes what the
evaluator uses (``harness.lock.reaches``). The harness itself imports by name in one place,
``harness.measure.loading``, to load the builder that is bound, from its source alone.

Not covered: data files that the code reads (``harness.lock.given``); ways to run code that no list
can name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import harness
from harness.errors import ClaimsError
from harness.lock.imports import Import
from harness.lock.memory import remember
from harness.lock.source import MOST_SOURCE, Module, analyse, documented, refused
from harness.paths import inside
from harness.regular import Unreadable, read_regular
from harness.subject.interface import Recipe

PACKAGE = "harness"
EVALUATOR = (
    "harness.measure.run",
    "harness.measure.runner",
    "harness.measure.tables",
    "harness.measure.dose",
    "harness.measure.needs",
    "harness.verdict.judge",
    "harness.verdict.judging",
)
"""Where measuring and judging start."""
APART = ("harness.cli", "harness.lock", "harness.pytest_plugin", "harness.report")
"""Parts of the harness that neither measure nor judge: what keeps the record, what shows it. They
can refuse a verdict, but not change one, and their work is checked by ``claims verify``."""
MOST_MODULES, MOST_CODE = 4000, 32 << 20
COMPILED = (*EXTENSION_SUFFIXES, ".pyc")


@dataclass(frozen=True)
class Found:
    """Where a module is: its file (None for a folder without ``__init__.py``), from which folder
    its path is shown, and whether it is the workspace's."""

    name: str
    file: Path | None
    package: bool
    top: Path
    ours: bool

    @property
    def shown(self) -> str:
        """The file's path for readers."""
        assert self.file is not None
        return self.file.relative_to(self.top).as_posix()


def closure(root: Path, modules: Sequence[str]) -> dict[str, str]:
    """Dotted name -> digest, for ``modules`` and all that they import, sorted by name.

    Raises :class:`ClaimsError` with file and line for a module that is missing, is not Python or
    imports by name.
    """
    return Walk((root,)).run(modules)


def builder_closure(root: Path, recipe: Recipe) -> dict[str, str]:
    """The closure of the recipe's builder: workspace modules, and those of harness it rests on."""
    return builder_walk(root, recipe)[1]


def builder_walk(root: Path, recipe: Recipe) -> tuple[Walk, dict[str, str]]:
    """The builder's closure, and the walk that found it, which knows where each module is."""
    module = recipe.builder.partition(":")[0]
    walk = Walk((root,))
    if walk.find(module) is None:
        raise ClaimsError(
            f"the builder {recipe.builder!r} has no module {module} in the workspace",
            where=recipe.file,
            fix="Write builder: as module:attribute, such as models.miniature:Miniature",
        )
    return walk, walk.run([module])


def evaluator_closure(root: Path | None = None) -> dict[str, str]:
    """The closure of what measures and judges, in the installed harness.

    With a ``root``, files of the workspace that shadow a library it imports are in it.
    """
    bases = () if root is None else (root,)
    return remember(("evaluator", root), lambda: Walk(bases, apart=APART).run(EVALUATOR))


class Walk:
    """One walk over imports: ``bases`` are the folders of the workspace to look in, besides the
    harness, and ``top`` is the folder from which files are shown (the first of them if not given);
    parts in ``apart`` are left out; ``as_builder`` asks of the workspace's modules what is asked of
    builders."""

    def __init__(
        self,
        bases: Sequence[Path],
        apart: Sequence[str] = (),
        as_builder: bool = True,
        top: Path | None = None,
    ) -> None:
        self.bases, self.apart, self.as_builder = tuple(bases), tuple(apart), as_builder
        self._below_apart = tuple(f"{one}." for one in self.apart)
        self.home = Path(str(harness.__file__)).parent.parent
        self.top = top or next(iter(bases), self.home)
        self.modules: dict[str, tuple[Found, bytes, Module]] = {}
        self.libraries: set[str] = set()
        self.listings: dict[str, frozenset[str]] = {}
        self.where: dict[str, Found | None] = {}
        self.todo: list[str] = []
        self.asked: set[str] = set()  # what was taken, or is not ours to take
        self.size = 0

    def run(self, modules: Sequence[str]) -> dict[str, str]:
        """Walk from ``modules`` until nothing new is imported."""
        seen: set[str] = set()
        for name in modules:
            self._want(name, "", 0)
        while self.todo:
            name = self.todo.pop()
            if name not in seen:
                seen.add(name)
                self._read(name)
        read = any(f.ours and m.reads_documentation for f, _, m in self.modules.values())
        return {
            name: documented(source, name) if found.ours and read else module.digest
            for name, (found, source, module) in sorted(self.modules.items())
        }

    def find(self, name: str) -> Found | None:
        """Where a module is, None if it is neither the workspace's nor the harness's."""
        if name not in self.where:
            own = name.partition(".")[0] == PACKAGE
            places = (self.home,) if own else self.bases
            found = (self._at(base, name, ours=not own) for base in places)
            self.where[name] = next((one for one in found if one is not None), None)
        return self.where[name]

    def files(self) -> dict[str, Path]:
        """Module -> file, for the modules of the workspace that the walk found."""
        return {
            name: found.file
            for name, (found, _, _) in sorted(self.modules.items())
            if found.ours and found.file is not None
        }

    def _at(self, base: Path, name: str, ours: bool) -> Found | None:
        """A module below ``base``, found in the order in which Python's own finder looks."""
        folder = f"{base}/{name.replace('.', '/')}"  # a walk asks thousands of times: no Path yet
        parent, _, last = folder.rpartition("/")
        beside = self._names(parent)
        within = self._names(folder) if last in beside else frozenset()
        if "__init__.py" in within:
            return self._found(base, name, Path(folder, "__init__.py"), True, ours)
        for suffix in COMPILED:
            if last + suffix in beside or f"__init__{suffix}" in within:
                raise ClaimsError(
                    "a compiled module cannot be read, so no lock can bind it",
                    where=f"{name.replace('.', '/')}{suffix}",
                    fix="Remove it and keep its Python source, or install it as a package",
                )
        if f"{last}.py" in beside:
            return self._found(base, name, Path(f"{folder}.py"), False, ours)
        if any(one.endswith(".py") for one in within):
            return Found(name, None, True, base, ours)  # a namespace package
        return None

    def _found(self, base: Path, name: str, file: Path, package: bool, ours: bool) -> Found:
        if ours:
            inside(base, file.relative_to(base).as_posix())  # refuses symbolic links
        return Found(name, file, package, self.top if ours else self.home, ours)

    def _names(self, folder: str) -> frozenset[str]:
        """What a folder holds, listed once a walk; nothing where it is no folder."""
        if folder not in self.listings:
            try:
                self.listings[folder] = frozenset(os.listdir(folder))
            except (FileNotFoundError, NotADirectoryError):
                self.listings[folder] = frozenset()
            except OSError as error:
                words = f"the folder cannot be read: {(error.strerror or '').lower()}"
                raise ClaimsError(words, where=folder, fix="Check it") from None
        return self.listings[folder]

    def _inside(self, name: str) -> bool:
        """Whether a name's first part is ours to read, and not set apart."""
        if name in self.apart or name.startswith(self._below_apart):
            return False
        return self.find(name.partition(".")[0]) is not None

    def _want(self, name: str, file: str, line: int) -> None:
        """Take a module that must exist if its package is ours, with its parents."""
        if file and name in self.asked:
            return
        if not self._inside(name):
            if not file:
                raise ClaimsError(f"there is no module {name}", fix="Correct the name")
            self.asked.add(name)
            return
        if self.find(name) is None:
            raise ClaimsError(
                f"imports {name}, which does not exist" if file else f"there is no module {name}",
                where=f"{file}:{line}" if file else "",
                fix="Correct the name, or add the module: a lock binds all code that is imported",
            )
        self.asked.add(name)
        parts = name.split(".")
        self.todo += [".".join(parts[:n]) for n in range(1, len(parts) + 1)]

    def _read(self, name: str) -> None:
        found = self.find(name)
        if found is None or found.file is None:
            return
        shown = found.shown
        source = self._bytes(found)
        self.size += len(source)
        if len(self.modules) >= MOST_MODULES or self.size > MOST_CODE:
            raise ClaimsError(
                f"more than {MOST_MODULES} modules or {MOST_CODE} bytes of code are imported",
                where=shown,
                fix="Import fewer, and keep data in files of their own",
            )
        module = analyse(source, shown)
        self.modules[name] = (found, source, module)
        for one in module.imports:
            self._follow(found, one, shown)
        for word in module.plugins:
            self._want(word, shown, 1)
        for fault in refused(source, shown, self.as_builder)[:1] if found.ours else ():
            where = f"{shown}:{fault.line}"
            raise ClaimsError(f"{fault.what}: {fault.why}", where=where, fix=fault.fix)

    def _follow(self, found: Found, one: Import, shown: str) -> None:
        base = _absolute(found, one, shown)
        self._want(base, shown, one.line)
        if not self._inside(base):
            if found.ours:
                self.libraries.add(base.partition(".")[0])
            return
        for name in (*one.names, *(self._starred(base) if one.star else ())):
            submodule = f"{base}.{name}"
            if self.find(submodule) is not None:
                self._want(submodule, shown, one.line)

    def _starred(self, base: str) -> Iterator[str]:
        found = self.find(base)
        if found is not None and found.package and found.file is not None:
            yield from analyse(self._bytes(found), found.shown).exported

    def _bytes(self, found: Found) -> bytes:
        assert found.file is not None
        try:
            return read_regular(found.file, MOST_SOURCE)
        except (Unreadable, OSError) as error:
            words = f"cannot be read: {error.strerror}" if isinstance(error, OSError) else error
            raise ClaimsError(
                str(words), where=found.shown, fix="Put a Python file there"
            ) from None


def _absolute(found: Found, one: Import, shown: str) -> str:
    """The absolute name of what an import is from."""
    if not one.level:
        return one.module
    package = found.name.split(".") if found.package else found.name.split(".")[:-1]
    up = one.level - 1
    if up >= len(package):
        raise ClaimsError(
            f"a relative import with {one.level} dots leaves its package",
            where=f"{shown}:{one.line}",
            fix="Write the module's full name",
        )
    kept = package[: len(package) - up]
    return ".".join([*kept, *([one.module] if one.module else [])])
