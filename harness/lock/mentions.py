"""Files of the workspace that a builder or its recipe names in so many words, and does not list.

While a replicate is measured, files that Python opens are watched; files that compiled code opens
by itself (safetensors, Arrow) are not. So a path that stands as text in the builder's modules or in
the recipe's ``params``, and that exists, has to be under ``given:`` before it can be locked.

Not covered: paths that are put together from parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.errors import ClaimsError
from harness.lock.closure import Walk
from harness.lock.source import texts
from harness.paths import inside
from harness.subject.interface import Recipe
from harness.subject.recipe import WRITTEN

CODE = (".py", ".yaml")


def refuse_unlisted(root: Path, recipe: Recipe, walk: Walk) -> None:
    """Raise :class:`ClaimsError` for a path that is named, exists and is not given."""
    for place, text, folders in _texts(root, recipe, walk):
        path = _path(root, text, folders)
        if path and not any(path == g or path.startswith(f"{g}/") for g in recipe.given):
            raise ClaimsError(
                f"names {path}, which exists and is not given",
                where=place,
                fix=f"List {path} under given: in {recipe.file}, so that a lock binds it",
            )


def _texts(root: Path, recipe: Recipe, walk: Walk) -> Iterator[tuple[str, str, tuple[Path, ...]]]:
    """(place, text, folders that a path may start from)."""
    for found, source, _ in walk.modules.values():
        if found.ours and found.file is not None:
            for line, text in texts(source, found.shown):
                yield f"{found.shown}:{line}", text, (root, found.file.parent)
    roles = {role.name: role.params for role in recipe.roles}
    more = recipe.dictionaries.params if recipe.dictionaries is not None else {}
    for text in _words([recipe.params, roles, more]):
        yield recipe.file, text, (root, (root / recipe.file).parent)


def _words(value: Any) -> Iterator[str]:
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            todo += one.values()
        elif isinstance(one, list | tuple):
            todo += one


def _path(root: Path, text: str, folders: Sequence[Path]) -> str:
    """The path below ``root`` that a text names: of a file, or of a folder with a slash in it."""
    name = text.removeprefix("./").removesuffix("/")
    for folder in folders:
        relative = (folder / name).relative_to(root).as_posix() if name[:1] != "/" else ""
        try:
            place = inside(root, relative)
            data = place.is_file() or ("/" in text and place.is_dir() and _holds_data(place))
        except (ClaimsError, OSError, ValueError):
            continue  # no path, or none of the workspace
        if data and not name.endswith(CODE) and relative.partition("/")[0] not in WRITTEN:
            return relative
    return ""


def _holds_data(folder: Path) -> bool:
    return any(folder.iterdir()) and not any(folder.glob("*.py"))
