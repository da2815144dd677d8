"""Which import a name of a module stands for, scope by scope: ``np.load`` is ``numpy.load``.

Followed are imports under any name, wherever they stand, and names that are given to them by plain
assignment (``r = rules``). A name that a scope binds in several ways counts as the import.

Not covered: what is passed as an argument, kept in a container or returned by a call.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
WIDER = (ast.Global, ast.Nonlocal)
OUTSIDE = ("decorator_list", "returns", "bases", "keywords")
"""Parts of a definition that belong to the scope around it."""


class Scope:
    """The names that a module, class or function binds, and the scope around it."""

    def __init__(self, node: ast.AST, around: Scope | None = None) -> None:
        self.node, self.around = node, around
        self.imported: dict[str, str] = {}
        own = list(_own(node))
        outer = {name for one in own if isinstance(one, WIDER) for name in one.names}
        self.bound = {one.arg for one in own if isinstance(one, ast.arg)} | {
            one.id for one in own if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load)
        }
        self.bound -= outer
        self._bind(own)

    def take(self, tree: ast.AST, names: set[str]) -> None:
        """Bind what functions anywhere in ``tree`` bind under ``names``, which they call global."""
        aside = Scope(ast.Module([], []), self)
        aside._bind(list(ast.walk(tree)))
        self.imported |= {k: v for k, v in aside.imported.items() if k in names}

    def _bind(self, nodes: list[ast.AST]) -> None:
        given: list[tuple[str, ast.expr]] = []
        for one in nodes:
            if isinstance(one, ast.Import):
                for alias in one.names:
                    whole = alias.name if alias.asname else alias.name.partition(".")[0]
                    self.imported[alias.asname or whole] = whole
            elif isinstance(one, ast.ImportFrom) and not one.level:
                for alias in one.names:
                    self.imported[alias.asname or alias.name] = f"{one.module}.{alias.name}"
            elif isinstance(one, ast.Assign):
                given += [(t.id, one.value) for t in one.targets if isinstance(t, ast.Name)]
            elif isinstance(one, ast.AnnAssign | ast.NamedExpr) and one.value is not None:
                given += [(t.id, one.value) for t in (one.target,) if isinstance(t, ast.Name)]
        for _ in given:  # a = b; b = c: as many rounds as there are steps
            before = len(self.imported)
            for name, value in given:
                path = "" if name in self.imported else self._chain(value, name)
                if path:
                    self.imported[name] = path
            if len(self.imported) == before:
                break

    def _chain(self, value: ast.expr, name: str) -> str:
        root: ast.AST = value
        while isinstance(root, ast.Attribute):
            root = root.value
        own = isinstance(root, ast.Name) and root.id == name
        return (self.around.path(value) if self.around else "") if own else self.path(value)

    def path(self, node: ast.AST | None) -> str:
        """The dotted path of a name or a chain of attributes; empty if it is no import's."""
        attributes: list[str] = []
        while isinstance(node, ast.Attribute):
            attributes.append(node.attr)
            node = node.value
        root = self._find(node.id) if isinstance(node, ast.Name) else ""
        return ".".join([root, *reversed(attributes)]) if root else ""

    def target(self, node: ast.AST | None) -> str:
        """The path of what an assignment to ``node`` changes: ``a.b`` for ``a.b[0].c``."""
        while node is not None:
            found = self.path(node)
            if found:
                return found
            node = getattr(node, "value", None)
        return ""

    def _find(self, name: str) -> str:
        scope: Scope | None = self
        while scope is not None:
            if scope is self or not isinstance(scope.node, ast.ClassDef):
                if name in scope.imported:
                    return scope.imported[name]
                if name in scope.bound:
                    return ""
            scope = scope.around
        return ""


def scoped(tree: ast.Module) -> Iterator[tuple[ast.AST, Scope]]:
    """Every node with the scope it stands in, parents before their children."""
    top = Scope(tree)
    top.take(tree, {n for one in ast.walk(tree) if isinstance(one, WIDER) for n in one.names})
    stack: list[tuple[ast.AST, Scope]] = [(tree, top)]
    while stack:  # no recursion: a long chain of operators is a deep tree
        node, scope = stack.pop()
        yield node, scope
        inner = scope
        if isinstance(node, Function | ast.ClassDef):
            inner = Scope(node, scope)
        for name, child in _children(node):
            outside = name in OUTSIDE or isinstance(child, ast.arguments)
            stack.append((child, scope if outside else inner))


def _children(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    for name, value in ast.iter_fields(node):
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, ast.AST):
                yield name, one


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope, without those of the scopes inside it."""
    stack = [child for name, child in _children(node) if name not in OUTSIDE]
    while stack:
        one = stack.pop()
        yield one
        if not isinstance(one, Function | ast.ClassDef):
            # a comprehension's variable is its own: outside, the name still is what it was
            own = isinstance(one, ast.comprehension)
            stack += [child for name, child in _children(one) if not (own and name == "target")]
