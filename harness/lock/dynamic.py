"""Where a module imports, runs or unpickles what is not written in it.

What such code does cannot be read, so no lock can bind it. Names are followed through imports
(``harness.lock.names``), so another name for ``sys`` changes nothing.

Not covered: tricks that no list of names can find, such as a function taken by ``getattr`` under a
computed name from another package, and calls that run code deep inside a library.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeGuard

from harness.lock.names import Scope, scoped

IMPORTERS = (
    *("builtins", "imp", "importlib", "pkgutil", "runpy", "zipimport"),
    *("cffi", "codeop", "ctypes", "doctest", "linecache", "pty", "pydoc", "subprocess", "timeit"),
    *("_pickle", "cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"),
)
"""Modules by which code can import, run or read what is not written as an import."""
PARTS = (
    *("logging.config", "numpy.ctypeslib", "numpy.f2py", "torch.hub", "torch.package"),
    *("torch.utils.cpp_extension", "yaml.CLoader", "yaml.CUnsafeLoader", "yaml.Loader"),
    *("yaml.UnsafeLoader", "yaml.unsafe_load", "yaml.unsafe_load_all"),
)
"""Parts of other modules that do."""
HARMLESS = ("importlib.metadata", "importlib.resources")
RUNNERS = ("__import__", "exec", "eval", "compile", "breakpoint", "globals")
"""Bare names by which code can run or reach what is not written in it. (``model.eval()`` and
``re.compile`` are something else.)"""
HIDDEN = ("__import__", "__builtins__", "__loader__", "__spec__", "__path__")
"""Names, attributes and words that reach the machinery of imports,"""
INSIDES = ("__globals__", "__code__", "__subclasses__")
"""and those that reach into other code."""
FRAMES = ("f_back", "f_builtins", "f_code", "f_globals", "f_locals", "gi_frame", "tb_frame")
REACHES = (
    *HIDDEN,
    *INSIDES,
    *FRAMES,
    *("_getframe", "_current_frames", "addaudithook", "currentframe", "setprofile", "settrace"),
    *("get_objects", "get_referents", "get_referrers"),
    *("findsource", "getcomments", "getsource", "getsourcelines"),
    *("create_subprocess_exec", "create_subprocess_shell", "exec_module", "import_module"),
    *("load_library", "read_pickle"),
    *("meta_path", "path_hooks", "path_importer_cache"),
)
"""Attributes that do the same, or read what else runs in the process."""
OF_SYS = ("path", "modules")
"""Attributes of ``sys`` that decide what an import finds."""
OF_OS = ("exec", "popen", "posix_spawn", "spawn", "startfile", "system")
"""How functions of ``os`` begin that run programs."""
FRAME_CALLS = ("inspect.stack", "inspect.trace", "inspect.getouterframes")
WHOLE = ("os", "sys")
"""Modules that are used by their parts and not handed on whole, where nothing follows them."""
PROMISES = {"allow_pickle": False, "trust_remote_code": False, "weights_only": True}
"""Arguments by which a library does not run what it loads."""


def dynamic(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, words) of everything that imports, runs or unpickles by name."""
    used_by_part: set[int] = set()
    for node, scope in scoped(tree):
        if isinstance(node, ast.Attribute) or _renames(node):
            used_by_part.add(id(node.value))
        for words in _dynamic(node, scope):
            yield getattr(node, "lineno", 1), words
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            whole = scope.path(node)
            if whole in WHOLE and id(node) not in used_by_part:
                yield node.lineno, f"{whole} handed on whole"


def _renames(node: ast.AST) -> TypeGuard[ast.Assign]:
    return isinstance(node, ast.Assign) and all(isinstance(t, ast.Name) for t in node.targets)


def _dynamic(node: ast.AST, scope: Scope) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (f"import {a.name}" for a in node.names if _imports_freely(a.name))
    elif isinstance(node, ast.ImportFrom) and not node.level:
        for alias in node.names:
            whole = f"{node.module}.{alias.name}"
            if _imports_freely(whole) or alias.name in REACHES or _starts(whole):
                yield f"from {node.module} import {alias.name}"
            elif node.module == "sys" and alias.name in OF_SYS:
                yield whole
    elif isinstance(node, ast.Name):
        if node.id in RUNNERS or node.id in HIDDEN:
            yield node.id
    elif isinstance(node, ast.Attribute):
        yield from _attribute(node, scope)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        if node.value in HIDDEN or node.value in INSIDES:
            yield repr(node.value)
    elif isinstance(node, ast.Call):
        yield from _call(node, scope)


def _attribute(node: ast.Attribute, scope: Scope) -> Iterator[str]:
    whole = scope.path(node)
    parts = whole.split(".")
    if node.attr in REACHES:
        yield node.attr
    elif len(parts) > 1 and parts[-2] == "sys" and parts[-1] in OF_SYS:
        yield f"sys.{node.attr}"
    elif _starts(whole) or (whole and _imports_freely(whole)) or node.attr in _members(parts):
        yield whole


def _members(parts: list[str]) -> tuple[str, ...]:
    """Importers, where they are reached as what another module imported (``torch.pickle``)."""
    return IMPORTERS if len(parts) > 1 else ()


def _starts(whole: str) -> bool:
    """Whether a path is a function that runs a program, or shows the frames of its callers."""
    first, _, rest = whole.partition(".")
    return (first == "os" and rest.startswith(OF_OS)) or whole in FRAME_CALLS


def _call(node: ast.Call, scope: Scope) -> Iterator[str]:
    for keyword in node.keywords:
        name, value = keyword.arg or "", keyword.value
        if name == "pickle_module":
            yield "pickle_module="
        elif name in PROMISES and not (
            isinstance(value, ast.Constant) and value.value is PROMISES[name]
        ):
            yield f"{name}= other than {PROMISES[name]}"
    if scope.path(node.func) in ("numpy.load", "torch.load") and len(node.args) > 2:
        yield f"{scope.path(node.func)} with {len(node.args)} arguments without their names"


def _imports_freely(name: str) -> bool:
    if any(name == h or name.startswith(h + ".") for h in HARMLESS):
        return False
    part = any(name == p or name.startswith(p + ".") for p in PARTS)
    return part or name.partition(".")[0] in IMPORTERS
