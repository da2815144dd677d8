"""What differs between a lock and the workspace as it is now, field by field.

Two kinds of difference. Those that *break the record* (claim, recipe, the builder's code in the
workspace, given files, directions and weights) leave nothing that was registered to be judged. The
others (evaluator, packages, libraries, settings, code that pytest loads beside, and the parts of
the harness that the builder rests on) forbid beginning or resuming an attempt; a complete attempt
is judged again under them, and says so.

Not covered: what to do about a difference (``harness.measure.job``); YAML layout and comments, and
Python comments, docstrings and layout, which are free.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.claim.canonical import claim_from_json, claim_to_json
from harness.claim.parse import parse_claim
from harness.digest import PREFIX, short
from harness.errors import ClaimsError
from harness.lock.beside import beside, shadows
from harness.lock.binding import packages, settings
from harness.lock.closure import PACKAGE, builder_closure, evaluator_closure
from harness.lock.code import code_walk
from harness.lock.given import given_digests
from harness.lock.leaves import ABSENT, differing
from harness.lock.libraries import libraries
from harness.lock.record import Lock
from harness.lock.tensors import tensors_digest
from harness.shown import visible
from harness.subject.recipe import load_recipe, recipe_from_json, recipe_to_json

LONGEST = 120


@dataclass(frozen=True)
class Difference:
    """One field whose value is not the locked one."""

    field: str
    locked: str
    found: str
    breaks_record: bool

    @property
    def of_code(self) -> bool:
        """Whether it is in code of the workspace: what builds models, what decides positions."""
        return self.field.partition(".")[0] in ("builder", "code")

    def __str__(self) -> str:
        return f"{visible(self.field)}: locked {self.locked} / found {self.found}"

    def as_json(self) -> dict[str, Any]:
        return dict(self.__dict__)


def compare(root: Path, lock: Lock) -> tuple[Difference, ...]:
    """Every difference between the lock and the workspace now; empty where nothing differs.

    Reads, parses and hashes; runs nothing. What cannot be read differs.
    """
    return (
        *_claim(root, lock),
        *_recipe(root, lock),
        *_builder(root, lock),
        *_code(root, lock),
        *_files(root, lock),
        *_data(root, lock),
        *_evaluator(root, lock),
        *_group("package", lock.bound["packages"], packages(), False),
        *_libraries(root, lock),
        *_group("settings", lock.bound["settings"], settings(), False),
        *_beside(root, lock),
    )


def _claim(root: Path, lock: Lock) -> Iterator[Difference]:
    try:
        found = parse_claim(root, root / "claims" / f"{lock.claim_id}.yaml")
    except ClaimsError as error:
        yield Difference("claim", _word(lock.bound["claim"]), _line(error), True)
        return
    yield from _leaves("claim", lock.claim, claim_to_json(found))


def _recipe(root: Path, lock: Lock) -> Iterator[Difference]:
    try:
        found = load_recipe(root, lock.claim["subject"]["recipe"])
    except ClaimsError as error:
        yield Difference("recipe", _word(lock.bound["recipe"]), _line(error), True)
        return
    yield from _leaves("recipe", lock.recipe, recipe_to_json(found))


def _builder(root: Path, lock: Lock) -> Iterator[Difference]:
    try:
        found = builder_closure(root, recipe_from_json(lock.recipe))
    except ClaimsError as error:
        yield Difference("builder", f"{len(lock.bound['builder'])} modules", _line(error), True)
        return
    for one in _group("builder", lock.bound["builder"], found, True):
        of_harness = one.field.split(".")[1] == PACKAGE
        yield Difference(one.field, one.locked, one.found, not of_harness)


def _code(root: Path, lock: Lock) -> Iterator[Difference]:
    """Code that decides positions, of the functions that the locked claim names."""
    locked, versions = (lock.bound.get(key, {}) for key in ("code", "code_libraries"))
    try:
        found = code_walk(root, claim_from_json(lock.claim))[1] if locked else {}
    except ClaimsError as error:
        yield Difference("code", f"{len(locked)} modules", _line(error), True)
        return
    for one in _group("code", locked, found, True):
        of_harness = one.field.split(".")[1] == PACKAGE
        yield Difference(one.field, one.locked, one.found, not of_harness)
    try:
        yield from _group("code_library", versions, libraries(versions, root), False)
    except ClaimsError as error:
        yield Difference("code_library", ", ".join(sorted(versions)), _line(error), False)


def _evaluator(root: Path, lock: Lock) -> Iterator[Difference]:
    try:
        found = evaluator_closure(root)
    except ClaimsError as error:
        yield Difference(
            "evaluator", f"{len(lock.bound['evaluator'])} modules", _line(error), False
        )
        return
    yield from _group("evaluator", lock.bound["evaluator"], found, False)


def _files(root: Path, lock: Lock) -> Iterator[Difference]:
    for path, locked in sorted(lock.bound["files"].items()):
        try:
            found = tensors_digest(root, path)
        except ClaimsError as error:
            yield Difference(f"files.{path}", _word(locked), _line(error), True)
            continue
        if found != locked:
            yield Difference(f"files.{path}", _word(locked), _word(found), True)


def _data(root: Path, lock: Lock) -> Iterator[Difference]:
    """Given files one by one, so that one that cannot be read does not hide the others."""
    locked: Mapping[str, str] = lock.bound.get("given", {})
    given = recipe_from_json(lock.recipe).given
    found: dict[str, str] = {}
    for path in given:
        try:
            found |= given_digests(root, (path,))
        except ClaimsError as error:
            found |= {p: was for p, was in locked.items() if p == path or p.startswith(f"{path}/")}
            yield Difference(f"data.{path}", f"{len(locked)} files", _line(error), True)
    yield from _group("data", locked, found, True)


def _libraries(root: Path, lock: Lock) -> Iterator[Difference]:
    locked: Mapping[str, str] = lock.bound.get("libraries", {})
    try:
        found = libraries(locked, root)
    except ClaimsError as error:
        yield Difference("library", ", ".join(sorted(locked)), _line(error), False)
        return
    yield from _group("library", locked, found, False)


def _beside(root: Path, lock: Lock) -> Iterator[Difference]:
    for path, words in shadows(root).items():
        yield Difference(f"workspace.{path}", ABSENT, words, False)
    if "conftest" not in lock.bound:
        return
    try:
        found = beside(root)
    except ClaimsError as error:
        locked = f"{len(lock.bound['conftest'])} files"
        yield Difference("conftest", locked, _line(error), False)
        return
    yield from _group("conftest", lock.bound["conftest"], found, False)


def _group(
    name: str, locked: Mapping[str, str], found: Mapping[str, str], breaks: bool
) -> Iterator[Difference]:
    for key in sorted({*locked, *found}):
        was, now = locked.get(key, ABSENT), found.get(key, ABSENT)
        if was != now:
            yield Difference(f"{name}.{key}", _word(was), _word(now), breaks)


def _leaves(name: str, locked: Any, found: Any) -> Iterator[Difference]:
    for path, was, now in differing(locked, found, name):
        yield Difference(path, _word(was), _word(now), True)


def _word(value: Any) -> str:
    if isinstance(value, str):
        return f"sha256:{short(value)}" if value.startswith(PREFIX) else value[:LONGEST]
    return json.dumps(value, ensure_ascii=False, sort_keys=True)[:LONGEST]


def _line(error: ClaimsError) -> str:
    return error.sentence.replace("\n", "; ")[: LONGEST * 2]
