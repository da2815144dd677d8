"""Loading a recipe's builder: exactly the modules that a lock binds, from their source alone.

The import closure says which modules of the workspace the builder consists of, and the functions
that decide a claim's positions. Only those are
imported from it, each checked against the digest of what was read, and never from bytecode: a
``.pyc`` or ``.so`` put beside a module is not looked at. A module of the same name that the process
has from elsewhere, or from before an edit, is dropped first.

This is the one place where the harness runs code of a workspace. Not covered: what that code does
(``harness.measure.watch``); processes that it starts, which import as Python does.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from harness.errors import ClaimsError
from harness.lock.closure import builder_walk
from harness.lock.code import modules
from harness.lock.source import analyse, documented
from harness.subject.interface import Builder, Recipe


def load_builder(root: Path, recipe: Recipe) -> Builder:
    """Import the recipe's builder and make it.

    Raises :class:`ClaimsError` if there is no such module or attribute, or if it cannot be bound.
    """
    return load_code(root, recipe, ())[0]


def load_code(
    root: Path, recipe: Recipe, functions: Sequence[str]
) -> tuple[Builder, tuple[Callable[..., Any], ...]]:
    """The recipe's builder, and the functions (``module:attribute``) that decide positions.

    Raises :class:`ClaimsError` as :func:`load_builder`, for these too.
    """
    module_name, _, attribute = recipe.builder.partition(":")
    walk, digests = builder_walk(root, recipe)
    if functions:  # one walk over both, so that a module of both is one module
        digests = walk.run(modules((recipe.builder, *functions)))
    bound = {name: (file, digests[name]) for name, file in walk.files().items()}
    finder = BoundFinder(root, bound)
    sys.meta_path[:] = [finder, *(f for f in sys.meta_path if not isinstance(f, BoundFinder))]
    finder.drop_others()
    if str(root) not in sys.path:
        sys.path.append(str(root))  # last, for processes that the builder starts
    try:
        make = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError) as error:
        raise ClaimsError(
            f"cannot load the builder {recipe.builder!r} ({error})",
            where=recipe.file,
            fix=f"Write builder: as module:attribute of a module under {root.name}/",
        ) from error
    builder: Builder = make(recipe)
    return builder, tuple(_function(one) for one in functions)


def _function(name: str) -> Callable[..., Any]:
    module_name, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module_name), attribute)
    except ClaimsError:
        raise
    except Exception as error:  # what the module's own statements raise is its author's to mend
        raise ClaimsError(
            f"cannot load the positions {name!r} ({type(error).__name__}: {error})",
            where=f"{module_name.replace('.', '/')}.py",
            fix="Correct the module, or write code: as module:function",
        ) from error
    if not callable(found):
        raise ClaimsError(
            f"the positions {name!r} are {type(found).__name__}, which cannot be called",
            where=f"{module_name.replace('.', '/')}.py",
            fix="Name a function of (tokens, task)",
        )
    function: Callable[..., Any] = found
    return function


class BoundFinder(MetaPathFinder):
    """Finds the modules of one workspace that are bound, and refuses its others.

    ``bound`` maps each module to its file and digest.
    """

    def __init__(self, root: Path, bound: Mapping[str, tuple[Path, str]]) -> None:
        self.root, self.bound = root, dict(bound)
        self.tops = {name.partition(".")[0] for name in bound}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a bound module; None for names of others.

        Raises ``ModuleNotFoundError`` for a module of the workspace that is not bound.
        """
        if fullname.partition(".")[0] not in self.tops or not self._own(path):
            return None
        if fullname in self.bound:
            file, digest = self.bound[fullname]
            places = [str(file.parent)] if file.name == "__init__.py" else None
            loader = BoundLoader(fullname, str(file), digest)
            return spec_from_file_location(
                fullname, file, loader=loader, submodule_search_locations=places
            )
        if any(name.startswith(f"{fullname}.") for name in self.bound):
            spec = ModuleSpec(fullname, None, is_package=True)
            spec.submodule_search_locations = [str(self.root / fullname.replace(".", "/"))]
            return spec
        raise ModuleNotFoundError(
            f"{fullname} is not among the modules that the builder imports as written",
            name=fullname,
        )

    def drop_others(self) -> None:
        """Forget the modules of these names, unless each is the bound one, from its source."""
        loaded = [name for name in sys.modules if name.partition(".")[0] in self.tops]
        if not all(self._same(name, sys.modules[name]) for name in loaded):
            for name in loaded:
                del sys.modules[name]
        importlib.invalidate_caches()

    def _own(self, path: Sequence[str] | None) -> bool:
        """Whether a parent package is the workspace's (there is none above the first name)."""
        return path is None or any(Path(p).is_relative_to(self.root) for p in path)

    def _same(self, name: str, module: ModuleType) -> bool:
        loader = getattr(module, "__loader__", None)
        if isinstance(loader, BoundLoader):
            known = self.bound.get(name)
            return known is not None and (Path(loader.path), loader.digest) == known
        return name not in self.bound and self._own(getattr(module, "__path__", ()) or ())


class BoundLoader(SourceFileLoader):
    """Loads a module from its source, if that is what was bound under ``digest``."""

    def __init__(self, fullname: str, path: str, digest: str) -> None:
        super().__init__(fullname, path)
        self.digest = digest

    def get_code(self, fullname: str) -> CodeType:
        """Compile the source. Raises :class:`ClaimsError` if it has changed since it was bound."""
        path = str(self.path)
        source = self.get_data(path)
        if self.digest not in (analyse(source, path).digest, documented(source, path)):
            raise ClaimsError(f"{fullname} changed while it was loaded", fix="Run it again")
        return self.source_to_code(source, path)
