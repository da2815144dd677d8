"""The meaning of Python source as a digest: its syntax tree without layout, comments, docstrings.

Two files have the same digest if the interpreter runs the same statements. The dump is our own,
over node types and fields that are not empty, so that Python's minor versions (which add empty
fields) agree. A docstring counts only where ``keep_docstrings`` says that something may read it.

Not covered: what a module does with its own text or line numbers (``inspect.getsource``).
"""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

from harness.digest import PREFIX
from harness.errors import ClaimsError

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
IGNORED = frozenset({"ctx", "type_comment", "type_ignores"})
"""Fields without meaning of their own: ``ctx`` follows from the place."""


def parse_source(path: Path) -> ast.Module:
    """The syntax tree of a file. Raises :class:`ClaimsError` where it is not Python."""
    try:
        return ast.parse(path.read_bytes(), filename=str(path))
    except SyntaxError as error:
        raise ClaimsError(
            f"not Python: {error.msg}", where=f"{path}:{error.lineno or 0}", fix="Correct it"
        ) from None
    except (ValueError, RecursionError, MemoryError):
        raise ClaimsError("cannot be parsed as Python", where=str(path), fix="Correct it") from None


def tree_digest(tree: ast.Module, keep_docstrings: bool = False) -> str:
    """SHA-256 over the dump of a tree."""
    state = hashlib.sha256()
    stack: list[object] = [tree]
    while stack:  # no recursion: a long chain of operators is a deep tree
        item = stack.pop()
        if isinstance(item, str):
            state.update(item.encode("utf-8", "surrogatepass"))
        elif isinstance(item, ast.Constant):
            constant = f"<{type(item.value).__name__} {item.value!r}>"
            state.update(constant.encode("utf-8", "surrogatepass"))
        elif isinstance(item, ast.AST):
            parts: list[object] = [f"({type(item).__name__}"]
            for name, value in sorted(ast.iter_fields(item)):
                if name == "body" and not keep_docstrings:
                    value = _without_docstring(item, value)
                if name not in IGNORED and value is not None and value != []:
                    parts += [f" {name}=", value]
            stack.extend(reversed([*parts, ")"]))
        elif isinstance(item, list):
            # the length keeps [a, [b]] and [[a], b] apart, and None marks a gap (as in {**x})
            stack.extend(reversed([f"[{len(item)}:", *item, "]"]))
        else:
            state.update(f"<{type(item).__name__} {item!r}>".encode())
    return PREFIX + state.hexdigest()


def _without_docstring(node: ast.AST, body: object) -> object:
    """The body without its docstring, with ``pass`` where nothing is left."""
    if not isinstance(node, DOCUMENTED) or not isinstance(body, list) or not body:
        return body
    first = body[0]
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        return body[1:] or ([] if isinstance(node, ast.Module) else [ast.Pass()])
    return body


def reads_docstrings(tree: ast.Module) -> bool:
    """Whether the code mentions ``__doc__`` or asks ``inspect`` for documentation."""
    for node in ast.walk(tree):
        names = (
            getattr(node, "attr", None),
            getattr(node, "id", None),
            node.value if isinstance(node, ast.Constant) else None,
        )
        if any(name in ("__doc__", "getdoc") for name in names if isinstance(name, str)):
            return True
    return False
