"""A Python module reduced to what it does: a digest of its syntax tree, and what it imports.

Two files have the same digest if the interpreter runs the same statements: comments, layout,
quotes, docstrings and statements that do nothing are free, everything else counts. The tree is
written out by a small dumper of our own, over fields that are not empty, so that Python's minor
versions (which add empty fields, and change ``ast.dump``) agree. Where code reads documentation at
run time, docstrings count too: :func:`documented` is the digest with them.

A module may come from a stranger: it is parsed and never run, bounded in bytes and in parts, in an
encoding that hides nothing and without characters that reorder what a person sees.

Not covered: what a module does with its own text or line numbers (``inspect.getsource``).
"""

from __future__ import annotations

import ast
import hashlib
import io
import re
import tokenize
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from harness.digest import PREFIX
from harness.errors import ClaimsError
from harness.lock.dynamic import dynamic
from harness.lock.imports import Import, imports, words
from harness.lock.reaches import Fault, faults
from harness.paths import LONGEST

IGNORED = frozenset({"ctx", "kind", "type_comment", "type_ignores"})
"""Fields without meaning of their own: ``ctx`` follows from the place, ``kind`` is a u prefix."""
MOST_SOURCE = 256 << 10
MOST_NODES = 50_000
"""Of a module's syntax tree; a file of two thousand lines has twenty thousand."""
ENCODINGS = ("utf-8", "utf-8-sig", "ascii", "iso-8859-1")
REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")
SPLIT = "Split it, and keep data in files of their own"
UNREADABLE = "what this imports or runs cannot be read, so no lock can bind it"
WRITTEN_OUT = "Write the import out (import models.part), or drop it"
FIX = "Correct the file: a lock binds what the code says, so it must be readable"


@dataclass(frozen=True)
class Module:
    """What one module's bytes say.

    ``digest`` leaves docstrings out; ``reads_documentation`` says whether the module mentions
    ``__doc__``. ``exported`` are the words of a literal ``__all__``, ``plugins`` those of
    ``pytest_plugins``.
    """

    digest: str
    reads_documentation: bool
    imports: tuple[Import, ...]
    exported: tuple[str, ...]
    plugins: tuple[str, ...]


@lru_cache(maxsize=512)
def analyse(source: bytes, file: str) -> Module:
    """Analyse a module's bytes; ``file`` is for messages only.

    Raises :class:`ClaimsError` with file and line for what is not Python.
    """
    tree, nodes = _tree(source, file)
    return Module(
        digest=tree_digest(tree),
        reads_documentation=_reads_documentation(nodes),
        imports=tuple(imports(nodes)),
        exported=tuple(words(tree, "__all__")),
        plugins=tuple(words(tree, "pytest_plugins")),
    )


@lru_cache(maxsize=512)
def refused(source: bytes, file: str, as_builder: bool) -> tuple[Fault, ...]:
    """What a lock cannot bind in a module's bytes, in order of lines.

    ``as_builder`` asks for what a builder's module must not do besides. Raises as :func:`analyse`.
    """
    tree, _ = _tree(source, file)
    found = [Fault(line, words, UNREADABLE, WRITTEN_OUT) for line, words in dynamic(tree)]
    return tuple(sorted([*found, *(faults(tree) if as_builder else ())]))


@lru_cache(maxsize=512)
def texts(source: bytes, file: str) -> tuple[tuple[int, str], ...]:
    """(line, text) of every short piece of text in a module. Raises as :func:`analyse` does."""
    return tuple(
        (node.lineno, node.value)
        for node in _tree(source, file)[1]
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and 0 < len(node.value) <= LONGEST
    )


@lru_cache(maxsize=512)
def documented(source: bytes, file: str) -> str:
    """The digest of a module's bytes with its docstrings. Raises as :func:`analyse` does."""
    return tree_digest(_tree(source, file)[0], keep_docstrings=True)


def _tree(source: bytes, file: str) -> tuple[ast.Module, list[ast.AST]]:
    """A module's tree, and all of its nodes in the order of ``ast.walk``."""
    try:
        _readable(source, file)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the author's invalid escapes are not our output
            tree = ast.parse(source, filename=file)
        nodes: list[ast.AST] = [tree]
        for node in nodes:  # which grows meanwhile; ast.walk takes three times as long
            for name in node._fields:
                value = getattr(node, name, None)
                if isinstance(value, list):
                    nodes += [one for one in value if isinstance(one, ast.AST)]
                elif isinstance(value, ast.AST):
                    nodes.append(value)
            if len(nodes) > MOST_NODES:
                raise ClaimsError(
                    f"more than {MOST_NODES} parts of speech in one module", where=file, fix=SPLIT
                )
        return tree, nodes
    except SyntaxError as error:
        where = f"{file}:{error.lineno or 1}"
        raise ClaimsError(f"not Python ({error.msg})", where=where, fix=FIX) from error
    except (ValueError, RecursionError, MemoryError) as error:
        words = str(error) or "nested too deep"
        raise ClaimsError(f"not Python ({words})", where=f"{file}:1", fix=FIX) from error


def _readable(source: bytes, file: str) -> None:
    """Refuse what would take minutes to parse, or shows a person other code than runs."""
    if len(source) > MOST_SOURCE:
        raise ClaimsError(f"larger than {MOST_SOURCE} bytes", where=file, fix=SPLIT)
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    if encoding not in ENCODINGS:
        raise ClaimsError(
            f"written in {encoding!r:.40}, in which a comment can hold code",
            where=f"{file}:1",
            fix="Save it as UTF-8 and drop the coding line",
        )
    for number, line in enumerate(source.decode(encoding).split("\n"), 1):
        if turned := REORDERING.search(line):
            raise ClaimsError(
                f"the character U+{ord(turned[0]):04X} makes code look like other code",
                where=f"{file}:{number}",
                fix="Write it as an escape, such as \\u202e",
            )


def tree_digest(tree: ast.Module, keep_docstrings: bool = False) -> str:
    """SHA-256 over the tree, written out without positions and without what does nothing."""
    chunks: list[bytes] = []
    stack: list[object] = [tree]
    while stack:  # no recursion: a long chain of operators is a deep tree
        item = stack.pop()
        if isinstance(item, bytes):  # punctuation: bytes in code stand in an ast.Constant
            chunks.append(item)
        elif isinstance(item, ast.Constant):
            chunks.append(_constant(item.value))
        elif isinstance(item, ast.AST):
            head, fields = _shape(type(item).__name__, item._fields)
            chunks.append(head)
            stack.append(b")")
            for name, mark in fields:
                value = getattr(item, name, None)
                if isinstance(value, list):
                    value = [v for v in value if not _idle(v, keep_docstrings)]
                if value is not None and value != []:
                    stack += (value, mark)
        elif isinstance(item, list):
            # the length keeps [a, [b]] and [[a], b] apart; None marks a gap, as in {**x}
            chunks.append(b"[%d:" % len(item))
            stack.append(b"]")
            stack.extend(reversed(item))
        else:
            chunks.append(_constant(item))
    return PREFIX + hashlib.sha256(b"".join(chunks)).hexdigest()


@lru_cache(maxsize=512)
def _shape(kind: str, names: tuple[str, ...]) -> tuple[bytes, tuple[tuple[str, bytes], ...]]:
    """How a node of a kind is written: its head, and what stands before each field, from the last
    one to the first."""
    kept = sorted((name for name in names if name not in IGNORED), reverse=True)
    return f"({kind}".encode(), tuple((name, f" {name}=".encode()) for name in kept)


def _constant(value: object) -> bytes:
    # not repr of text or of integers: the one follows Python's Unicode tables, the other has a
    # limit of digits; the length keeps neighbours apart
    kind = type(value).__name__
    if isinstance(value, str):
        data = value.encode("utf-8", "surrogatepass")
        return f"<{kind} {len(data)} ".encode() + data + b">"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"<{kind} {value:x}>".encode()
    return f"<{kind} {value!r}>".encode()


def _idle(item: object, keep_docstrings: bool) -> bool:
    """Whether a statement does nothing: ``pass``, ``...``, a docstring, another bare constant."""
    if isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant):
        return not (keep_docstrings and isinstance(item.value.value, str))
    return isinstance(item, ast.Pass)


def _reads_documentation(nodes: Iterable[ast.AST]) -> bool:
    for node in nodes:
        names = (
            getattr(node, "attr", None),
            getattr(node, "id", None),
            node.value if isinstance(node, ast.Constant) else None,
        )
        if any(name in ("__doc__", "getdoc") for name in names if isinstance(name, str)):
            return True
    return False
