"""A module's digest: free of layout, comments and docstrings, bound to everything else."""

from __future__ import annotations

import ast
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ClaimsError
from harness.lock.source import analyse, documented

CODE = textwrap.dedent(
    '''
    """What it is."""
    import math


    def area(r: float, *, scale: float = 1.0) -> float:
        """The area."""
        if r < 0:
            raise ValueError("negative")
        return scale * math.pi * r**2


    class Shape:
        """A shape."""

        sides = {"three": 3, **{}}
    '''
)


def of(text: str) -> str:
    return analyse(text.encode(), "m.py").digest


def test_comments_layout_quotes_and_docstrings_are_free() -> None:
    """The same statements, written otherwise, have the same digest."""
    other = (
        "# a comment\nimport   math\n"
        "def area(r:float,*,scale:float=1.,)->float:\n"
        "  '''Another docstring.'''\n"
        "  if (r<0): raise ValueError('negative')\n"
        "  return (scale*math.pi) * (r ** 2)   # the area\n"
        "class Shape:\n  sides = {'three': 3, **{},}\n  pass\n"
    )
    assert of(other) == of(CODE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("scale: float = 1.0", "scale: float = 1"),
        ("r < 0", "r <= 0"),
        ("r**2", "r**2.0"),
        ("import math", "import math as math"),
        ('"negative"', '"negative "'),
        ("*, scale", "scale"),
        ("{}", "{1: 2}"),
        ("-> float:", "-> int:"),
        ("class Shape:", "class Shape(object):"),
        ("scale * math.pi * r**2", "scale * (math.pi * r**2)"),
    ],
)
def test_everything_else_counts(old: str, new: str) -> None:
    """A change of one token that the interpreter sees is another digest."""
    assert old in CODE
    assert of(CODE.replace(old, new, 1)) != of(CODE)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("x = [[1], 2]", "x = [[1, 2]]"),
        ("x = {**a, 'b': 1}", "x = {'b': 1, **a}"),
        ("x = 1", "x = True"),
        ("x = 1", "x = 1.0"),
        ("x = 'a'", "x = b'a'"),
        ("x = None", "x = ..."),
        ("x = 'a)'", "x = 'a'"),
        ("def f(a, *, b=1, c): 0", "def f(a, *, b, c=1): 0"),
        ("def f(a=1, /, b=2): f", "def f(a=1, b=2): f"),
        ("if a: b()\nelse: c()", "if a: b(); c()"),
        ("x[1:]", "x[:1]"),
        ("return_ = 'str' 'ing'", "return_ = 'str', 'ing'"),
        ("async def f(): g()", "def f(): g()"),
        ("from . import a", "from .. import a"),
        ("x: int", "x: int = 0"),
    ],
)
def test_near_misses_differ(one: str, two: str) -> None:
    """Trees whose written parts are alike are still told apart."""
    assert of(one) != of(two)


@given(st.text(max_size=30), st.text(max_size=30))
def test_text_constants_are_told_apart(one: str, two: str) -> None:
    """Whatever a text holds, two texts have one digest only if they are one text."""
    same = of(f"x = [{one!r}, 1]") == of(f"x = [{two!r}, 1]")
    assert same == (one == two)


@given(st.integers(), st.floats(allow_nan=False))
def test_unparsing_and_parsing_again_changes_nothing(n: int, x: float) -> None:
    """The digest is of the tree, so a formatter that keeps the tree keeps the digest."""
    text = f"def f(a, b={n}):\n    return [a, {x!r}] if b else {{**a}}\n"
    assert of(ast.unparse(ast.parse(text))) == of(text)


def test_a_field_that_a_later_python_adds_empty_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Python 3.12 gave functions a list of type parameters, empty as a rule."""
    from harness.lock.source import tree_digest

    tree = ast.parse(CODE)
    before = tree_digest(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            monkeypatch.setattr(node, "_fields", (*node._fields, "type_params"), raising=False)
            monkeypatch.setattr(node, "type_params", [], raising=False)
    assert tree_digest(tree) == before


def test_the_digest_of_a_module_is_pinned() -> None:
    """Registrations that stand were made with this dump: it must not drift."""
    assert of("x = 1\n") == (
        "sha256:52a1d351441d55ce6513365e65cd29062b9110a6f5374ca398d688e2ba4c48e6"
    )


def test_docstrings_count_where_they_are_kept() -> None:
    """The second digest tells them apart, and the module says when it reads them."""
    one = analyse(b'def f():\n    "a"\n    return f.__doc__\n', "m.py")
    two = analyse(b'def f():\n    "b"\n    return f.__doc__\n', "m.py")
    assert one.digest == two.digest
    assert documented(b'"a"', "m.py") != documented(b'"b"', "m.py")
    assert one.reads_documentation
    assert not analyse(CODE.encode(), "m.py").reads_documentation


@pytest.mark.parametrize(
    ("source", "where"),
    [
        (b"x = 1\ny = (\n", "m.py:2"),
        (b"def f(:\n", "m.py:1"),
        (b"x = 1\0", "m.py:1"),
        (b"# -*- coding: no-such-thing -*-\n", "m.py"),
        (b"x = '\xff'\n", "m.py"),
        (b"(" * 5000 + b")" * 5000, "m.py:1"),
    ],
)
def test_what_is_not_python_is_named_with_its_line(source: bytes, where: str) -> None:
    """One clear sentence with file and line, never a traceback of the parser."""
    with pytest.raises(ClaimsError) as caught:
        analyse(source, "m.py")
    assert caught.value.where.startswith(where)


def test_a_long_chain_of_operators_is_no_obstacle() -> None:
    """A deep tree is written out without recursion."""
    assert of("x = " + " + ".join(["1"] * 900)) != of("x = " + " + ".join(["1"] * 901))
