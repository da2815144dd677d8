"""Which libraries a builder imports, and in which versions.

A library is bound by the version of the package that it was installed from. So a module that comes
from no package (a folder on ``PYTHONPATH``), or from a package that is installed to be edited in
place, is refused: no version says what it does.

Not covered: what libraries import in turn; files of a package that were edited after installing.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from functools import lru_cache
from importlib.machinery import PathFinder
from importlib.metadata import Distribution, PackageNotFoundError, packages_distributions
from pathlib import Path

from harness.errors import ClaimsError

ABSENT = "not installed"
ELSEWHERE = frozenset({"harness", "numpy", "pandas", "safetensors", "scipy", "sklearn"}) | {
    *("statsmodels", "torch", "transformer_lens", "transformers")
}
"""Bound for every claim, by ``harness.lock.binding``."""


def libraries(names: Iterable[str], root: Path) -> dict[str, str]:
    """Top-level module -> version of its package, for ``names`` outside the standard library.

    Nothing is imported. Raises :class:`ClaimsError` for a module that no version can bind.
    """
    wanted = sorted(set(names) - sys.stdlib_module_names - ELSEWHERE)
    return {name: _version(name, root) for name in wanted}


def _version(name: str, root: Path) -> str:
    packages = _packages(name)
    if not packages:
        outside = [p for p in sys.path if Path(p or ".").resolve() != root.resolve()]
        if PathFinder.find_spec(name, outside) is None:
            return ABSENT
        raise ClaimsError(
            f"the builder imports {name}, which belongs to no installed package",
            fix="Put the module under models/, where a lock can bind it, or install it with pip",
        )
    for package in packages:
        if _edited_in_place(package):
            raise ClaimsError(
                f"the builder imports {name}, whose package {package.name} is installed to be "
                "edited in place, so its version does not say what it does",
                fix="Install it without --editable, or put the module under models/",
            )
    return ", ".join(sorted(str(package.version) for package in packages))


def _packages(name: str) -> tuple[Distribution, ...]:
    try:
        return (Distribution.from_name(name),)  # most packages are called as their module is
    except PackageNotFoundError:
        return tuple(Distribution.from_name(one) for one in sorted(set(_by_module().get(name, ()))))


@lru_cache(maxsize=1)
def _by_module() -> dict[str, list[str]]:
    return dict(packages_distributions())


def _edited_in_place(package: Distribution) -> bool:
    text = package.read_text("direct_url.json")
    if not text:
        return False
    try:
        value = json.loads(text)
    except ValueError:
        return False
    info = value.get("dir_info") if isinstance(value, dict) else None
    return isinstance(info, dict) and bool(info.get("editable"))
