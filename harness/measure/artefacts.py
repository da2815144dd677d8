"""Models and dictionaries of a family, built once, cached by digest, shared by all who need them.

The digest covers the builder's import closure, the files given to it, the recipe's parameters, the
role (and its parents), the seed and torch's version. A folder is complete when its ``built.json``
is there; that file holds the digest of every other file, checked at each use. Builders run under a
file lock, so that concurrent workers wait for a model instead of training it twice.

Not covered: running models (``harness.measure.runner``); evicting old ones (delete ``.cache``).
"""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from filelock import FileLock

from harness.digest import digest, digest_file, short, write_atomic
from harness.errors import ClaimsError, RecordBroken
from harness.measure.loading import load_builder
from harness.measure.store import read_json
from harness.measure.watch import Watch, unwatched
from harness.paths import inside
from harness.subject.interface import Builder, Health, Recipe, RoleSpec

__all__ = ["MARK", "Built", "Progress", "Silent", "Workshop", "load_builder"]

MARK = "built.json"
BESIDES = "read_besides"


class Progress(Protocol):
    """Who is told how far the work is."""

    def say(self, text: str) -> None: ...


@dataclass(frozen=True)
class Silent:
    """Progress that nobody follows."""

    def say(self, text: str) -> None:
        """Ignore ``text``."""


@dataclass(frozen=True)
class Built:
    """A complete artefact: its folder, the digest it is cached under, digest of its content."""

    folder: Path
    digest: str
    content: str
    health: Mapping[str, float | None]
    """None: not a number, as of a training that diverged."""
    besides: tuple[str, ...] = ()
    """What was read in building it that no lock binds (``harness.measure.watch``)."""


@dataclass(frozen=True)
class Workshop:
    """Builds and finds the artefacts of one recipe. ``seed_of`` maps replicate to training seed."""

    root: Path
    recipe: Recipe
    builder: Builder
    code: str
    """Digest of the builder's import closure."""
    seed_of: Callable[[int], int]
    progress: Progress
    given: Mapping[str, str] = field(default_factory=dict)
    """File -> digest of what is given to the builder."""
    watch: Watch = field(default_factory=unwatched)
    functions: Mapping[str, Any] = field(default_factory=dict)
    """``module:attribute`` -> function, of the claim's position classes that code decides."""

    def model_key(self, role: RoleSpec, seed: int) -> str:
        """The digest a model is cached under."""
        parent = None
        if role.parent is not None:
            parent = self.model_key(self.recipe.role(role.parent), seed)
        return digest(
            {
                "artefact": "model/1",
                "code": self.code,
                "builder": self.recipe.builder,
                "params": dict(self.recipe.params),
                "role": role.name,
                "role_params": dict(role.params),
                "parent": parent,
                "seed": str(seed),
                "torch": version("torch"),
                **({"given": dict(self.given)} if self.given else {}),
            }
        )

    def model(self, role_name: str, replicate: int) -> Built:
        """The model of a role in a replicate, training it if it is not there."""
        role = self.recipe.role(role_name)
        seed = self.seed_of(replicate)
        parent = None
        if role.parent is not None:
            parent = self.model(role.parent, replicate).folder

        def make(out: Path) -> Health:
            self.progress.say(f"training {role_name} of replicate {replicate}")
            return self.builder.build(role_name, seed, out, parent)

        return self._ensure("models", self.model_key(role, seed), make)

    def cached(self, role_name: str, replicate: int) -> Path | None:
        """The folder of a role's model in a replicate, if it was built before; builds nothing."""
        key = self.model_key(self.recipe.role(role_name), self.seed_of(replicate))
        folder = inside(self.root, ".cache/models") / short(key, 24)
        return folder if (folder / MARK).is_file() else None

    def dictionary(self, role_name: str, replicate: int, hook: str) -> Built:
        """The sparse dictionary of a role's model at a hook point."""
        model = self.model(role_name, replicate)
        spec = self.recipe.dictionaries
        if spec is None or role_name not in spec.roles or hook not in spec.hooks:
            raise ClaimsError(
                f"no dictionary of {role_name!r} at {hook!r}",
                where=self.recipe.file,
                fix="List the role and the hook point under dictionaries:",
            )
        key = digest(
            {
                "artefact": "dictionary/1",
                "model": model.digest,
                "hook": hook,
                "params": dict(spec.params),
            }
        )

        def make(out: Path) -> None:
            self.progress.say(f"dictionary of {role_name} at {hook}, replicate {replicate}")
            self.builder.build_dictionary(model.folder, hook, self.seed_of(replicate), out)

        return self._ensure("dictionaries", key, make)

    def _ensure(self, kind: str, key: str, make: Callable[[Path], Health | None]) -> Built:
        place = inside(self.root, f".cache/{kind}")
        place.mkdir(parents=True, exist_ok=True)
        name = short(key, 24)
        folder = place / name
        with FileLock(place / f"{name}.lock"):
            if not (folder / MARK).is_file():
                # under this lock, a draft of this key is what a killed process left
                for left in (folder, *place.glob(f".draft-{name}-*")):
                    shutil.rmtree(left, ignore_errors=True)
                draft = Path(tempfile.mkdtemp(dir=place, prefix=f".draft-{name}-"))
                try:
                    with self.watch.apart() as besides:
                        health = make(draft)
                    self.watch.refuse(besides)  # where the builder went on regardless
                    write_atomic(draft / MARK, _mark(draft, health, besides))
                    os.replace(draft, folder)
                except OSError as error:
                    error.filename = error.filename or str(folder)  # a full disk names no file
                    raise
                finally:
                    shutil.rmtree(draft, ignore_errors=True)
            built = _read(folder, key)
            self.watch.refuse(built.besides)
            self.watch.found.update(built.besides)
            return built


def _mark(folder: Path, health: Health | None, besides: Collection[str]) -> bytes:
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    files = {name: digest_file(folder / name) for name in names}
    found = health.as_json() if health else {}
    numbers = {name: v if math.isfinite(v) else None for name, v in found.items()}
    value: dict[str, Any] = {"files": files, "health": numbers}
    if besides:
        value[BESIDES] = sorted(besides)
    return json.dumps(value, indent=1).encode()


def _read(folder: Path, key: str) -> Built:
    try:
        mark = read_json(folder / MARK)
        for name, recorded in mark["files"].items():
            path = inside(folder, name)
            if not path.is_file() or digest_file(path) != recorded:
                raise RecordBroken(f"{name} is not the file that was built")
    except ClaimsError as error:
        raise RecordBroken(
            error.what, where=str(folder), fix="Delete the folder; it is built again from its seed"
        ) from error
    besides = tuple(mark.get(BESIDES, ()))
    return Built(folder, key, digest(mark["files"]), mark["health"], besides)
