"""The positions of a site: a class of the task, a regular expression, or a function of the
workspace.

Where the workspace's root is known, the function's module is looked for there and read, never run:
what is defined or imported at the top of it has the name, or it is a problem of the claim.

Not covered: what the function does (``harness.subject.coded``), what its module imports
(``harness.lock.code``); names that a module makes as it runs.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from pathlib import Path

from harness.errors import ClaimsError, nearest
from harness.fields import Node
from harness.paths import inside
from harness.regular import Unreadable, read_regular
from harness.subject.patterns import class_name, code_class, fault
from harness.subject.recipe import BUILDER, POSITIONS

MOST_SOURCE = 256 << 10
FUNCTION = "module:function, such as models.positions:early_onset"


def positions(node: Node, root: Path | None = None) -> str:
    """A position class of the task, or one that the claim writes itself."""
    if not isinstance(node.value, dict):
        return node.pattern(POSITIONS, "a position class, such as step_onset")
    if "code" in node.value:
        keys = node.fields(("code",))
        function = keys["code"].pattern(BUILDER, FUNCTION)
        if function and root is not None and (words := missing(root, function)):
            keys["code"].problem(words, "Write code: as module:function of a file of the workspace")
        return code_class(function)
    keys = node.fields(("regex",), ("at",))
    if "at" in keys:
        keys["at"].word(("end",), "place")
    if "regex" not in keys:
        return ""
    regex = keys["regex"].text()
    if regex and (words := fault(regex)):
        keys["regex"].problem(f"the expression is refused: {words}", "See docs/interventions.md")
    return class_name(regex)


def missing(root: Path, function: str) -> str:
    """Why there is no such function in the workspace, in words; nothing where there is."""
    module, _, attribute = function.partition(":")
    stem = module.replace(".", "/")
    try:
        places = [inside(root, name) for name in (f"{stem}/__init__.py", f"{stem}.py")]
        place = next((one for one in places if one.is_file()), None)
        if place is None:
            return f"the workspace has no module {stem}.py"
        source = read_regular(place, MOST_SOURCE)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about how it is written, for whoever runs it
            tree = ast.parse(source)
    except ClaimsError as error:
        return error.what
    except (Unreadable, OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"{stem}.py cannot be read as Python ({error})"
    names = set(_names(tree))
    if attribute in names or "*" in names:
        return ""
    return f"{module} has no {attribute!r} (nearest: {nearest(attribute, tuple(sorted(names)))})"


def _names(tree: ast.Module) -> Iterator[str]:
    """What the statements of a module bind, those under conditions included."""
    todo: list[ast.AST] = list(tree.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((a.asname or a.name).partition(".")[0] for a in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        todo += ast.iter_child_nodes(node)
