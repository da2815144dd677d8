"""Recipes: YAML files that say how a family of matched models is built.

A recipe names its builder (``module:attribute``, relative to the workspace), the roles of the
family, the dictionaries to train and the files that are given to the builder. ``params`` mappings
are the builder's own; they are bound by the lock like everything else, but only the builder knows
what they mean.

Not covered: whether the module has the attribute (the runner imports it), what it does with its
parameters; what is in the given files (``harness.lock.given``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import ClaimsError, nearest
from harness.fields import Node, Reader
from harness.paths import inside
from harness.subject.interface import DictionarySpec, Recipe, RoleSpec
from harness.yamlio import Document, load_file, of_json

SCHEMA = "causal-claims/recipe/1"
BUILDER = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)
HOOK = re.compile(
    r"(blocks\.(0|[1-9][0-9]*)\.)?(?!blocks\.)([a-z][a-z0-9_]*\.)*hook_[a-z0-9_]+", re.ASCII
)
"""A hook point as TransformerLens names it."""
POSITIONS = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
RESERVED = ("host", "random", "union")
"""Words that mean something else where a role could stand."""
WRITTEN = (".cache", ".git", "claims", "reports")
"""Folders that locking and running write to: nothing in them can be given."""
MOST_REPLICATES = 1000


def load_recipe(root: Path, relative: str) -> Recipe:
    """Read ``root/relative``; its builder's module has to be a file of the workspace.

    Raises :class:`harness.errors.BadInput` with every problem.
    """
    return read_recipe(load_file(root, relative), root)


def read_recipe(document: Document, root: Path | None = None) -> Recipe:
    """The recipe of a parsed document; the builder's file is looked for where ``root`` is given.

    Raises :class:`harness.errors.BadInput`.
    """
    reader = Reader(document)
    keys = reader.root.fields(
        ("schema", "id", "builder", "roles"), ("params", "dictionaries", "given")
    )
    if "schema" in keys:
        keys["schema"].word((SCHEMA,), "schema")
    recipe = Recipe(
        id=keys["id"].identifier("recipe id") if "id" in keys else "",
        file=document.file,
        builder=_builder(keys["builder"], root) if "builder" in keys else "",
        params=_params(keys.get("params")),
        roles=_roles(keys["roles"]) if "roles" in keys else (),
        dictionaries=_dictionaries(keys["dictionaries"], keys.get("roles"))
        if "dictionaries" in keys
        else None,
        given=_given(keys["given"], root) if "given" in keys else (),
    )
    reader.finish()
    return recipe


def _builder(node: Node, root: Path | None) -> str:
    builder = node.pattern(BUILDER, "module:attribute, such as models.mini:Mini")
    if not builder or root is None:
        return builder
    stem = builder.partition(":")[0].replace(".", "/")
    choices = (f"{stem}.py", f"{stem}/__init__.py")
    try:
        found = any(inside(root, name).is_file() for name in choices)
    except ClaimsError as error:
        node.problem(error.what, error.fix)
        return builder
    if not found:
        node.problem(
            f"the workspace has no module {stem}.py",
            "Name the module that builds the models, below the workspace's root",
        )
    return builder


def _params(node: Node | None) -> Mapping[str, Any]:
    return dict(node.value) if node is not None and (node.entries() or node.value == {}) else {}


def _roles(node: Node) -> tuple[RoleSpec, ...]:
    entries = node.named("role")
    if not entries and isinstance(node.value, dict):
        node.problem("a recipe without roles builds nothing", "Name at least one role")
    names = tuple(name for name, _ in entries)
    out = []
    for name, entry in entries:
        if name in RESERVED:
            entry.problem(f"a role cannot be called {name!r}", "The word means something else")
        keys = entry.fields((), ("params", "parent", "replicates"))
        parent = keys["parent"].word(names, "role") if "parent" in keys else None
        cap = keys["replicates"].count(1, MOST_REPLICATES) if "replicates" in keys else None
        out.append(RoleSpec(name, _params(keys.get("params")), parent, cap))
    parents = {role.name: role.parent for role in out}
    for name, entry in entries:
        _no_circle(name, parents, entry)
        _cap_of_parent(name, {role.name: role for role in out}, entry)
    return tuple(out)


def _no_circle(name: str, parents: Mapping[str, str | None], entry: Node) -> None:
    seen, at = {name}, parents[name]
    while at is not None:
        if at in seen:
            if at == name:
                entry.problem(f"role {name!r} is its own ancestor", "Let one role have no parent")
            return
        seen.add(at)
        at = parents.get(at)


def _cap_of_parent(name: str, roles: Mapping[str, RoleSpec], entry: Node) -> None:
    """A role cannot be trained in a replicate in which its parent is not."""
    role = roles[name]
    parent = roles.get(role.parent or "")
    if parent is None or parent.replicates is None:
        return
    if role.replicates is None or role.replicates > parent.replicates:
        entry.problem(
            f"role {name!r} needs its parent {parent.name!r}, which stops at "
            f"{parent.replicates} replicates",
            f"Write replicates: {parent.replicates}, or lift the parent's",
        )


def _dictionaries(node: Node, roles: Node | None) -> DictionarySpec:
    keys = node.fields(("roles", "hooks"), ("params",))
    known = tuple(roles.value) if roles is not None and isinstance(roles.value, dict) else ()
    named = []
    for item in keys["roles"].items("a list of roles") if "roles" in keys else []:
        if isinstance(item.value, str) and item.value in known:
            named.append(item.value)
        else:
            item.problem(f"no role {item.value!r}", f"Nearest: {nearest(str(item.value), known)}")
    hooks = [
        item.pattern(HOOK, "a hook point, such as blocks.2.hook_resid_post")
        for item in (keys["hooks"].items("a list of hook points") if "hooks" in keys else [])
    ]
    for key, values in (("roles", named), ("hooks", hooks)):
        if key in keys and len(set(values)) < len(values):
            keys[key].problem("an entry is listed twice", "List each once")
    return DictionarySpec(tuple(named), tuple(hooks), _params(keys.get("params")))


def _given(node: Node, root: Path | None) -> tuple[str, ...]:
    """Paths below the workspace's root, sorted, without the slash that may end a folder's."""
    out = []
    for item in node.items("a list of files and folders"):
        path = item.text().removesuffix("/")
        if not path:
            continue
        if root is not None:
            try:
                inside(root, path)
            except ClaimsError as error:
                item.problem(error.what, error.fix)
                continue
        if path.partition("/")[0] in WRITTEN:
            item.problem(
                f"{path} lies where locking and running write, so it does not stay as it is",
                "Keep data under models/, such as models/data/",
            )
        elif path in out:
            item.problem(f"{path} is listed twice", "List it once")
        out.append(path)
    return tuple(sorted(out))


def recipe_to_json(recipe: Recipe) -> dict[str, Any]:
    """The recipe in its own language, fully written out, and its file: what a lock binds.

    Roles are a list, because their order is part of the recipe.
    """
    out: dict[str, Any] = {
        "schema": SCHEMA,
        "file": recipe.file,
        "id": recipe.id,
        "builder": recipe.builder,
        "params": recipe.params,
        "roles": [
            {
                "name": role.name,
                "params": role.params,
                **({"parent": role.parent} if role.parent is not None else {}),
                **({"replicates": role.replicates} if role.replicates is not None else {}),
            }
            for role in recipe.roles
        ],
    }
    if recipe.dictionaries is not None:
        spec = recipe.dictionaries
        out["dictionaries"] = {
            "roles": list(spec.roles),
            "hooks": list(spec.hooks),
            "params": spec.params,
        }
    if recipe.given:
        out["given"] = list(recipe.given)
    return out


def recipe_from_json(value: Mapping[str, Any]) -> Recipe:
    """The inverse of :func:`recipe_to_json`, through the same checks as a file."""
    plain = dict(value)
    file = str(plain.pop("file", ""))
    roles = plain.get("roles")
    if isinstance(roles, list):
        named = [r for r in roles if isinstance(r, dict) and isinstance(r.get("name"), str)]
        out = {r["name"]: {k: v for k, v in r.items() if k != "name"} for r in named}
        plain["roles"] = out if len(out) == len(roles) else roles
    return read_recipe(of_json(plain, file))
