"""From YAML to :class:`Claim`, reporting every problem of every file at once.

A claim is read in one pass: names of sites, directions and arms are collected first, so that each
reference can be checked where it stands. Roles are checked against the recipe that the claim names.
Nothing is coerced or silently completed, except the defaults of ``harness.claim.kinds`` and
``harness.claim.schema``, which become part of the claim and of what a lock binds.

Not covered: whether the claim can be decided (``harness.lock.lint``), whether hook points and
position classes exist (only the model and the task know; the runner refuses them by name).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import fields
from pathlib import Path
from typing import TypeVar

from harness.claim.offers import check_offers
from harness.claim.parse_arms import Names, arms, dose_rule, sites
from harness.claim.parse_directions import directions
from harness.claim.parse_rules import criteria, preconditions, probes, shown
from harness.claim.parse_subject import subject
from harness.claim.schema import SCHEMA, Claim, Exclusion, Samples, Subject
from harness.claim.suits import check_suits
from harness.claim.terms import DRAWN
from harness.errors import BadInput, ClaimsError, NothingThere, Problem, UnknownName, nearest
from harness.fields import LONGEST_ID, Node, Reader, good_id
from harness.paths import inside
from harness.subject.interface import Recipe
from harness.subject.recipe import MOST_REPLICATES, load_recipe
from harness.yamlio import Document, load_file

FOLDER = "claims"
REQUIRED = (
    "schema",
    "id",
    "title",
    "statement",
    "source",
    "unit",
    "subject",
    "arms",
    "preconditions",
    "criteria",
)
OPTIONAL = (
    "samples",
    "sites",
    "directions",
    "dose_rule",
    "probes",
    "shown",
    "exclusion",
    "waivers",
    "does_not_show",
)
UNITS = ("replicate",)
MOST_SAMPLES = 100_000
RESERVED = ("explore", "reproduction")
T = TypeVar("T")


def parse_claim(root: Path, path: Path | str) -> Claim:
    """The claim in ``path`` (absolute, or relative to the workspace ``root``).

    Raises :class:`BadInput` with every problem of the file, and of the recipe that it names.
    """
    relative = _relative(root, Path(path))
    document = load_file(root, relative)
    stem = Path(relative).name.removesuffix(".yaml")
    try:
        recipe: Recipe | None = _recipe_of(root, document)
        faults: tuple[Problem, ...] = ()
    except BadInput as error:
        recipe, faults = None, error.problems
    try:
        claim = read_claim(document, recipe, stem, root)
    except BadInput as error:
        raise BadInput((*error.problems, *faults)) from None
    if faults:
        raise BadInput(faults)
    return claim


def load_claim(root: Path, claim_id: str) -> Claim:
    """The claim ``claims/<claim_id>.yaml``. Raises :class:`BadInput`, :class:`UnknownName`."""
    known = claim_ids(root)
    if claim_id not in known:
        raise UnknownName(
            f"no claim {claim_id!r}",
            where=str(root / FOLDER),
            fix=f"Nearest: {nearest(claim_id, known)}",
        )
    return parse_claim(root, f"{FOLDER}/{claim_id}.yaml")


def load_claims(root: Path, ids: Iterable[str] | None = None) -> tuple[Claim, ...]:
    """The named claims, or all of the workspace, in order.

    Raises :class:`BadInput` with the problems of all files together, :class:`UnknownName`, and
    :class:`NothingThere` where there is no claim at all.
    """
    wanted = claim_ids(root) if ids is None else tuple(dict.fromkeys(ids))
    if not wanted:
        raise NothingThere(
            "there is no claim", where=str(root / FOLDER), fix="Write one: claims new ID"
        )
    out, problems = [], []
    for claim_id in wanted:
        try:
            out.append(load_claim(root, claim_id))
        except BadInput as error:
            problems += [p for p in error.problems if p not in problems]
    if problems:
        raise BadInput(tuple(problems))
    return tuple(out)


def claim_ids(root: Path) -> tuple[str, ...]:
    """Stems of the YAML files in ``claims/``, sorted."""
    return tuple(sorted(path.stem for path in (root / FOLDER).glob("*.yaml")))


def read_claim(
    document: Document,
    recipe: Recipe | None = None,
    stem: str | None = None,
    root: Path | None = None,
) -> Claim:
    """The claim of a parsed document.

    Roles are checked where a ``recipe`` is given, the id against the file's ``stem`` where that is,
    functions that decide positions where the workspace's ``root`` is.
    Raises :class:`BadInput` with every problem.
    """
    reader = Reader(document)
    keys = reader.root.fields(REQUIRED, OPTIONAL)
    names = Names.of(keys, recipe)

    def read(key: str, how: Callable[[Node], T], otherwise: T) -> T:
        return how(keys[key]) if key in keys else otherwise

    if "schema" in keys:
        keys["schema"].word((SCHEMA,), "schema")
    claim = Claim(
        id=read("id", lambda n: _id(n, stem), ""),
        title=read("title", lambda n: n.text(200), ""),
        statement=read("statement", Node.text, ""),
        source=read("source", lambda n: _texts(n, "a list of sources"), ()),
        unit=read("unit", lambda n: n.word(UNITS, "unit"), ""),
        subject=read("subject", subject, Subject("", 1)),
        sites=read("sites", lambda n: sites(n, root), {}),
        samples=read("samples", _samples, Samples()),
        directions=read("directions", lambda n: directions(n, names), ()),
        arms=read("arms", lambda n: arms(n, names), ()),
        dose_rule=read("dose_rule", lambda n: dose_rule(n, names), None),
        preconditions=read("preconditions", lambda n: preconditions(n, names), ()),
        criteria=read("criteria", lambda n: criteria(n, names), ()),
        shown=read("shown", lambda n: shown(n, names), {}),
        probes=read("probes", lambda n: probes(n, names), ()),
        exclusion=read("exclusion", _exclusion, None),
        waivers=read("waivers", _waivers, {}),
        does_not_show=read("does_not_show", lambda n: _texts(n, "a list of sentences"), ()),
    )
    check_suits(claim, reader)
    if recipe is not None:
        check_offers(claim, recipe, reader)
    reader.finish()
    return claim


def _relative(root: Path, path: Path) -> str:
    """The path below ``root``, without following links."""
    if not path.is_absolute():
        return path.as_posix()
    top, place = Path(os.path.abspath(root)), Path(os.path.normpath(path))
    for start in (top, top.resolve()):
        if place.is_relative_to(start):
            return place.relative_to(start).as_posix()
    fix = "Keep claims in the folder claims/ of the workspace"
    raise BadInput((Problem(str(path), 0, "", f"not inside the workspace {root}", fix),))


def _recipe_of(root: Path, document: Document) -> Recipe | None:
    """The recipe that the document names, if it names one at all.

    Raises :class:`BadInput`: a wrong path is the claim's fault, a wrong recipe is the recipe's.
    """
    subject = document.value.get("subject") if isinstance(document.value, dict) else None
    named = subject.get("recipe") if isinstance(subject, dict) else None
    if not isinstance(named, str) or not named.strip():
        return None
    reader = Reader(document)
    try:
        found = inside(root, named).is_file()
    except ClaimsError as error:
        reader.problem("subject.recipe", error.what, error.fix)
    else:
        if not found:
            fix = "Check the path, which starts at the workspace's root"
            reader.problem("subject.recipe", f"{named} does not exist", fix)
    reader.finish()
    return load_recipe(root, named)


def _id(node: Node, stem: str | None) -> str:
    name = node.identifier("claim id")
    if stem is not None and name != stem and good_id(str(node.value)):
        node.problem(
            f"the id {name!r} is not the file's name",
            f"Write id: {stem}, or rename the file to {name}.yaml",
        )
    if name in RESERVED:
        node.problem(f"{name!r} is a folder of reports/ that is no claim's", "Choose another id")
    if stem is not None and not good_id(stem):
        node.problem(
            f"the file name {stem!r} is no claim id",
            f"Rename it: lower-case letters, digits and hyphens, at most {LONGEST_ID}",
        )
    return name


def _texts(node: Node, wanted: str) -> tuple[str, ...]:
    items = node.items(wanted)
    if isinstance(node.value, list) and not items:
        node.problem("the list is empty", "Name at least one, or remove the key")
    out = tuple(item.text() for item in items)
    if len(set(out)) < len(out):
        node.problem("an entry is listed twice", "List each once")
    return out


def _samples(node: Node) -> Samples:
    keys = node.fields((), tuple(f.name for f in fields(Samples)))
    least = {"fit": 2}  # its two halves are compared
    drawn = keys.pop("drawn").word(DRAWN) if "drawn" in keys else DRAWN[0]
    counts = {name: node.count(least.get(name, 1), MOST_SAMPLES) for name, node in keys.items()}
    return Samples(**counts, drawn=drawn)


def _exclusion(node: Node) -> Exclusion:
    keys = node.fields(("at_most", "why"))
    return Exclusion(
        at_most=keys["at_most"].count(1, MOST_REPLICATES) if "at_most" in keys else 1,
        why=keys["why"].text() if "why" in keys else "",
    )


def _waivers(node: Node) -> dict[str, str]:
    return {name: entry.text() for name, entry in node.named("rule")}
